"""What documents were owed at the end of a day, from the movements and notes of that day and before.

A movement counts by its own date, a note by its issue; what was registered by mistake and taken back never counted, and what is
void was never owed, whenever it was voided: as in the sales book.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import batched
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Round

from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.lifecycle import LegalStatus
from invoicing.models import Document, Settlement
from invoicing.models.document import DocumentQuerySet
from invoicing.services import crediting
from reports.services.facts import start_of
from tenants.models import Tenant

AT_ONCE = 10_000  # keys in one query


@dataclass(slots=True)
class Balance:
    """`credited` by authorised notes, `settled` by receipts, withholdings and advances less refunds."""

    credited: Decimal = ZERO
    settled: Decimal = ZERO


def balances_at(documents: Sequence[int], tenant: Tenant, day: date) -> defaultdict[int, Balance]:
    """By the documents' keys: two queries for every ten thousand. Summed here, in exact cents."""
    found: defaultdict[int, Balance] = defaultdict(Balance)
    for keys in batched(documents, AT_ONCE):
        notes = crediting.live(Document.objects.filter(tenant=tenant, credited__in=keys)).filter(
            legal_status=LegalStatus.DGI_AUTHORIZED, issue_date__lt=start_of(day + timedelta(days=1))
        )
        amounts: Any = notes.values_list("credited", "total")
        for invoice, total in amounts:
            found[invoice].credited += total
        movements = Settlement.objects.standing().filter(
            Q(document__in=keys) | Q(document__credited__in=keys, document__kind=Kind.CREDIT),
            document__tenant=tenant,
            date__lte=day,
        )
        facts: Any = movements.values_list(
            "document", "document__kind", "document__credited", "kind", "amount"
        )
        for document, kind, credited, movement, amount in facts:
            # What was returned over a note left the invoice's money.
            owner = credited if kind == Kind.CREDIT and credited else document
            found[owner].settled += -amount if movement == Settlement.Kind.REFUND else amount
    return found


def perhaps_open_at(invoices: DocumentQuerySet, tenant: Tenant, day: date) -> DocumentQuerySet:
    """Those of the invoices that may have been open at the end of a day: open now, or with money or notes since then."""
    open_now = Round(F("total") - F("credited_total") - F("settled_total"), precision=2)
    later = Settlement.objects.filter(document__tenant=tenant, date__gt=day).order_by()
    notes = Document.objects.filter(
        tenant=tenant, credited__isnull=False, issue_date__gte=start_of(day + timedelta(days=1))
    )
    keys = (
        invoices.order_by()
        .alias(open_now=open_now)
        .filter(open_now__gt=0)
        .values("pk")
        .union(
            later.values("document"),
            later.filter(document__credited__isnull=False).values("document__credited"),
            notes.order_by().values("credited"),
        )
    )
    return invoices.filter(pk__in=keys)
