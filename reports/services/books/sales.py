"""The sales book of a month: one line per document, voids at zero, notes below it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, Count, Sum, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.fiscal.document import ZERO
from cifras.fiscal.lifecycle import VoidStatus
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from reports.services.books import soles
from reports.services.books.paging import DocumentBook
from reports.services.books.population import (
    IN_THE_BOOKS,
    Amounts,
    Group,
    Sums,
    of_period,
    rates_of_groups,
    sign_of,
    sold,
)
from reports.services.books.registers import Register, register_of
from reports.services.books.shapes import Column, Foot, Period, Row, common_foot, foot_of
from reports.services.facts import with_export
from reports.services.rollups import cents

_SAID = (
    "uid", "kind", "mode", "series", "number", "billing_point", "issue_date", "due_date", "cufe", "receiver_name",
    "receiver_ruc", "receiver_data", "currency", "itbms", "isc", "oti", "total", "totals_by_rate", "void_status",
    "legal_status", "retention_code", "retention_amount", "exportation", "is_received", "office__code", "tenant",
    "peru", "reference_date", "credited__number", "credited__series", "credited__billing_point", "credited__peru",
    "credited__issue_date", "credited__kind",
)  # fmt: skip


class SalesBook(DocumentBook):
    """Libro de ventas; in Peru the Registro de ventas."""

    slug = "sales"
    title = gettext_lazy("Libro de ventas")
    lead = gettext_lazy(
        "Lo autorizado por la {authority} y las ventas emitidas en otro sistema, por fecha y número. Las notas de crédito "
        "restan; lo anulado o dado de baja figura en cero en el mes de su emisión; lo rechazado y lo recibido no figuran."
    )

    def title_of(self, period: Period) -> str:
        return str(register_of(period.tenant).title)

    def columns(self, period: Period) -> tuple[Column, ...]:
        return register_of(period.tenant).columns

    def documents(self, period: Period) -> DocumentQuerySet:
        rows = with_export(sold(period)).annotate(**register_of(period.tenant).annotations)
        return rows.select_related("office", "credited").only(*_SAID)  # type: ignore[no-any-return]

    def row(self, period: Period, document: Document) -> Row:
        register, currency = register_of(period.tenant), period.currency_of(document.currency)
        sign = sign_of(document.kind, is_voided=document.is_voided)
        sums = register.folded(amounts_of(document, register).times(sign))
        cells = {
            **register.facts(document),
            "currency": currency,
            **sums,
            **register.more(document, sums, sign),
        }
        return Row(tuple(cells.get(column.key, "") for column in register.columns), currency, document)

    def foot(self, period: Period) -> Foot:
        return foot_of_month(period)

    def notes(self, period: Period) -> list[str]:
        note = register_of(period.tenant).note
        return [*super().notes(period), *([str(note)] if note else [])]

    def lacks(self, period: Period) -> list[str]:
        register = register_of(period.tenant)
        has_own_currency = any(column.currency for column in register.columns)
        missing = register.more_foot(period, {}).unrated if has_own_currency else ()
        if not missing:
            return []
        days = ", ".join(soles.said(each) for each in missing)
        return [_("Sin tipo de cambio, y por eso sin importes en soles: {days}.").format(days=days)]


def amounts_of(document: Document, register: Register) -> Amounts:
    """What the document says, without a sign; it was read by `SalesBook.documents`."""
    return Amounts(register.rates(document), document.isc, document.oti, document.total)


def foot_of_month(period: Period) -> Foot:
    """The book's sums, of the same moment as its rows: the sums by rate are the roll-up's only where it is level with them."""
    register, sums, left_out = register_of(period.tenant), defaultdict[str, _Sum](_Sum), 0
    groups: dict[Group, Sums] = {}
    for row in _sums(period):
        if not row["is_booked"]:
            left_out += row["documents"]
            continue
        is_voided = row["void_status"] == VoidStatus.VOIDED
        _count(groups, (row["kind"], is_voided, row["currency"]), row)
        sums[period.currency_of(row["currency"])].add(row, sign_of(row["kind"], is_voided=is_voided))
    rates = register.foot_rates(period, rates_of_groups(period, groups))
    folded = {
        currency: register.folded(Amounts(rates.get(currency, {}), each.isc, each.oti, each.total))
        for currency, each in sums.items()
    }
    more = register.more_foot(period, folded)
    foot = [
        foot_of(register.columns, currency, {**folded[currency], **more.sums.get(currency, {})})
        for currency in sorted(folded)
    ]
    foot += common_foot(register.columns, foot, is_partial=bool(more.unrated))
    return Foot(foot, left_out, more.unrated)


@dataclass(slots=True)
class _Sum:
    isc: Decimal = ZERO
    oti: Decimal = ZERO
    total: Decimal = ZERO

    def add(self, row: Mapping[str, Any], sign: int) -> None:
        self.isc += sign * cents(row["isc_sum"])
        self.oti += sign * cents(row["oti_sum"])
        self.total += sign * cents(row["total_sum"])


def _count(groups: dict[Group, Sums], group: Group, row: Mapping[str, Any]) -> None:
    documents, tax, total = groups.get(group, (0, ZERO, ZERO))
    more = sum((cents(row[f"{name}_sum"]) for name in ("itbms", "isc", "oti")), ZERO)
    groups[group] = documents + row["documents"], tax + more, total + cents(row["total_sum"])


def _sums(period: Period) -> Iterable[Mapping[str, Any]]:
    is_booked = Case(When(IN_THE_BOOKS, then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = of_period(period).annotate(is_booked=is_booked).order_by()
    sums = {f"{name}_sum": Sum(name) for name in ("itbms", "isc", "oti", "total")}
    answer: Iterable[Mapping[str, Any]] = rows.values(
        "is_booked", "kind", "void_status", "currency"
    ).annotate(documents=Count("*"), **sums)
    return answer
