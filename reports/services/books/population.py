"""Which documents are in the books, and with which sign.

In the books stands what the DGI has authorised, and the own sales that were issued elsewhere unless they were rejected (their
legal status may not have been verified yet). A void document stands at zero in the month of its issue, whenever it was voided;
a credit note counts below zero. What others issued to the tenant is no sale.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus
from invoicing.models import Document
from invoicing.models.choices import Mode
from invoicing.models.document import DocumentQuerySet
from reports.models import MonthlyFigure, MonthlyRate, Origin
from reports.models.figures import KEY
from reports.services import rollups
from reports.services.books.shapes import Mark, Period
from reports.services.facts import counted, of_month

VOID = Mark(_("Anulada"), "block", "grey")
IMPORTED = Mark(_("Emitida en otro sistema"), "move_to_inbox", "blue")
UNVERIFIED = Mark(_("Emitida en otro sistema, sin verificar"), "help", "amber")

type Rates = Mapping[str, tuple[Decimal, Decimal]]
type Group = tuple[str, bool, str]  # the kind, whether it is void, the currency
type Sums = tuple[int, Decimal, Decimal]  # how many, taxes, total
_DETAIL = ("origin", "kind", "legal_status", "is_voided", "currency")

IN_THE_BOOKS = Q(mode=Mode.DGI, legal_status=LegalStatus.DGI_AUTHORIZED) | (
    Q(mode=Mode.DGI_IMPORT) & ~Q(legal_status__in=REJECTED_LEGAL)
)
_ROLLED_UP = Q(origin=Origin.ISSUED, legal_status=LegalStatus.DGI_AUTHORIZED) | (
    Q(origin=Origin.IMPORTED) & ~Q(legal_status__in=REJECTED_LEGAL)
)

# The invoices whose receiver was to keep a part of the tax, or that state such a part; and what says how much.
WITHHELD = Q(receiver_data__withholds=True, itbms__gt=0) | Q(retention_amount__gt=0)
RETENTION_FACTS = (
    "kind", "mode", "currency", "itbms", "retention_code", "retention_amount", "receiver_data", "is_received", "issue_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a document, or many of one currency, come to; `rates` are bases and ITBMS (in Peru IGV) by rate."""

    rates: Rates = field(default_factory=dict)
    isc: Decimal = ZERO
    oti: Decimal = ZERO
    total: Decimal = ZERO

    def times(self, sign: int) -> "Amounts":
        """With another sign, or as nothing."""
        rates = {rate: (_times(base, sign), _times(tax, sign)) for rate, (base, tax) in self.rates.items()}
        return Amounts(rates, _times(self.isc, sign), _times(self.oti, sign), _times(self.total, sign))


def _times(value: Decimal, sign: int) -> Decimal:
    return value * sign + ZERO  # a negative zero becomes zero


def of_period(period: Period) -> DocumentQuerySet:
    """What the tenant issued in the month, in the books or not, drafts and what was discarded aside."""
    rows = counted().filter(tenant=period.tenant, environment=period.environment)
    return of_month(rows, period.month)


def sold(period: Period) -> DocumentQuerySet:
    """The documents of the month's books."""
    return of_period(period).filter(IN_THE_BOOKS)


def sign_of(kind: str, *, is_voided: bool) -> int:
    """1 for a sale, -1 for a credit note, 0 for what is void."""
    if is_voided:
        return 0
    return -1 if kind == Kind.CREDIT else 1


def mark_of(document: Document) -> Mark | str:
    """Why a line of the book is not like the others."""
    if document.is_voided:
        return VOID
    if document.mode == Mode.DGI_IMPORT:
        is_verified = document.legal_status == LegalStatus.DGI_AUTHORIZED
        return IMPORTED if is_verified else UNVERIFIED
    return ""


def retention_code(document: Document) -> str:
    """The document's own code, else the receiver's usual one."""
    return document.retention_code or (document.receiver_data or {}).get("retention_code") or ""


def figures_of(period: Period) -> list[MonthlyFigure]:
    """The month's figures that are in the books: from the roll-up, or from the documents where it is behind them."""
    if period.is_level:
        return list(MonthlyFigure.objects.filter(_ROLLED_UP, **_month(period)))
    fresh = rollups.figures_of(period.tenant.pk, period.month)
    return [row for row in fresh if is_booked(row, period.environment)]


def rates_of(period: Period) -> list[MonthlyRate]:
    """As `figures_of`, by tax rate."""
    if period.is_level:
        return list(MonthlyRate.objects.filter(_ROLLED_UP, **_month(period)))
    fresh = rollups.rates_of(period.tenant.pk, period.month)
    return [row for row in fresh if is_booked(row, period.environment)]


def rates_of_groups(period: Period, groups: Mapping[Group, Sums]) -> list[MonthlyRate]:
    """As `rates_of`, of the very documents that come to `groups`: the roll-up's only where it comes to the same.

    What is in the books does not change its amounts; what comes, goes or is voided changes a count.
    """
    if not period.is_level:
        return rates_of(period)
    of_group = MonthlyFigure.objects.filter(**{name: OuterRef(name) for name in KEY}).values
    figures = {f"of_{name}": Subquery(of_group(name)[:1]) for name in ("count", "tax", "total")}
    found = list(MonthlyRate.objects.filter(_ROLLED_UP, **_month(period)).annotate(**figures))
    rolled: dict[tuple[Any, ...], tuple[Group, Any]] = {
        tuple(getattr(row, name) for name in _DETAIL): ((row.kind, row.is_voided, row.currency), row)
        for row in found
    }
    sums: defaultdict[Group, Sums] = defaultdict(lambda: (0, ZERO, ZERO))
    for group, row in rolled.values():
        documents, tax, total = sums[group]
        sums[group] = (
            documents + (row.of_count or 0),
            tax + (row.of_tax or ZERO),
            total + (row.of_total or ZERO),
        )
    if dict(sums) == dict(groups):
        return found
    return rates_of(replace(period, is_level=False))


def net_rates(period: Period, rows: Iterable[MonthlyRate]) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """By currency and rate: bases and taxes of what was sold less notes, voids as nothing."""
    found: defaultdict[str, dict[str, tuple[Decimal, Decimal]]] = defaultdict(dict)
    for row in rows:
        sign, rates = sign_of(row.kind, is_voided=row.is_voided), found[period.currency_of(row.currency)]
        base, tax = rates.get(row.tax_rate, (ZERO, ZERO))
        rates[row.tax_rate] = base + sign * row.base, tax + sign * row.tax
    return found


def _month(period: Period) -> dict[str, Any]:
    return {"tenant": period.tenant, "month": period.month, "environment": period.environment}


def is_booked(row: MonthlyFigure | MonthlyRate, environment: str) -> bool:
    """Whether a group of the roll-up is in the books of an environment."""
    is_right = row.legal_status == LegalStatus.DGI_AUTHORIZED
    if row.origin == Origin.IMPORTED:
        is_right = row.legal_status not in REJECTED_LEGAL
    return is_right and row.environment == environment
