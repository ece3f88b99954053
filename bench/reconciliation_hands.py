"""The hands of `bench.reconciliation`: reconciles as often as it is told, and says how much memory it ever had."""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connection

from cifras.fiscal.document import Kind
from cifras.pac.alanube import reading
from cifras.pac.contract import PacAnswer
from cifras.pac.errors import NotFound
from reports.models import StatementFigure
from reports.models.reconciliation import DifferenceClass
from reports.services.reconciling import sources
from reports.services.reconciling.comparing import compare_month
from reports.services.statements import Heard, Scope
from tenants.models import Tenant

OURS_ALONE = {DifferenceClass.PENDING}  # what was not sent yet has no counterpart
_ANSWER: Any = SimpleNamespace(status=200, exchange_id="")
_ONE = """
    SELECT json_build_object('id', document_id, 'legalStatus', legal_status, 'totalAmount', total::text, 'cufe', cufe)::text
    FROM bench_pac WHERE document_id = %s
"""


class Shelf:
    """The provider's answers, as they came: read and parsed like those of a connection."""

    folder = Path()
    waited = 0.0  # seconds for single documents, which stand for a network's and are not ours

    def list_documents(self, kind: Kind, _company: str, first: date, last: date) -> Iterator[PacAnswer]:
        day = first
        while day <= last:
            file = self.folder / f"{kind.value}-{day}"
            if file.exists():
                with file.open() as lines:
                    for line in lines:
                        yield reading.listed_document(json.loads(line), _ANSWER)
            day += timedelta(days=1)

    def read(self, _kind: Kind, _company: str, document_id: str) -> PacAnswer:
        start = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(_ONE, [document_id])
            row = cursor.fetchone()
        Shelf.waited += time.perf_counter() - start
        if row is None:
            raise NotFound(status=404)
        return reading.listed_document(json.loads(row[0]), _ANSWER)


def main(arguments: list[str]) -> int:  # noqa: ARG001
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        tenant = Tenant.objects.get(pk=order["tenant"])
        Shelf.folder, Shelf.waited = Path(order["folder"]), 0.0
        sources.provider_for = the_shelf  # type: ignore[attr-defined]
        heard = Heard(Scope.of(tenant), said(), [])
        start = time.perf_counter()
        compared = compare_month(tenant, date.fromisoformat(order["month"]), heard, asks=True)
        answer = {
            "seconds": time.perf_counter() - start - Shelf.waited,
            "found": Counter(each.difference for each in compared.found if each.difference not in OURS_ALONE),
            "rows": compared.summary["rows"],
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        print(json.dumps(answer), flush=True)
    return 0


def the_shelf(*_arguments: Any, **_options: Any) -> Any:
    """In place of the tenant's provider."""
    return Shelf()


def said() -> list[StatementFigure]:
    """The provider's statement by day, as the client reads it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, kind, legal_status, count(*), sum(total) FROM bench_pac GROUP BY day, kind, legal_status"
        )
        return [
            StatementFigure(
                day=day,
                kind=kind,
                raw_kind=kind,
                legal_status=word,
                raw_legal_status=word,
                count=count,
                total=total,
            )
            for day, kind, word, count, total in cursor.fetchall()
        ]
