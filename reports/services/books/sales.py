"""The sales book of a month: one line per document, voids at zero, notes below it; the foot from the roll-up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, Count, Sum, Value, When
from django.utils.translation import gettext_lazy

from cifras.fiscal.document import ZERO
from cifras.fiscal.lifecycle import VoidStatus
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from reports.services.books.paging import DocumentBook
from reports.services.books.population import (
    IN_THE_BOOKS,
    Amounts,
    of_period,
    sign_of,
    sold,
)
from reports.services.books.registers import Register, register_of
from reports.services.books.shapes import Column, Period, Row, foot_of
from reports.services.facts import with_export
from reports.services.rollups import cents

_SAID = (
    "uid", "kind", "mode", "series", "number", "billing_point", "issue_date", "due_date", "cufe", "receiver_name",
    "receiver_ruc", "receiver_data", "currency", "itbms", "isc", "oti", "total", "totals_by_rate", "void_status",
    "legal_status", "retention_code", "retention_amount", "exportation", "is_received", "office__code", "tenant",
    "peru", "credited__number", "credited__series", "credited__billing_point", "credited__peru",
    "credited__issue_date", "credited__kind",
)  # fmt: skip


class SalesBook(DocumentBook):
    """Libro de ventas; in Peru the Registro de ventas."""

    slug = "sales"
    title = gettext_lazy("Libro de ventas")
    lead = gettext_lazy(
        "Lo autorizado por la DGI y las ventas emitidas en otro sistema, por fecha y número. Las notas de crédito restan; "
        "lo anulado figura en cero en el mes de su emisión; lo rechazado y lo recibido no figuran."
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
        cells = {**register.facts(document), "currency": currency, "retention": None}
        cells |= register.folded(amounts_of(document, register).times(sign))
        expected = register.retention(document)
        cells["retention"] = expected * sign if expected is not None else None
        return Row(tuple(cells.get(column.key, "") for column in register.columns), currency, document)

    def foot(self, period: Period) -> tuple[list[Row], int]:
        return foot_from_rollup(period)


def amounts_of(document: Document, register: Register) -> Amounts:
    """What the document says, without a sign; it was read by `SalesBook.documents`."""
    return Amounts(register.rates(document), document.isc, document.oti, document.total)


def foot_from_rollup(period: Period) -> tuple[list[Row], int]:
    """The book's sums by currency, and how many documents of the month are not in it.

    Bases and taxes by rate are the roll-up's; the other taxes and the total one sum over an index of the documents.
    """
    register, sums, left_out = register_of(period.tenant), defaultdict[str, _Sum](_Sum), 0
    rates = register.foot_rates(period)
    retained = register.retained(period) if register.retained else None
    for row in _sums(period):
        if not row["is_booked"]:
            left_out += row["documents"]
            continue
        sign = sign_of(row["kind"], is_voided=row["void_status"] == VoidStatus.VOIDED)
        sums[period.currency_of(row["currency"])].add(row, sign)
    foot = []
    for currency, each in sorted(sums.items()):
        amounts = Amounts(rates.get(currency, {}), each.isc, each.oti, each.total)
        kept = each.retention if retained is None else retained.get(currency, ZERO)
        values = {**register.folded(amounts), "retention": kept}
        foot.append(foot_of(register.columns, currency, values))
    return foot, left_out


@dataclass(slots=True)
class _Sum:
    isc: Decimal = ZERO
    oti: Decimal = ZERO
    total: Decimal = ZERO
    retention: Decimal = ZERO

    def add(self, row: Mapping[str, Any], sign: int) -> None:
        self.isc += sign * cents(row["isc_sum"])
        self.oti += sign * cents(row["oti_sum"])
        self.total += sign * cents(row["total_sum"])
        self.retention += cents(row["retention_sum"]) if sign > 0 else ZERO


def _sums(period: Period) -> Iterable[Mapping[str, Any]]:
    is_booked = Case(When(IN_THE_BOOKS, then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = of_period(period).annotate(is_booked=is_booked).order_by()
    sums = {f"{name}_sum": Sum(name) for name in ("isc", "oti", "total")}
    sums["retention_sum"] = Sum("retention_amount")
    answer: Iterable[Mapping[str, Any]] = rows.values(
        "is_booked", "kind", "void_status", "currency"
    ).annotate(documents=Count("*"), **sums)
    return answer
