"""P6: documents issued while the roll-up follows them, against documents issued while nobody does, and how fresh it is.

    python -m bench ingest [-- --pairs 9]

One process issues through the services, for the largest company and others; beside it a sweep of the roll-up begins with every
burst, which is more often than its schedule has it.
"""

import json
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
    pairs = pairs_of(arguments, default=9)
    ratios = []
    with hands("ingest_hands", BIG) as issuing, hands("ingest_hands", BIG) as sweeping:
        for _ in range(pairs + 1):
            alone = float(tell(issuing, f"issue {BURST}"))
            begin(sweeping, "sweep")
            followed = float(tell(issuing, f"issue {BURST}"))
            read_line(sweeping)
            ratios.append(alone / followed)
        met = verdict("P6 ingest with roll-up upkeep / without", ratios[1:], least=AT_LEAST, burst=BURST)
        tell(issuing, f"issue {BURST}")
        fresh = is_fresh(float(tell(sweeping, "sweep")))
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
