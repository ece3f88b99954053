"""Panama's sales book: bases and ITBMS by rate (7, 10 and 15 percent), what is exempt at home told apart from what is exported.

The DGI knows one code for a rate of zero (dTasaITBMS 00, exempt; DGI contract 3.5). The retention does not reduce the total
(3.6), and is expected on invoices alone. Amounts are in balboas; an export states its total in the buyer's currency beside it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from cifras.core.exports import CellKind
from cifras.fiscal.catalogues.dgi import ITBMS_CODES
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.totals import retention
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from invoicing.models.choices import Mode
from reports.models import MonthlyRate
from reports.services.books.population import (
    RETENTION_FACTS,
    WITHHELD,
    Amounts,
    Rates,
    mark_of,
    net_rates,
    retention_code,
    sold,
)
from reports.services.books.shapes import Column, More, Period, amount
from reports.services.facts import EXPORT, bases_and_taxes

TITLE = _("Libro de ventas")
_EXEMPT = "0"
_TAXED = tuple(f"{rate.normalize():f}" for rate in sorted(ITBMS_CODES) if rate)


def _by_rate() -> tuple[Column, ...]:
    found: list[Column] = []
    for rate in _TAXED:
        found.append(amount(_LABELS[rate][0], f"base:{rate}"))
        found.append(amount(_LABELS[rate][1], f"tax:{rate}"))
    return tuple(found)


_LABELS = {
    "7": (_("Base 7 %"), _("ITBMS 7 %")),
    "10": (_("Base 10 %"), _("ITBMS 10 %")),
    "15": (_("Base 15 %"), _("ITBMS 15 %")),
}
COLUMNS = (
    Column(_("Fecha"), CellKind.DATE, "date"),
    Column(_("Tipo"), key="type"),
    Column(_("Número"), key="number", is_link=True),
    Column(_("Sucursal y punto"), key="point"),
    Column(_("CUFE"), key="cufe"),
    Column(_("RUC o identificación"), key="ruc"),
    Column(_("DV"), key="dv"),
    Column(_("Nombre"), key="name", is_wide=True),
    amount(_("Exento (0 %)"), "exempt"),
    *_by_rate(),
    amount(_("Exportación"), "export"),
    amount(_("ISC"), "isc"),
    amount(_("Otros impuestos"), "oti"),
    amount(_("Otros cargos y descuentos"), "other"),
    amount(_("Total"), "total"),
    Column(_("Moneda"), key="currency"),
    amount(_("Retención de ITBMS"), "retention"),
    Column(_("Moneda del comprador"), key="foreign_currency"),
    Column(_("Total en su moneda"), CellKind.NUMBER, "foreign_total"),
    Column(_("Tipo de cambio"), CellKind.NUMBER, "exchange_rate"),
    Column(_("Observación"), key="mark"),
)


def facts(document: Document) -> Mapping[str, object]:
    """Who, when and which; the receiver as the document's own copy says."""
    receiver = document.receiver_data or {}
    foreign = receiver.get("foreign_id") or {}
    export = document.exportation or {}
    return {
        "date": local_date(document.issue_date) if document.issue_date else None,
        "type": f"{document.series} {document.get_kind_display()}",
        "point": f"{document.office.code}-{document.billing_point}",
        "number": document.number,
        "cufe": document.cufe,
        "ruc": document.receiver_ruc or foreign.get("number") or "",
        "dv": receiver.get("dv") or "",
        "name": document.receiver_name,
        "foreign_currency": export.get("currency") or "",
        "foreign_total": _figure(export.get("amount")),
        "exchange_rate": _figure(export.get("exchange_rate")),
        "mark": mark_of(document),
    }


def folded(amounts: Amounts) -> dict[str, Decimal]:
    """The sums by column. What no column names (freight, insurance, discounts after tax, an unknown rate) is in `other`."""
    sums = {
        "exempt": amounts.rates.get(_EXEMPT, (ZERO, ZERO))[0],
        "export": amounts.rates.get(EXPORT, (ZERO, ZERO))[0],
        "isc": amounts.isc,
        "oti": amounts.oti,
    }
    for rate in _TAXED:
        sums[f"base:{rate}"], sums[f"tax:{rate}"] = amounts.rates.get(rate, (ZERO, ZERO))
    return {**sums, "other": amounts.total - sum(sums.values(), ZERO), "total": amounts.total}


def rates(document: Document) -> Rates:
    """The document's bases and ITBMS by rate."""
    is_export = getattr(document, "is_export", False)
    return bases_and_taxes(document.totals_by_rate, is_export=is_export)


def more(document: Document, _sums: Mapping[str, Decimal], sign: int) -> Mapping[str, object]:
    """What the receiver keeps of the ITBMS."""
    expected = expected_retention(document)
    return {"retention": expected * sign if expected is not None else None}


def foot_rates(period: Period, rows: Sequence[MonthlyRate]) -> Mapping[str, Rates]:
    """The month's, by currency."""
    return net_rates(period, rows)


def more_foot(period: Period, sums: Mapping[str, Mapping[str, Decimal]]) -> More:
    """The retention of the month's invoices: summed one by one, since a code's percentage is the law's."""
    kept = _retained(period)
    return More({currency: {"retention": kept.get(currency, ZERO)} for currency in sums})


def _retained(period: Period) -> Mapping[str, Decimal]:
    sums = defaultdict[str, Decimal](Decimal)
    invoices = sold(period).filter(WITHHELD, kind=Kind.INVOICE).exclude(void_status=VoidStatus.VOIDED)
    for document in invoices.only(*RETENTION_FACTS).iterator(chunk_size=2_000):
        sums[period.currency_of(document.currency)] += expected_retention(document) or ZERO
    return sums


def expected_retention(document: Document) -> Decimal | None:
    """What the receiver keeps of the ITBMS; None where its code says nothing. What an imported invoice states goes before."""
    if document.kind != Kind.INVOICE:
        return ZERO
    stated = document.retention_amount
    if document.mode == Mode.DGI_IMPORT and stated is not None:
        return stated
    receiver = document.receiver_data or {}
    if not receiver.get("withholds") or document.itbms <= 0:
        return ZERO
    try:
        return retention(retention_code(document), document.itbms, stated)
    except RuleBroken:
        return stated


def _figure(text: object) -> Decimal | None:
    return Decimal(str(text)) if text else None
