"""P10: the CSV of the invoices over HTTP, permission-checked, worded and made safe, against a plain COPY of the same columns.

python -m bench exports [-- --documents 1000000 --pairs 7]

The plain side copies the stored columns as they are, unordered, through the same driver. `processors` is the same ratio of what
our process and the database's worked, whoever else was at work on the machine. Memory must not grow with the rows: the process is
looked at after a tenth of them and after all. The first bytes have to leave before the rows are read.
"""

import argparse
import json
import resource
import time
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from bench.documents import a_document, a_tenant
from bench.page_hands import signed_in
from bench.stage import verdict
from bench.stopwatch import Stopwatch
from cifras.core.exports import delivering, limits
from cifras.core.exports.source import Source
from cifras.core.models import Staff
from invoicing.admin.exports import INVOICES
from invoicing.models import Document, Invoice
from reports.services.bench_data.copying import without_indexes

AT_LEAST = 0.5
MOST_GROWTH_MIB = 16
MOST_UNTIL_FIRST_BYTE = 0.15  # of the whole; with a million rows it is a hundredth
COMPUTED = {"balance", "business_word"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=7)
    options = parser.parse_args(arguments)
    settings.ALLOWED_HOSTS = ["testserver"]
    limits.PER_HOUR = 10**9
    delivering.is_long = counted_but_at_once
    make(options.documents // 10)
    browser = signed_in(Staff.objects.create_superuser("bench"))
    export(browser)
    before = peak_mib()
    make(options.documents - options.documents // 10)
    export(browser)
    growth = peak_mib() - before
    copy()
    ratios, processors, waits, fastest = [], [], [], float("inf")
    for _ in range(options.pairs):
        watch = Stopwatch()
        plain, plain_busy = copy(), watch.busy
        watch = Stopwatch()
        first, ours = export(browser)
        ratios.append(plain / ours)
        processors.append(plain_busy / watch.busy)
        waits.append(first / ours)
        fastest = min(fastest, ours)
    met = verdict(
        "P10 CSV export / plain COPY",
        ratios,
        least=AT_LEAST,
        rows=options.documents,
        rows_per_second=round(options.documents / fastest),
        processors=round(median(processors), 3),
    )
    first_met = verdict("P10 until the first byte / the whole export", waits, most=MOST_UNTIL_FIRST_BYTE)
    flat = growth <= MOST_GROWTH_MIB
    line = {"figure": "P10 growth of memory with ten times the rows", "mib": round(growth, 1), "met": flat}
    print(json.dumps(line | {"at_most": MOST_GROWTH_MIB}), flush=True)
    return 0 if met and first_met and flat else 1


def make(documents: int) -> None:
    """So many invoices more: copies of one that the services have issued, made by the database."""
    pattern = Document.objects.order_by("pk").first() or a_document(a_tenant())
    own = {
        "uid": "gen_random_uuid()",
        "number": "lpad((m.top + n)::text, 10, '0')",
        "external_id": "'SO-' || (m.top + n)",
        "receiver_name": "'Cliente ' || n",
    }
    names = [field.column for field in Document._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(own.get(str(name), f'd."{name}"') for name in names)
    table = Document._meta.db_table
    with connection.cursor() as cursor:
        with transaction.atomic(), without_indexes([table]):
            cursor.execute(
                f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} d,"
                f" (SELECT max(id) + 1000 AS top FROM {table}) m, generate_series(1, %s) n WHERE d.id = %s",
                [documents, pattern.pk],
            )
        cursor.execute(f"VACUUM ANALYZE {table}")


def counted_but_at_once(source: Source, form: str) -> bool:  # noqa: ARG001 as the one it stands for
    """What a request costs that streams as many rows as it likes: counted as far as in production, and never given away."""
    delivering.rows_up_to(source, delivering.LONGEST_AT_ONCE + 1)
    return False


def export(browser: Client) -> tuple[float, float]:
    """Seconds until the first bytes are there, and until all are."""
    start = time.perf_counter()
    answer: Any = browser.post(reverse("admin:invoicing_invoice_export"), {"form": "csv"})
    assert answer.status_code == 200, answer.status_code
    pieces = iter(answer.streaming_content)
    next(pieces)
    first = time.perf_counter() - start
    size = sum(len(piece) for piece in pieces)
    assert size > 100
    return first, time.perf_counter() - start


def copy() -> float:
    """How many seconds a plain COPY of the stored columns takes."""
    paths = [str(each.source) for each in INVOICES.columns if each.source not in COMPUTED]
    sql, parameters = Invoice.objects.order_by().values_list(*paths).query.sql_with_params()
    start = time.perf_counter()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", parameters) as lines,
    ):
        assert sum(len(line) for line in lines) > 100
    return time.perf_counter() - start


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
