"""R4: numbering without gaps, 32 at once with one rollback in ten, against a plain sequence, which leaves gaps.

    python -m bench numbering [-- --pairs 7]

Each transaction takes a number and writes it down; four processes with eight threads each.
"""

import json
from contextlib import ExitStack

from django.db import connection

from bench.documents import a_tenant
from bench.stage import child, pairs_of, read_line, tell_all, verdict

PROCESSES, EACH = 4, 25


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=7)
    office = a_tenant().offices.get()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE bench_numbers")
        cursor.execute("CREATE TABLE bench_taken (how text, point text, number text)")
    with ExitStack() as stack:
        hands = [
            stack.enter_context(child("bench.begin", "numbering_hands", str(office.pk)))
            for _ in range(PROCESSES)
        ]
        for process in hands:
            read_line(process)
        met = []
        for points, least in ((1, 0.35), (64, 0.75)):
            ratios = []
            for _ in range(pairs + 1):
                plain = max(map(float, tell_all(hands, f"sequence {points} {EACH}")))
                ours = max(map(float, tell_all(hands, f"series {points} {EACH}")))
                ratios.append(plain / ours)
            name = f"R4 numbering over {points} series / a sequence, 32 at once"
            met.append(verdict(name, ratios[1:], least=least))
    gaps, duplicates = flaws()
    line = {"figure": "R4 gaps and duplicates", "gaps": gaps, "duplicates": duplicates}
    print(json.dumps(line | {"at_most": 0, "met": not gaps and not duplicates}), flush=True)
    return 0 if all(met) and not gaps and not duplicates else 1


def flaws() -> tuple[int, int]:
    """How many numbers are missing and how many are double, over every series that was taken from."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT sum(last - numbers), sum(rows - numbers) FROM (
                SELECT max(number::bigint) AS last, count(DISTINCT number) AS numbers, count(*) AS rows
                FROM bench_taken WHERE how = 'series' GROUP BY point
            ) AS series
        """)
        gaps, duplicates = cursor.fetchone()
    return int(gaps), int(duplicates)
