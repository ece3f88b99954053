"""Peru's sales register (Registro de ventas e ingresos): SUNAT's codes for document (table 10) and identity (catalogue 06).

What carries no IGV is told apart by the affectation of its lines (catalogue 07): exonerated, unaffected, exported. The ICBPER is
stored as other taxes, and is no base of any. Days are Lima's. Amounts stand in the document's currency, and beside it in soles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext_lazy as _

from cifras.core.exports import CellKind
from cifras.fiscal.catalogues.sunat import SOLES, DocumentType
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.zones import LIMA, local_date
from invoicing.models import Document, Line
from reports.models import MonthlyRate
from reports.services.books import soles
from reports.services.books.population import (
    VOID,
    Amounts,
    Rates,
    mark_of,
    net_rates,
    sign_of,
    sold,
)
from reports.services.books.shapes import Column, Mark, More, Period, amount
from reports.services.facts import EXPORT, bases_and_taxes
from reports.services.rollups import cents

TITLE = _("Registro de ventas")
NOTE = _(
    "Los importes en soles (S/) usan el tipo de cambio de venta publicado para la fecha de emisión; los de una nota de crédito, "
    "el de la fecha del comprobante que modifica."
)
_WITHOUT_TAX = "0"
_AFFECTATIONS = {
    Affectation.EXPORT: EXPORT,
    Affectation.EXONERATED: "exonerated",
    Affectation.UNAFFECTED: "unaffected",
}
_RUC_LENGTH = 11
_RUC = "6"  # catalogue 06
_KEPT = ("retention", "detraction")
_IN_SOLES = tuple(column.key for column in soles.COLUMNS)
_DOWN = Mark(_("De baja"), "block", "grey")


def _unprinted(label: Any, key: str) -> Column:
    """An amount in the document's own currency: on paper stands the one in soles."""
    return replace(amount(label, key), is_on_paper=False)


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
    _unprinted(_("Exportación"), "export"),
    _unprinted(_("Base gravada"), "taxed"),
    _unprinted(_("IGV"), "igv"),
    _unprinted(_("Exonerado"), "exonerated"),
    _unprinted(_("Inafecto"), "unaffected"),
    _unprinted(_("ISC"), "isc"),
    _unprinted(_("ICBPER"), "icbper"),
    _unprinted(_("Otros cargos y descuentos"), "other"),
    amount(_("Importe total"), "total"),
    Column(_("Moneda"), key="currency"),
    Column(_("Tipo de cambio"), CellKind.NUMBER, "exchange_rate"),
    *soles.COLUMNS,
    amount(_("Retención"), "retention"),
    amount(_("Detracción"), "detraction"),
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


def more(document: Document, sums: Mapping[str, Decimal], sign: int) -> Mapping[str, object]:
    """The same in soles with the rate, and what the receiver keeps or pays into the issuer's account."""
    is_foreign = document.currency != SOLES
    converted = soles.in_soles(document, sums)
    cells: dict[str, object] = {
        **converted,
        "exchange_rate": soles.rate_of(document) if is_foreign else None,
        "retention": sign * (expected_retention(document) or ZERO) + ZERO,
        "detraction": sign * _detraction(document) + ZERO,
    }
    if None in converted.values():
        cells["mark"] = soles.mark_of(soles.unrated(document))
    return cells


def more_foot(period: Period, sums: Mapping[str, Mapping[str, Decimal]]) -> More:
    """The sums of `more`: of soles those of the month, of what else there is one by one."""
    found: dict[str, dict[str, Decimal]] = {currency: {} for currency in sums}
    if SOLES in sums:
        found[SOLES] = {f"{SOLES}:{key}": value for key, value in sums[SOLES].items()}
    unrated = set()
    for document in _special(period).iterator(chunk_size=2_000):
        sign = sign_of(document.kind, is_voided=False)
        amounts = Amounts(rates(document), document.isc, document.oti, document.total).times(sign)
        cells, of_currency = more(document, folded(amounts), sign), found.setdefault(document.currency, {})
        for key in _KEPT if document.currency == SOLES else (*_KEPT, *_IN_SOLES):
            value = cells[key]
            of_currency[key] = of_currency.get(key, ZERO) + (value if isinstance(value, Decimal) else ZERO)
        if "mark" in cells:
            unrated.add(soles.unrated(document))
    return More(found, sorted(unrated, key=lambda each: (each.currency, each.day or date.min)))


def _special(period: Period) -> Any:
    """What is in another currency, or has a retention or a detraction."""
    wanted = ~Q(currency=SOLES) | Q(retention_amount__gt=0) | Q(peru__detraction__amount__isnull=False)
    rows = sold(period).filter(wanted).exclude(void_status=VoidStatus.VOIDED)
    return rows.annotate(**ANNOTATIONS).only(
        "kind", "currency", "isc", "oti", "total", "totals_by_rate", "retention_amount", "peru", "is_received"
    )


def _detraction(document: Document) -> Decimal:
    kept = (document.peru or {}).get("detraction") or {}
    return Decimal(kept["amount"]) if kept.get("amount") else ZERO


def foot_rates(period: Period, rows: Sequence[MonthlyRate]) -> Mapping[str, Rates]:
    """The month's, by currency; what carries no IGV from the lines."""
    found = net_rates(period, rows)
    untaxed = Line.objects.filter(
        document__in=sold(period).exclude(void_status=VoidStatus.VOIDED), affectation__in=list(_AFFECTATIONS)
    )
    nets: Any = (
        untaxed.order_by()
        .values_list("document__currency", "document__kind", "affectation")
        .annotate(base=Sum("net"))
    )
    for currency, kind, affectation, base in nets:
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


ANNOTATIONS = {_annotation(each): _net_of(each) for each in _AFFECTATIONS} | dict(soles.ANNOTATIONS)


def _type(document: Document) -> str:
    """The stored code where it is one of SUNAT's; a note's is always 07. A factura is not told from a boleta by guessing."""
    if document.kind == Kind.CREDIT:
        return DocumentType.CREDIT_NOTE.value
    return document.series if document.series in {each.value for each in DocumentType} else ""


def _series_and_number(document: Document) -> tuple[str, str]:
    series, dash, number = document.printed_number.partition("-")
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
