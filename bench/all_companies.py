"""P5: the month of all companies over HTTP against raw SQL over the roll-up, and the roll-up against the documents.

    python -m bench all_companies [-- --pairs 9]

The data part of the page is what its queries take, rows handed over. It asks nothing of the documents, so that it does not grow
with them.
"""

import json
import time
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from bench.data import BIG, hands
from bench.lists import ask
from bench.stage import pairs_of, verdict
from reports.models import MonthlyFigure
from reports.services.facts import end_of_month, start_of
from reports.services.rollups import roll_up_due

GOAL, FLOOR = 2.0, 3.0
SCAN = 0.06
TIMES = 3
_ROLLED_UP = """
    SELECT tenant_id, kind, legal_status, is_voided, currency, sum(count), sum(net), sum(tax), sum(total)
    FROM reports_monthlyfigure WHERE month = %s AND environment = 'live' AND origin = 'issued'
    GROUP BY tenant_id, kind, legal_status, is_voided, currency
"""
_SCANNED = """
    SELECT tenant_id, kind, legal_status, void_status = 'VOIDED', currency, count(*), sum(net),
           sum(itbms + isc + oti), sum(total)
    FROM invoicing_document
    WHERE issue_date >= %s AND issue_date < %s AND environment = 'live' AND mode = 'DGI' AND NOT is_received
      AND submission NOT IN ('DRAFT', 'DISCARDED')
    GROUP BY tenant_id, kind, legal_status, void_status = 'VOIDED', currency
"""


def main(arguments: list[str]) -> int:
    pairs = pairs_of(arguments, default=9)
    months = MonthlyFigure.objects.order_by("-month").values_list("month", flat=True).distinct()
    month = list(months)[1]
    query = urlencode({"from": month, "to": end_of_month(month), "environment": "live"})
    order = {"who": "root", "path": f"/admin/reports/documents/all-companies/?{query}", "times": TIMES}
    pages, scans, answers = [], [], []
    with hands("page_hands", BIG) as process:
        for _ in range(pairs + 1):
            roll_up_due()  # as its schedule has it: of a roll-up that is behind, the page believes nothing
            answer = ask(process, **order)
            raw = min(seconds(_ROLLED_UP, [month]) for _ in range(TIMES))
            pages.append(answer["in_queries"] / raw)
            scans.append(raw / scanned(month))
            answers.append(answer)
    found = {
        "milliseconds": round(min(each["in_queries"] for each in answers) * 1000, 1),
        "page_milliseconds": round(min(each["seconds"] for each in answers) * 1000, 1),
        "queries": answers[-1]["queries"][1],
    }
    met = verdict("P5 all companies, data part / raw roll-up SQL", pages[1:], most=FLOOR, goal=GOAL, **found)
    met &= verdict("P5 roll-up / scan of the documents", scans[1:], most=SCAN)
    return 0 if met & untouched(answers[-1]) else 1


def untouched(answer: dict[str, Any]) -> bool:
    """Whether the page leaves the documents alone."""
    reads = int(answer["of_documents"])
    line = {"figure": "P5 queries over the documents", "ratio": reads, "at_most": 0, "met": reads == 0}
    print(json.dumps(line), flush=True)
    return reads == 0


def scanned(month: date) -> float:
    """The same figures without any index."""
    span = [start_of(month), start_of(end_of_month(month) + timedelta(days=1))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off"
        )
        try:
            return seconds(_SCANNED, span)
        finally:
            cursor.execute("RESET enable_indexscan; RESET enable_indexonlyscan; RESET enable_bitmapscan")


def seconds(sql: str, params: list[Any]) -> float:
    """How long until every row is here."""
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.fetchall()
    return time.perf_counter() - start
