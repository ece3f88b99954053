"""Which documents count, and on which day: the one definition behind roll-up, reports and the lists that they open.

Counted is what we issued before the authority (mode DGI) once it is more than a draft and not discarded, whatever the authority
has said so far; sales issued elsewhere are told apart by `origin`; what others issued to us never counts. The day is that of the
local issue date: Panama and Peru keep the same clock, five hours behind UTC all year.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, CharField, Count, F, Q, Sum, Value, When

from cifras.fiscal.catalogues.dgi import DocumentType
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.zones import LIMA, PANAMA, local_date
from invoicing.models import Document
from invoicing.models.choices import Mode
from invoicing.models.document import DocumentQuerySet
from invoicing.services import listing
from reports.models import Origin
from tenants.models import Tenant

# The rate under which a sale abroad without tax is summed, apart from what is exempt at home.
EXPORT = "export"
_ZONES: Mapping[str, Any] = {Tenant.Country.PANAMA: PANAMA, Tenant.Country.PERU: LIMA}
# What a group of documents comes to, gross and unsigned.
SUMS: Mapping[str, Any] = {
    "documents": Count("*"),
    "net_sum": Sum("net"),
    "tax_sum": Sum(F("itbms") + F("isc") + F("oti")),
    "total_sum": Sum("total"),
}


def counted() -> DocumentQuerySet:
    """Every document that reports count, imported sales included."""
    return listing.reported(Document.objects.issued_by_us())


def with_key(rows: DocumentQuerySet) -> Any:
    """The documents with `origin` and `voided`."""
    return rows.annotate(
        origin=Case(
            When(mode=Mode.DGI_IMPORT, then=Value(Origin.IMPORTED.value)),
            default=Value(Origin.ISSUED.value),
            output_field=CharField(),
        ),
        voided=Case(
            When(void_status=VoidStatus.VOIDED, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
    )


def with_export(rows: DocumentQuerySet) -> Any:
    """The documents with `is_export`: those with the block of a destination abroad, and export invoices registered by CUFE."""
    abroad = Q(exportation__isnull=False) | Q(
        series=DocumentType.EXPORT.value, tenant__country=Tenant.Country.PANAMA
    )
    flag = Case(When(abroad, then=Value(True)), default=Value(False), output_field=BooleanField())
    return rows.annotate(is_export=flag)


def bases_and_taxes(by_rate: Any, *, is_export: bool) -> dict[str, tuple[Decimal, Decimal]]:
    """A document's bases and taxes, each rate once (7.00 is 7); what an export sells at no tax under `EXPORT`."""
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for row in by_rate:
        rate = f"{Decimal(row['rate']).normalize():f}"
        rate = EXPORT if is_export and rate == "0" else rate
        base, tax = sums.get(rate, (Decimal(0), Decimal(0)))
        sums[rate] = base + Decimal(row["base"]), tax + Decimal(row["tax"])
    return sums


def of_month(rows: DocumentQuerySet, month: date) -> DocumentQuerySet:
    """The documents of the month that begins on `month`."""
    return between(rows, month, end_of_month(month))


def between(rows: DocumentQuerySet, first: date, last: date) -> DocumentQuerySet:
    """The documents of the days from `first` to `last`, both included."""
    return rows.filter(
        Q(issue_date__gte=start_of(first)) & Q(issue_date__lt=start_of(last + timedelta(days=1)))
    )


def start_of(day: date) -> datetime:
    """The first moment of a local day."""
    return datetime.combine(day, time.min, tzinfo=PANAMA)


def zone_of(tenant: Tenant) -> str:
    """The name of the zone in which a tenant's days are counted."""
    return str(_ZONES[tenant.country])


def end_of_month(month: date) -> date:
    """The last day of the month that `month` is in."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def last_month(now: datetime) -> date:
    """The first day of the local month that has just ended."""
    return (local_date(now).replace(day=1) - timedelta(days=1)).replace(day=1)
