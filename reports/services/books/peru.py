"""Peru's sales register (Registro de ventas e ingresos): SUNAT's codes for document (table 10) and identity (catalogue 06).

What carries no IGV is told apart by the affectation of its lines (catalogue 07): exonerated, unaffected, exported. The ICBPER is
stored as other taxes, and is no base of any. Days are Lima's; amounts stay in the document's currency, its rate beside them.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery, Sum
from django.utils.translation import gettext_lazy as _

from cifras.core.exports import CellKind
from cifras.fiscal.catalogues.sunat import DocumentType
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.zones import LIMA, local_date
from invoicing.models import Document, Line
from invoicing.services.peruvian import printed_number
from reports.services.books.population import (
    VOID,
    Amounts,
    Rates,
    mark_of,
    net_rates,
    sign_of,
    sold,
)
from reports.services.books.shapes import Column, Mark, Period, amount
from reports.services.facts import EXPORT, bases_and_taxes
from reports.services.rollups import cents

TITLE = _("Registro de ventas")
_WITHOUT_TAX = "0"
_AFFECTATIONS = {
    Affectation.EXPORT: EXPORT,
    Affectation.EXONERATED: "exonerated",
    Affectation.UNAFFECTED: "unaffected",
}
_RUC_LENGTH = 11
_RUC = "6"  # catalogue 06
_DOWN = Mark(_("De baja"), "block", "grey")

COLUMNS = (
    Column(_("Periodo"), key="period"),
    Column(_("Fecha de emisión"), CellKind.DATE, "date"),
    Column(_("Fecha de vencimiento"), CellKind.DATE, "due"),
    Column(_("Tipo"), key="type"),
    Column(_("Serie"), key="series"),
    Column(_("Número"), key="number", is_link=True),
    Column(_("Tipo de documento del cliente"), key="identity_type"),
    Column(_("Número de documento del cliente"), key="identity"),
    Column(_("Cliente"), key="name", is_wide=True),
    amount(_("Exportación"), "export"),
    amount(_("Base gravada"), "taxed"),
    amount(_("IGV"), "igv"),
    amount(_("Exonerado"), "exonerated"),
    amount(_("Inafecto"), "unaffected"),
    amount(_("ISC"), "isc"),
    amount(_("ICBPER"), "icbper"),
    amount(_("Otros cargos y descuentos"), "other"),
    amount(_("Importe total"), "total"),
    Column(_("Moneda"), key="currency"),
    Column(_("Tipo de cambio"), CellKind.NUMBER, "exchange_rate"),
    amount(_("Retención"), "retention"),
    Column(_("Fecha del comprobante modificado"), CellKind.DATE, "reference_date"),
    Column(_("Tipo del comprobante modificado"), key="reference_type"),
    Column(_("Serie del comprobante modificado"), key="reference_series"),
    Column(_("Número del comprobante modificado"), key="reference_number"),
    Column(_("Observación"), key="mark"),
)


def facts(document: Document) -> Mapping[str, object]:
    """Who, when and which, in Lima's days."""
    receiver, day = document.receiver_data or {}, None
    if document.issue_date:
        day = local_date(document.issue_date, LIMA)
    series, number = _series_and_number(document)
    identity = receiver.get("identity_number") or document.receiver_ruc
    mark = mark_of(document)
    return {
        "period": f"{day:%Y%m}00" if day else "",
        "date": day,
        "due": document.due_date,
        "type": _type(document),
        "series": series,
        "number": number,
        "identity_type": receiver.get("identity_type") or (_RUC if len(identity) == _RUC_LENGTH else ""),
        "identity": identity,
        "name": document.receiver_name,
        "exchange_rate": _figure((document.peru or {}).get("exchange_rate")),
        "mark": _DOWN if mark is VOID else mark,
        **_reference(document),
    }


def folded(amounts: Amounts) -> dict[str, Decimal]:
    """The sums by column: every rate above zero is taxed."""
    untaxed = {_WITHOUT_TAX, *_AFFECTATIONS.values()}
    taxed = [pair for rate, pair in amounts.rates.items() if rate not in untaxed]
    sums = {
        **{name: amounts.rates.get(name, (ZERO, ZERO))[0] for name in _AFFECTATIONS.values()},
        "taxed": sum((base for base, _tax in taxed), ZERO),
        "igv": sum((tax for _base, tax in taxed), ZERO),
        "isc": amounts.isc,
        "icbper": amounts.oti,
    }
    return {**sums, "other": amounts.total - sum(sums.values(), ZERO), "total": amounts.total}


def expected_retention(document: Document) -> Decimal | None:
    """What the document states; a percentage of its own SUNAT's document does not have."""
    return document.retention_amount or ZERO if document.kind == Kind.INVOICE else ZERO


def rates(document: Document) -> Rates:
    """The document's bases and IGV by rate; what carries none by the affectation of its lines."""
    found = bases_and_taxes(document.totals_by_rate, is_export=False)
    for affectation, name in _AFFECTATIONS.items():
        base = getattr(document, _annotation(affectation), None)
        if base:
            found[name] = base, ZERO
    return found


def foot_rates(period: Period) -> Mapping[str, Rates]:
    """The month's, by currency: the roll-up's, and what carries no IGV from the lines."""
    found = net_rates(period)
    untaxed = Line.objects.filter(
        document__in=sold(period).exclude(void_status=VoidStatus.VOIDED), affectation__in=list(_AFFECTATIONS)
    )
    rows: Any = (
        untaxed.order_by()
        .values_list("document__currency", "document__kind", "affectation")
        .annotate(base=Sum("net"))
    )
    for currency, kind, affectation, base in rows:
        sums, name = found[period.currency_of(currency)], _AFFECTATIONS[Affectation(affectation)]
        before = sums.get(name, (ZERO, ZERO))[0]
        sums[name] = before + sign_of(kind, is_voided=False) * cents(base), ZERO
    return found


def _annotation(affectation: Affectation) -> str:
    return f"net_{affectation.value}"


def _net_of(affectation: Affectation) -> Subquery:
    """The net of a document's lines of one affectation."""
    lines = Line.objects.filter(document=OuterRef("pk"), affectation=affectation.value).order_by()
    return Subquery(lines.values("document").annotate(sum=Sum("net")).values("sum"))


ANNOTATIONS = {_annotation(each): _net_of(each) for each in _AFFECTATIONS}


def _type(document: Document) -> str:
    """The stored code where it is one of SUNAT's; a note's is always 07. A factura is not told from a boleta by guessing."""
    if document.kind == Kind.CREDIT:
        return DocumentType.CREDIT_NOTE.value
    return document.series if document.series in {each.value for each in DocumentType} else ""


def _series_and_number(document: Document) -> tuple[str, str]:
    series, dash, number = printed_number(document).partition("-")
    return (series, number) if dash else ("", document.number)


def _reference(document: Document) -> dict[str, object]:
    """The document that a note modifies."""
    modified = document.credited
    if modified is None:
        return {}
    series, number = _series_and_number(modified)
    return {
        "reference_date": local_date(modified.issue_date, LIMA) if modified.issue_date else None,
        "reference_type": _type(modified),
        "reference_series": series,
        "reference_number": number,
    }


def _figure(text: object) -> Decimal | None:
    return Decimal(str(text)) if text else None
