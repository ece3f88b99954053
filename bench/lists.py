"""P1, P3, P4: lists of millions of rows against the same lists of a few hundred documents, and what the walls cost on a list.

    python -m bench lists [-- --pairs 9]

Two processes read the same pages, one of the data set and one of a few hundred documents; a pair is a reading here and one
there, each the fastest of three, without what they waited for a processor (`by_the_clock` tells the ratio with it). Both sides
draw as many rows. An identifier that names one document is read up to that document's page.
"""

import json
from statistics import median
from subprocess import Popen
from typing import Any

from bench.data import BIG, SMALL, hands
from bench.stage import pairs_of, tell, verdict

GOAL, FLOOR = 1.10, 1.50
MOST_QUERIES = 6
WALLS = 1.15
TIMES = 3

type Hands = Popen[str]
type Page = tuple[Hands, str, str]  # who reads it where


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=9)
    with hands("page_hands", BIG) as big, hands("page_hands", SMALL) as small:
        here, there = ask(big, addresses=True), ask(small, addresses=True)
        met = []
        for name, path in here.items():
            if "deepest" not in name:
                met.append(
                    compare(
                        f"P1 {name}, big / a few hundred rows",
                        page(big, path),
                        page(small, there[name]),
                        pairs,
                    )
                )
        for name, path in here.items():
            if "deepest" in name:
                first = here[name.removesuffix(", deepest") if "," in name else "first page"]
                met.append(compare(f"P4 {name} page / first page", page(big, path), page(big, first), pairs))
        met.append(frugal(big, small, here, there))
        met.append(walls(big, here["first page"], pairs))
    return 0 if all(met) else 1


def page(process: Hands, path: str, who: str = "root") -> Page:
    return process, path, who


def ask(process: Hands, **order: Any) -> dict[str, Any]:
    """What the hands answer."""
    answer: dict[str, Any] = json.loads(tell(process, json.dumps(order)))
    return answer


def read(shown: Page) -> dict[str, Any]:
    process, path, who = shown
    return ask(process, who=who, path=path, times=TIMES)


def compare(name: str, one: Page, other: Page, pairs: int, **limits: float) -> bool:
    """Print one figure; the first pair warms both up and does not count."""
    ratios, by_the_clock, seconds = [], [], []
    for _ in range(pairs + 1):
        left, right = read(one), read(other)
        assert left["rows"] == right["rows"], (name, left, right)
        ratios.append(left["seconds"] / right["seconds"])
        by_the_clock.append(left["by_the_clock"] / right["by_the_clock"])
        seconds.append(left["seconds"])
    return verdict(
        name, ratios[1:], most=limits.get("most", FLOOR), goal=limits.get("goal", GOAL),
        rows=left["rows"], milliseconds=round(min(seconds) * 1000, 1), by_the_clock=round(median(by_the_clock[1:]), 3),
    )  # fmt: skip


def frugal(big: Hands, small: Hands, here: dict[str, str], there: dict[str, str]) -> bool:
    """P3: queries of ours per page, the same at any size."""
    counts = {name: read(page(big, path))["queries"] for name, path in here.items()}
    same = {name: read(page(small, path))["queries"] for name, path in there.items()}
    most = max(most for _fewest, most in counts.values())
    same_number = {name: fewest for name, (fewest, _most) in counts.items()} == {
        name: fewest for name, (fewest, _most) in same.items()
    }
    line = {
        "figure": "P3 queries of ours per page",
        "most": most,
        "at_most": MOST_QUERIES,
        "same_when_small": same_number,
        "met": most <= MOST_QUERIES and same_number,
        "pages": counts,
    }
    print(json.dumps(line), flush=True)
    return bool(line["met"])


def walls(big: Hands, path: str, pairs: int) -> bool:
    """A page of somebody who sees a hundred companies, behind every wall, against one that has none of them.

    The bare side: the same role with sight of all companies, no scope in the request nor in any queryset, no audit of denials,
    secrets as plain text. Sign-in, rights and headers stand on both.
    """
    walled, bare = page(big, path, "manager"), page(big, path, "bare")
    return compare(
        "list with scoping, audit and encryption / without", walled, bare, pairs, most=WALLS, goal=WALLS
    )
