"""The arithmetic of a statement: shares of a month, and what a number of documents costs at the prices of a month.

Days: a day on which the company had service at any time counts whole, by its local date. Of fee and included documents a term
has as much as it has days of the month's days; the fee is rounded half up to the cent, the included documents up to the next
whole one, in the company's favour. Documents are charged at the prices of the term on whose days they were issued.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from cifras.fiscal.document import Kind
from cifras.fiscal.money import round_half_up
from reports.models import Charge
from reports.services.queries import bucket


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan cost in a month. `included` and `unit` are per kind, each kind for itself."""

    uid: UUID
    plan_uid: UUID
    plan_name: str
    currency: str
    monthly_fee: Decimal
    included: Mapping[Kind, int]
    unit: Mapping[Kind, Decimal]
    forgives_voids: bool


@dataclass(frozen=True, slots=True)
class Term:
    """The days of a month on which one plan held, `first` to `last`; on `days` of them there was service."""

    price: Price
    first: date
    last: date
    days: int
    days_of_month: int

    @property
    def fee(self) -> Decimal:
        """The share of the monthly fee."""
        return round_half_up(self.price.monthly_fee * self.days / self.days_of_month)

    def included(self, kind: Kind) -> int:
        """The share of the included documents of a kind."""
        return -(-self.price.included[kind] * self.days // self.days_of_month)

    def charged(self, kind: Kind, documents: int) -> int:
        """How many of that many documents are beyond the included ones."""
        return max(documents - self.included(kind), 0)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement; the members are those of `BillingLine`."""

    charge: Charge
    plan_name: str
    plan_uid: UUID
    price_uid: UUID
    currency: str
    origin_month: date
    first: date
    last: date
    kind: str
    cause: str
    days: int
    days_of_month: int
    documents: int
    included: int
    quantity: int
    unit_price: Decimal
    amount: Decimal


def fee_line(term: Term, month: date) -> Line:
    """The fee for a term of the month itself."""
    return Line(
        charge=Charge.FEE,
        plan_name=term.price.plan_name,
        plan_uid=term.price.plan_uid,
        price_uid=term.price.uid,
        currency=term.price.currency,
        origin_month=month,
        first=term.first,
        last=term.last,
        kind="",
        cause="",
        days=term.days,
        days_of_month=term.days_of_month,
        documents=0,
        included=0,
        quantity=1,
        unit_price=term.price.monthly_fee,
        amount=term.fee,
    )


def documents_line(
    charge: Charge,
    term: Term,
    kind: Kind,
    *,
    span: tuple[date, date],
    before: int,
    change: int,
    cause: str,
    month: date,
) -> Line:
    """`change` documents more, or fewer, where `before` had been counted: charged is by how much the excess moves.

    So a document that was within the included ones costs nothing, and gives nothing back. `span`: the days of issue of the
    documents of the term, which may reach beyond the term where it is the month's first or last.
    """
    quantity = term.charged(kind, before + change) - term.charged(kind, before)
    unit_price = term.price.unit[kind]
    return Line(
        charge=charge,
        plan_name=term.price.plan_name,
        plan_uid=term.price.plan_uid,
        price_uid=term.price.uid,
        currency=term.price.currency,
        origin_month=month,
        first=span[0],
        last=span[1],
        kind=kind.value,
        cause=cause,
        days=0,
        days_of_month=0,
        documents=change,
        included=term.included(kind),
        quantity=quantity,
        unit_price=unit_price,
        amount=round_half_up(quantity * unit_price),
    )


def totals(lines: Iterable[Line], country: str) -> dict[str, Decimal]:
    """The sum per currency; to a company in Panama PAB and USD are one."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        currency = bucket(line.currency, country)
        sums[currency] = sums.get(currency, Decimal("0.00")) + line.amount
    return sums


def spans(terms: list[Term], month_first: date, month_last: date) -> list[tuple[date, date]]:
    """The days of issue that belong to each term: its own, and those without a plan before it (the first) or after it."""
    firsts = [month_first, *(term.first for term in terms[1:])]
    lasts = [date.fromordinal(each.toordinal() - 1) for each in firsts[1:]] + [month_last]
    return list(zip(firsts, lasts, strict=True))
