"""The figures of the documents reports: one question, answered from the roll-up or from the documents, in one shape.

Whole months come from the roll-up where it tells enough apart; any other range, and days, offices and receivers, from the
documents themselves, which the index `document_report` answers for a running month. Sums are gross and unsigned per kind.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import DateField, F, Max, QuerySet, Sum
from django.db.models.functions import TruncDate, TruncMonth

from cifras.fiscal.catalogues.sunat import SOLES
from cifras.fiscal.money import same_bucket
from cifras.fiscal.zones import PANAMA
from reports.models import MonthlyFigure, Origin
from reports.services.facts import SUMS, between, counted, end_of_month, with_key
from reports.services.rollups import cents
from tenants.models import Tenant


class Grouping(StrEnum):
    """What a report is told apart by, beside kind and legal status."""

    KIND = "kind"
    STATUS = "status"
    DAY = "day"
    MONTH = "month"
    OFFICE = "office"
    RECEIVER = "receiver"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is left out. None and empty leave nothing out; a legal status of "" is a document without a word yet."""

    kind: str = ""
    legal_status: str | None = None
    environment: str = ""
    origin: str = Origin.ISSUED.value


@dataclass(frozen=True, slots=True, order=True)
class GroupKey:
    """One group. `part` is the day, the month, the office's code or the receiver's tax id, as text."""

    tenant_id: int
    environment: str
    part: str
    kind: str
    legal_status: str
    currency: str


@dataclass(slots=True)
class Figure:
    """What a group comes to; `voided` is within it. `name` says who or what the part is."""

    key: GroupKey
    name: str = ""
    part_uid: str = ""
    count: int = 0
    net: Decimal = field(default_factory=Decimal)
    tax: Decimal = field(default_factory=Decimal)
    total: Decimal = field(default_factory=Decimal)
    voided_count: int = 0
    voided_total: Decimal = field(default_factory=Decimal)


# What the documents are grouped by, and what names a group.
_PARTS: Mapping[Grouping, Mapping[str, Any]] = {
    Grouping.KIND: {},
    Grouping.STATUS: {},
    Grouping.DAY: {"part": TruncDate("issue_date", tzinfo=PANAMA)},
    Grouping.MONTH: {"part": TruncMonth("issue_date", tzinfo=PANAMA, output_field=DateField())},
    Grouping.OFFICE: {"part": F("office__code"), "part_uid": F("office__uid"), "name": F("office__address")},
    Grouping.RECEIVER: {"part": F("receiver_ruc")},
}
_ROLLED_UP = frozenset({Grouping.KIND, Grouping.STATUS, Grouping.MONTH})
_KEYS = ("tenant", "tenant__country", "environment", "kind", "legal_status", "currency", "is_voided")
HOME_CURRENCY = "PAB"
_HOME_OF = {Tenant.Country.PANAMA.value: HOME_CURRENCY, Tenant.Country.PERU.value: SOLES}


def figures(
    tenants: QuerySet[Tenant],
    first: date,
    last: date,
    *,
    filters: Filters,
    group_by: Grouping = Grouping.KIND,
    from_facts: bool = False,
) -> list[Figure]:
    """The figures of `tenants` between two days, both included, in the order of their groups."""
    if not from_facts and group_by in _ROLLED_UP and is_whole_months(first, last):
        rows = _from_rollup(tenants, first, last, filters, group_by)
    else:
        rows = _from_documents(tenants, first, last, filters, group_by)
    return added_up(rows)


def is_whole_months(first: date, last: date) -> bool:
    """Whether the range begins and ends with a month."""
    return first.day == 1 and last == end_of_month(last)


def bucket(currency: str, country: str) -> str:
    """The currency under which amounts may be added: in Panama the balboa stands for the dollar, elsewhere each for itself."""
    is_at_par = country == Tenant.Country.PANAMA and same_bucket(currency, HOME_CURRENCY)
    return HOME_CURRENCY if is_at_par else currency


def home_currency(country: str) -> str:
    """The currency that is meant in a country where none is named."""
    return _HOME_OF[country]


def currencies_of(name: str, country: str) -> list[str]:
    """The currencies whose amounts `bucket` adds under this one."""
    is_at_par = country == Tenant.Country.PANAMA and name == HOME_CURRENCY
    return [HOME_CURRENCY, "USD"] if is_at_par else [name]


def _from_rollup(
    tenants: QuerySet[Tenant], first: date, last: date, filters: Filters, group_by: Grouping
) -> Iterable[Mapping[str, Any]]:
    rows = MonthlyFigure.objects.filter(
        tenant__in=tenants, month__gte=first, month__lte=last, **_conditions(filters)
    )
    part = {"part": F("month")} if group_by is Grouping.MONTH else {}
    keys = [*_KEYS, *part]
    answer: Iterable[Mapping[str, Any]] = (
        rows.annotate(**part)
        .values(*keys)
        .order_by()
        .annotate(documents=Sum("count"), net_sum=Sum("net"), tax_sum=Sum("tax"), total_sum=Sum("total"))
    )
    return answer


def _from_documents(
    tenants: QuerySet[Tenant], first: date, last: date, filters: Filters, group_by: Grouping
) -> Iterable[Mapping[str, Any]]:
    rows = with_key(between(counted().filter(tenant__in=tenants), first, last)).filter(**_conditions(filters))
    parts = _PARTS[group_by]
    rows = rows.annotate(**parts, is_voided=F("voided"))
    keys = [*_KEYS, *parts]
    named = {"name": Max("receiver_name")} if group_by is Grouping.RECEIVER else {}
    answer: Iterable[Mapping[str, Any]] = rows.values(*keys).order_by().annotate(**SUMS, **named)
    return answer


def _conditions(filters: Filters) -> dict[str, Any]:
    wanted = {"kind": filters.kind, "environment": filters.environment, "origin": filters.origin}
    conditions: dict[str, Any] = {name: value for name, value in wanted.items() if value}
    if filters.legal_status is not None:
        conditions["legal_status"] = filters.legal_status
    return conditions


def added_up(rows: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """Rows of one question, those of one currency together, as figures in the order of their groups."""
    found: dict[GroupKey, Figure] = {}
    names: defaultdict[GroupKey, str] = defaultdict(str)
    for row in rows:
        key = GroupKey(
            row["tenant"],
            row["environment"],
            str(row.get("part") or ""),
            row["kind"],
            row["legal_status"],
            bucket(row["currency"], row["tenant__country"]),
        )
        figure = found.setdefault(key, Figure(key))
        names[key] = max(names[key], row.get("name") or "")
        figure.name, figure.part_uid = names[key], str(row.get("part_uid") or "")
        _add(figure, row)
    return [found[key] for key in sorted(found)]


def _add(figure: Figure, row: Mapping[str, Any]) -> None:
    total = cents(row["total_sum"])
    figure.count += row["documents"]
    figure.net += cents(row["net_sum"])
    figure.tax += cents(row["tax_sum"])
    figure.total += total
    if row["is_voided"]:
        figure.voided_count += row["documents"]
        figure.voided_total += total
