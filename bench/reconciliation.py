"""P7: the reconciliation of the largest company's month against a raw FULL JOIN, and its memory when the month grows ten times.

    python -m bench reconciliation [-- --pairs 7] [--flat]

Both sides of the month differ on two days in amounts, statuses and missing documents. The provider's list lies in files as the
provider would send it, so that reading it is a part of ours; `--flat` adds nine documents to each of the month and leaves the
database like that, so it comes last.
"""

import argparse
import json
import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from bench.data import BIG, hands
from bench.stage import tell, verdict
from invoicing.models import Document
from reports.models import MonthlyFigure
from reports.services.facts import between, end_of_month
from reports.services.reconciling.sources import expected_there
from tenants.models import Tenant

GOAL, FLOOR = 4.0, 8.0
FLAT = 1.15
TIMES = 10  # so many documents has the month, once it has grown, for each that it had
_PAC = """
    CREATE TABLE bench_pac AS
    SELECT document_id, kind, legal_status, total, issue_date, number, cufe, void_status = 'VOIDED' AS is_void,
           (issue_date AT TIME ZONE 'America/Panama')::date AS day
    FROM ({ours}) AS ours WHERE document_id <> '' OR legal_status = 'PAC_REJECTED'
"""
INJECTED = {"amount": 10, "status": 10, "missing_at_pac": 20, "missing_here": 10}
_CHANGES = (  # on the days 10 and 20, as INJECTED says
    "UPDATE bench_pac SET total = total + 50 WHERE document_id IN ({some} OFFSET 0)",
    "UPDATE bench_pac SET legal_status = 'DGI_REJECTED' WHERE document_id IN ({some} OFFSET 20)",
    "DELETE FROM bench_pac WHERE document_id IN ({some} OFFSET 40)",
    "UPDATE bench_pac SET document_id = document_id || 'X', cufe = '', number = '9' || number"
    " WHERE document_id IN ({some} OFFSET 60)",
)
_SOME = """
    SELECT document_id FROM bench_pac WHERE document_id <> '' AND legal_status = 'DGI_AUTHORIZED' AND NOT is_void
    AND extract(day FROM day) IN (10, 20) ORDER BY md5(document_id) LIMIT 10
"""
_LINE = """
    SELECT json_build_object(
        'id', document_id, 'legalStatus', legal_status, 'totalAmount', total::text, 'cufe', cufe, 'documentNumber', number,
        'isCancelled', is_void,
        'documentIssueDate', to_char(issue_date AT TIME ZONE 'America/Panama', 'YYYY-MM-DD"T"HH24:MI:SS-05:00')
    )::text
    FROM bench_pac WHERE kind = %s AND day = %s AND document_id <> '' ORDER BY issue_date
"""
_JOIN = """
    SELECT count(*) FROM (
        SELECT document_id, total, legal_status FROM invoicing_document
        WHERE tenant_id = %s AND issue_date >= %s AND issue_date < %s AND mode = 'DGI' AND NOT is_received
          AND document_id <> ''
    ) AS ours FULL JOIN bench_pac AS pac USING (document_id)
    WHERE ours.total IS DISTINCT FROM pac.total OR ours.legal_status IS DISTINCT FROM pac.legal_status
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--flat", action="store_true")
    options = parser.parse_args(arguments)
    tenant = Tenant.objects.order_by("pk")[0]
    month = list(MonthlyFigure.objects.order_by("-month").values_list("month", flat=True).distinct()[:2])[1]
    documents = lay_out(tenant, month)
    met, memory = speed(tenant, month, documents, options.pairs)
    if options.flat:
        grow(tenant, month)
        documents = lay_out(tenant, month)
        with hands("reconciliation_hands", BIG) as process:
            answer = run(process, tenant, month)
        assert answer["found"] == INJECTED, answer
        ratio = answer["peak"] / memory
        line = {
            "figure": f"P7 peak memory, month of {documents:,} documents / the tenth",
            "ratio": round(ratio, 3),
            "at_most": FLAT,
            "met": ratio <= FLAT,
            "megabytes": [round(memory / 1024), round(answer["peak"] / 1024)],
            "seconds": round(answer["seconds"], 2),
        }
        print(json.dumps(line), flush=True)
        met = met and line["met"]
    return 0 if met else 1


def speed(tenant: Tenant, month: date, documents: int, pairs: int) -> tuple[bool, int]:
    """(whether it is met, the peak of memory in kB)."""
    ratios, ours = [], []
    with hands("reconciliation_hands", BIG) as process:
        for _ in range(pairs + 1):
            raw = joined(tenant, month)
            answer = run(process, tenant, month)
            assert answer["found"] == INJECTED, answer
            ours.append(answer["seconds"])
            ratios.append(answer["seconds"] / raw)
    name = f"P7 reconciliation of a month of {documents:,} documents / raw FULL JOIN"
    more = {"seconds": round(min(ours), 3), "rows": answer["rows"], "found": answer["found"]}
    return verdict(name, ratios[1:], most=FLOOR, goal=GOAL, **more), answer["peak"]


def run(process: Any, tenant: Tenant, month: date) -> dict[str, Any]:
    order = {"tenant": tenant.pk, "month": str(month), "folder": str(folder())}
    answer: dict[str, Any] = json.loads(tell(process, json.dumps(order)))
    return answer


def folder() -> Path:
    return Path(os.environ["CIFRAS_VAR_DIR"]) / "pac"


def lay_out(tenant: Tenant, month: date) -> int:
    """The provider's side: its rows in a table, its list in files by kind and day; answers how many documents are ours."""
    rows = between(expected_there(tenant), month, end_of_month(month)).order_by()
    ours, params = rows.values().query.sql_with_params()
    folder().mkdir(exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_pac")
        cursor.execute(_PAC.format(ours=ours), params)
        for change in _CHANGES:
            cursor.execute(change.format(some=_SOME))
        cursor.execute("CREATE INDEX ON bench_pac (document_id)")
        cursor.execute("CREATE INDEX ON bench_pac (day, kind)")
        cursor.execute("ANALYZE bench_pac")
        day = month
        while day <= end_of_month(month):
            for kind in ("INVOICE", "CREDIT"):
                cursor.execute(_LINE, [kind, day])
                (folder() / f"{kind}-{day}").write_text("".join(f"{line}\n" for (line,) in cursor.fetchall()))
            day += timedelta(days=1)
    return rows.count()


def joined(tenant: Tenant, month: date) -> float:
    """Seconds of the raw FULL JOIN."""
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_JOIN, [tenant.pk, *span(month)])
        cursor.fetchall()
    return time.perf_counter() - start


def span(month: date) -> tuple[str, str]:
    last = end_of_month(month) + timedelta(days=1)
    return f"{month} 00:00-05", f"{last} 00:00-05"


def grow(tenant: Tenant, month: date) -> None:
    """Nine more documents for each of the month. Indexes that neither side of this benchmark uses go first."""
    fields = [field.column for field in Document._meta.concrete_fields if field.column != "id"]
    anew = {
        "uid": "gen_random_uuid()",
        "number": "lpad((time * 10000000 + right(number, 7)::bigint)::text, 10, '0')",
        "document_id": "CASE document_id WHEN '' THEN ''"
        " ELSE left(document_id, 16) || lpad((time::bigint * 1000000000 + id)::text, 10, '0') END",
        "external_id": "''",
        "cufe": "CASE cufe WHEN '' THEN '' ELSE overlay(cufe placing"
        " lpad((time * 10000000 + right(number, 7)::bigint)::text, 10, '0') from 41) END",
    }
    values = ", ".join(anew.get(str(name), f'"{name}"') for name in fields)
    names = ", ".join(f'"{name}"' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT conname FROM pg_constraint WHERE conrelid = 'invoicing_document'::regclass AND contype IN ('u', 'f')
        """)
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE invoicing_document DROP CONSTRAINT "{name}" CASCADE')
        cursor.execute("""
            SELECT indexname FROM pg_indexes WHERE tablename = 'invoicing_document' AND indexname NOT IN
            ('invoicing_document_pkey', 'document_report', 'document_pac_id', 'document_tenant_issued')
        """)
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(
            f"INSERT INTO invoicing_document ({names}) SELECT {values} FROM invoicing_document,"
            f" generate_series(1, {TIMES - 1}) AS time WHERE tenant_id = %s AND issue_date >= %s AND issue_date < %s"
            " AND number <> ''",
            [tenant.pk, *span(month)],
        )
        cursor.execute("VACUUM (ANALYZE) invoicing_document")
