"""Freezing a month: one row per counted document, and the figures as they add up from exactly those rows.

The rows are written by the database from the documents, so a month of hundreds of thousands takes seconds and no memory. What is
frozen has to be what the two persons saw: a change in between breaks the closing off.
"""

from datetime import date
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, F, QuerySet, Sum, Value
from django.db.models.functions import Round

from cifras.fiscal.errors import RuleBroken, gettext_noop
from reports.models import ClosedDocument, FrozenFigure, FrozenRate, MonthClosing, MonthlyFigure, MonthlyRate
from reports.services import rollups
from reports.services.facts import counted, of_month, with_key
from reports.services.reconciling.fingerprint import GROUP, fingerprint
from reports.services.rollups import cents

# The members of a frozen document, in the order of both sides of a comparison.
MEMBERS = (
    "document_uid",
    "origin",
    "kind",
    "legal_status",
    "is_voided",
    "currency",
    "net",
    "tax",
    "total",
)
_RATE_MEMBERS = (
    "origin",
    "kind",
    "legal_status",
    "is_voided",
    "currency",
    "tax_rate",
    "count",
    "base",
    "tax",
)


def freeze(closing: MonthClosing) -> None:
    """Write the frozen rows of a closing, in the caller's transaction and under the tenant's lock.

    The rates are those of the roll-up, which is made anew only where the month may have changed since. Raises RuleBroken
    (facts_moved) when the documents are no longer what `closing.facts` says.
    """
    if not _is_level(closing):
        rollups.recompute(closing.tenant_id, closing.month)
    _copy_documents(closing)
    figures = _figures(closing)
    FrozenFigure.objects.bulk_create(figures)
    FrozenRate.objects.bulk_create(_rates(closing))
    if fingerprint(_groups(closing)) != closing.facts:
        raise facts_moved()


def facts_moved() -> RuleBroken:
    """What is said when the month is no longer as it was seen."""
    return RuleBroken(
        "facts_moved",
        gettext_noop("Los documentos del mes cambiaron desde que se propuso cerrarlo: propóngalo de nuevo."),
    )


def as_they_are(tenant: int, month: date, environment: str) -> QuerySet[Any, Any]:
    """The counted documents of a month with the `MEMBERS` of a frozen one, as tuples."""
    rows = with_key(of_month(counted().filter(tenant=tenant, environment=environment), month))
    named = rows.order_by().annotate(
        document_uid=F("uid"),
        is_voided=F("voided"),
        # Rounded, since SQLite adds amounts in binary fractions.
        tax=Round(F("itbms") + F("isc") + F("oti"), precision=2),
    )
    tuples: QuerySet[Any, Any] = named.values_list(*MEMBERS)
    return tuples


def _copy_documents(closing: MonthClosing) -> None:
    source = as_they_are(closing.tenant_id, closing.month, closing.environment)
    owners = {"closing_id": closing.pk, "tenant_id": closing.tenant_id}
    for name, key in owners.items():
        source = source.annotate(**{f"of_{name}": Value(key, output_field=BigIntegerField())})
    select, parameters = source.query.sql_with_params()
    quote = connection.ops.quote_name
    columns = ", ".join(map(quote, [*MEMBERS, *owners]))
    table = quote(ClosedDocument._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {select}", parameters)


def _groups(closing: MonthClosing) -> list[dict[str, Any]]:
    """The groups of the frozen rows, as the fingerprint reads them."""
    rows = ClosedDocument.objects.filter(closing=closing).annotate(voided=F("is_voided")).order_by()
    return list(
        rows.values(*GROUP).annotate(
            documents=Count("*"), net_sum=Sum("net"), tax_sum=Sum("tax"), total_sum=Sum("total")
        )
    )


def _is_level(closing: MonthClosing) -> bool:
    """Whether the roll-up says what was seen, and nothing happened since that it has not read."""
    is_in_motion = closing.month in rollups.months_in_motion(closing.tenant)
    return not is_in_motion and fingerprint(_rolled_up(closing)) == closing.facts


def _rolled_up(closing: MonthClosing) -> list[dict[str, Any]]:
    """The groups of the roll-up, as the fingerprint reads them."""
    rows = MonthlyFigure.objects.filter(
        tenant=closing.tenant_id, month=closing.month, environment=closing.environment
    )
    named = rows.order_by().annotate(
        voided=F("is_voided"), documents=F("count"), net_sum=F("net"), tax_sum=F("tax"), total_sum=F("total")
    )
    return list(named.values(*GROUP, "documents", "net_sum", "tax_sum", "total_sum"))


def _figures(closing: MonthClosing) -> list[FrozenFigure]:
    return [
        FrozenFigure(
            **_key(closing),
            **{("is_voided" if name == "voided" else name): group[name] for name in GROUP},
            count=group["documents"],
            net=cents(group["net_sum"]),
            tax=cents(group["tax_sum"]),
            total=cents(group["total_sum"]),
        )
        for group in _groups(closing)
    ]


def _rates(closing: MonthClosing) -> list[FrozenRate]:
    rows = MonthlyRate.objects.filter(
        tenant=closing.tenant_id, month=closing.month, environment=closing.environment
    )
    return [
        FrozenRate(**_key(closing), **dict(zip(_RATE_MEMBERS, row, strict=True)))
        for row in rows.values_list(*_RATE_MEMBERS)
    ]


def _key(closing: MonthClosing) -> dict[str, Any]:
    return {
        "closing": closing,
        "tenant_id": closing.tenant_id,
        "month": closing.month,
        "environment": closing.environment,
    }
