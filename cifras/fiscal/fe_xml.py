"""The DGI's XML of an electronic invoice (rFE, format 1.00), read for what it states.

Source: DGI contract 3; a PAC wraps the rFE into its container (rContFe/xFe) or hands it out bare. Elements are known by their
local names, wherever a provider puts them inside their group. The signature is not verified here: the XML says what the
issuer stated, and whether the DGI authorised it is another question. Entities and document types are refused before they
are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cifras.fiscal import money
from cifras.fiscal.document import (
    ZERO,
    Contributor,
    ForeignId,
    Instalment,
    Line,
    OtherTax,
    Party,
    Payment,
    PaymentTime,
    ReceiverType,
)
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.money import round_half_up
from cifras.fiscal.stated import StatedRate, StatedTotals
from cifras.fiscal.zones import PANAMA

LARGEST = 5 * 1024 * 1024
MOST_LINES = 9999
FIELD = "files"

_RATES = {"00": Decimal(0), "01": Decimal(7), "02": Decimal(10), "03": Decimal(15)}
_RECEIVERS = {
    "01": ReceiverType.CONTRIBUYENTE,
    "02": ReceiverType.CONSUMIDOR_FINAL,
    "03": ReceiverType.GOBIERNO,
    "04": ReceiverType.EXTRANJERO,
}
_CONTRIBUTORS = {"1": Contributor.NATURAL, "2": Contributor.JURIDICO}
_PAYMENT_TIMES = {"1": PaymentTime.CASH, "2": PaymentTime.CREDIT, "3": PaymentTime.MIXED}


@dataclass(frozen=True, slots=True)
class FiscalXml:
    """What an rFE states. `issue_date` is None, `totals` too, where it doesn't say them."""

    cufe: str
    issuer_name: str
    receiver: Party
    issue_date: datetime | None
    totals: StatedTotals | None
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] = ()
    payment_time: PaymentTime = PaymentTime.CASH
    instalments: tuple[Instalment, ...] = ()
    change: Decimal = ZERO
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    retention_code: str = ""
    retention_amount: Decimal | None = None
    reference_cufe: str = ""
    reference_date: datetime | None = None


def read(content: bytes) -> FiscalXml | None:
    """What the XML states; None when it is a well-formed XML of another kind.

    Raises RuleBroken (xml_unreadable, xml_unsafe, xml_too_large, or about a figure) with the field ``files``.
    """
    root = _parsed(content)
    invoice = root if _name(root) == "rFE" else next(_all(root, "rFE"), None)
    if invoice is None:
        return None
    try:
        return _read(invoice)
    except RuleBroken as reason:
        raise reason.at(FIELD) from None


def _parsed(content: bytes) -> Element:
    if len(content) > LARGEST:
        raise RuleBroken(
            "xml_too_large",
            gettext_noop("El XML pasa de {limit} MiB: no es el de una factura electrónica."),
            FIELD,
            limit=LARGEST // 1024**2,
        )
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise RuleBroken(
            "xml_unsafe",
            gettext_noop(
                "El XML declara entidades o un tipo de documento, cosa que una factura electrónica no hace: no se leyó."
            ),
            FIELD,
        ) from None
    except (ParseError, ValueError, LookupError):
        raise RuleBroken(
            "xml_unreadable", gettext_noop("El archivo no es un XML íntegro: expórtelo de nuevo."), FIELD
        ) from None
    return root


def _read(invoice: Element) -> FiscalXml:
    head, totals = _group(invoice, "gDGen"), _group(invoice, "gTot")
    items = list(_children(invoice, "gItem"))
    if len(items) > MOST_LINES:
        raise RuleBroken("xml_too_large", gettext_noop("El XML trae más líneas de las que caben."))
    lines = tuple(_line(item) for item in items)
    retention, reference = _group(totals, "gRetenc"), _group(head, "gDFRef")
    return FiscalXml(
        cufe=_text(invoice, "dId").upper()[:66],
        issuer_name=_text(_group(head, "gEmis"), "dNombEm")[:200],
        receiver=_receiver(_group(head, "gDatRec")),
        issue_date=_moment(_text(head, "dFechaEm")),
        totals=_totals(totals, items, lines),
        lines=lines,
        payments=tuple(
            Payment(
                _text(row, "iFormaPago")[:2], _cents(row, "dVlrCuota"), _text(row, "dFormaPagoDesc")[:100]
            )
            for row in _all(totals, "gFormaPago")
        ),
        payment_time=_PAYMENT_TIMES.get(_text(totals, "iPzPag"), PaymentTime.CASH),
        instalments=tuple(_instalments(totals)),
        change=_cents(totals, "dVuelto"),
        freight=_cents(totals, "dTotAcar"),
        insurance=_cents(totals, "dTotSeg"),
        retention_code=_text(retention, "cCodRetenc")[:1],
        retention_amount=_cents(retention, "cValRetenc") if _text(retention, "cValRetenc") else None,
        reference_cufe=_text(reference, "dCUFERef").upper()[:66],
        reference_date=_moment(_text(reference, "dFechaDFRef")),
    )


def _totals(totals: Element, items: list[Element], lines: tuple[Line, ...]) -> StatedTotals | None:
    if not _text(totals, "dVTot"):
        return None
    other = sum((tax.amount for line in lines for tax in line.oti), ZERO)
    return StatedTotals(
        net=_cents(totals, "dTotNeto"),
        itbms=_cents(totals, "dTotITBMS"),
        total=_cents(totals, "dVTot"),
        isc=_cents(totals, "dTotISC"),
        oti=round_half_up(other),
        discount=_cents(totals, "dTotDesc"),
        charges=_cents(totals, "dTotAcar") + _cents(totals, "dTotSeg") + round_half_up(_line_charges(items)),
        by_rate=_by_rate(items, lines),
    )


def _by_rate(items: list[Element], lines: tuple[Line, ...]) -> tuple[StatedRate, ...]:
    """Bases and taxes of the lines as stated; a line that states none is reckoned from its price."""
    sums: dict[Decimal, list[Decimal]] = {}
    for item, line in zip(items, lines, strict=True):
        reckoned = round_half_up(line.quantity * (line.unit_price - line.unit_discount))
        base = _amount(item, "dPrItem") if _text(item, "dPrItem") else reckoned
        stated = _text(item, "dValITBMS")
        tax = _amount(item, "dValITBMS") if stated else round_half_up(base * line.tax_rate / 100)
        of_rate = sums.setdefault(line.tax_rate, [ZERO, ZERO])
        of_rate[0] += base
        of_rate[1] += tax
    return tuple(
        StatedRate(rate, round_half_up(base), round_half_up(tax))
        for rate, (base, tax) in sorted(sums.items())
    )


def _line_charges(items: list[Element]) -> Decimal:
    """Freight and insurance that stand on lines."""
    return sum((_amount(item, name) for item in items for name in ("dPrAcarItem", "dPrSegItem")), ZERO)


def _line(item: Element) -> Line:
    code = _text(item, "dTasaITBMS") or "00"
    if code not in _RATES:
        raise RuleBroken(
            "xml_rate",
            gettext_noop("El XML trae un código de ITBMS que la DGI no tiene: {rate}."),
            rate=code[:10],
        )
    description = _text(item, "dDescProd")[:500] or "—"
    return Line(
        description=description,
        quantity=_amount(item, "dCantCodInt") or Decimal(1),
        unit_price=_amount(item, "dPrUnit"),
        tax_rate=_RATES[code],
        code=_text(item, "dCodProd")[:50],
        unit=_text(item, "cUnidad")[:20] or "und",
        unit_discount=_amount(item, "dPrUnitDesc"),
        cpbs_code=(_text(item, "dCodCPBScmp") or _text(item, "dCodCPBSabr"))[:10],
        cpbs_unit=_text(item, "cUnidadCPBS")[:20],
        isc_amount=_cents(item, "dValISC"),
        oti=tuple(
            OtherTax(_text(row, "dCodOTI")[:2], _cents(row, "dValOTI")) for row in _all(item, "gOTIItem")
        ),
    )


def _receiver(data: Element) -> Party:
    foreign = _group(data, "gIdExt")
    number = _text(foreign, "dIdExt")[:50]
    return Party(
        type=_RECEIVERS.get(_text(data, "iTipoRec").zfill(2), ReceiverType.CONSUMIDOR_FINAL),
        name=_text(data, "dNombRec")[:200],
        contributor=_CONTRIBUTORS.get(_text(data, "dTipoRuc")),
        ruc=_text(data, "dRuc").lstrip("0")[:20],
        dv=_text(data, "dDV")[:2],
        address=_text(data, "dDirecRec")[:500],
        location=_text(data, "dCodUbi")[:8],
        country=_text(data, "cPaisRec")[:2] or "PA",
        telephones=tuple(text[:50] for text in _texts(data, "dTfnRec")),
        emails=tuple(text[:100] for text in _texts(data, "dCorElectRec")),
        foreign_id=ForeignId(number, _text(foreign, "dPaisExt")[:100]) if number else None,
    )


def _instalments(totals: Element) -> Iterator[Instalment]:
    for sequence, row in enumerate(_all(totals, "gPagPlazo"), start=1):
        moment = _moment(_text(row, "dFecItPlazo"))
        if moment is not None:
            due: date = moment.astimezone(PANAMA).date()
            yield Instalment(sequence, due, _cents(row, "dValItPlazo"), _text(row, "dInfPagPlazo")[:200])


def _moment(text: str) -> datetime | None:
    """A moment of the XML; one without its zone is Panama's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=PANAMA)


def _amount(group: Element, name: str) -> Decimal:
    text = _text(group, name)
    return money.amount(text) if text else ZERO


def _cents(group: Element, name: str) -> Decimal:
    return round_half_up(_amount(group, name))


def _name(element: Element) -> str:
    """The local name; comments and the like have none."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _all(group: Element, name: str) -> Iterator[Element]:
    return (element for element in group.iter() if _name(element) == name)


def _children(group: Element, name: str) -> Iterator[Element]:
    return (element for element in group if _name(element) == name)


def _group(parent: Element, name: str) -> Element:
    """The first such group; an empty one where there is none."""
    return next(_all(parent, name), Element(name))


def _texts(group: Element, name: str) -> list[str]:
    return [text for element in _all(group, name) if (text := _clean(element.text))]


def _text(group: Element, name: str) -> str:
    return next(iter(_texts(group, name)), "")


def _clean(text: str | None) -> str:
    return " ".join((text or "").split())
