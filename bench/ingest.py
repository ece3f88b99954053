"""P6: documents issued while the roll-up follows them, against documents issued while nobody does, and how fresh it is.

    python -m bench ingest [-- --pairs 15]

One process issues through the services, for the largest company and others; beside it a sweep of the roll-up begins with every
burst, which is more often than its schedule has it. What the issuing process waited for a processor is left out on both sides,
since others may be at work on the machine; `by_the_clock` has it, and `sweep_busy` is what a sweep works by the side.
"""

import json
from statistics import median
from subprocess import Popen

from django.db.models import Sum
from django.utils import timezone

from bench.data import BIG, hands
from bench.stage import pairs_of, read_line, tell, verdict
from cifras.fiscal.zones import local_date
from reports.models import MonthlyFigure
from reports.services.facts import counted, of_month

BURST = 100
AT_LEAST = 0.90
VISIBLE_WITHIN, SWEPT_EVERY = 60.0, 30.0  # seconds


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=15)
    ratios, by_the_clock, sweeps = [], [], []
    with hands("ingest_hands", BIG) as issuing, hands("ingest_hands", BIG) as sweeping:
        for number in range(pairs + 1):
            took = {}
            for is_followed in (number % 2 == 0, number % 2 == 1):  # neither side always comes first
                if is_followed:
                    begin(sweeping, "sweep")
                took[is_followed] = json.loads(tell(issuing, f"issue {BURST}"))
                if is_followed:
                    sweeps.append(json.loads(read_line(sweeping))["busy"])
            alone, followed = took[False], took[True]
            ratios.append(alone["quiet"] / followed["quiet"])
            by_the_clock.append(alone["passed"] / followed["passed"])
        met = verdict(
            "P6 ingest with roll-up upkeep / without", ratios[1:], least=AT_LEAST, burst=BURST,
            by_the_clock=round(median(by_the_clock[1:]), 3), sweep_busy=round(median(sweeps), 3),
        )  # fmt: skip
        tell(issuing, f"issue {BURST}")
        fresh = is_fresh(json.loads(tell(sweeping, "sweep"))["passed"])
    return 0 if met and fresh else 1


def begin(process: "Popen[str]", line: str) -> None:
    """Have it work; its answer is read later."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def is_fresh(sweep: float) -> bool:
    """Whether a change is in the figures within a minute: it waits for a sweep, at most, and for what that takes."""
    month = local_date(timezone.now()).replace(day=1)
    rolled_up = MonthlyFigure.objects.filter(month=month).aggregate(n=Sum("count"))["n"]
    is_level = rolled_up == of_month(counted(), month).count()
    seconds = SWEPT_EVERY + sweep
    line = {
        "figure": "P6 seconds until a change is visible",
        "ratio": round(seconds, 1),
        "at_most": VISIBLE_WITHIN,
        "met": is_level and seconds <= VISIBLE_WITHIN,
        "sweep": round(sweep, 2),
        "level_with_the_facts": is_level,
    }
    print(json.dumps(line), flush=True)
    return bool(line["met"])
