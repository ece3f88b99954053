"""A document issued at the provider as rows of ours: its own figures and words, copied and never computed.

None of our rules for drafting applies: SUNAT has judged it. What our columns cannot hold, or what makes no document (no number,
no moment, no currency, no total), is refused with a reason, and a person sees it.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal

from cifras.fiscal import money
from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.catalogues.sunat import DocumentType, Operation
from cifras.fiscal.document import Comprobante, Kind, Party, PaymentTime, PeruTerms, ReceiverType
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.pac.contract import IssuedDocument, IssuedLine, IssuedReference
from cifras.pac.masking import storable
from invoicing.models import Document, Instalment, Line, Payment
from invoicing.models.choices import Mode
from invoicing.services import tracking
from invoicing.services.laws import law_of
from invoicing.services.numbering import pass_number
from invoicing.services.parties import issuer_snapshot, party_snapshot
from tenants.models import BillingPoint, Office, Tenant
from tenants.services.accounts import company_id

_CURRENCY = re.compile(r"[A-Z]{3}")
_CENT, _SIXTH = Decimal("0.01"), Decimal("0.000001")
_IGV, _ISC = frozenset({"IGV", "IVAP"}), "ISC"
_TOLERANCE = Decimal(1)  # what SUNAT lets figures differ by
_MOST_RATE = Decimal(1000)
_MOST_QUANTITY = Decimal(10) ** 10
_ZERO = Decimal(0)


def reasons(whole: IssuedDocument) -> list[RuleBroken]:
    """Why it makes no document here; empty where it does."""
    found = []
    if not whole.series or not 0 < whole.number < 10**8:
        found.append(
            _cannot("mirrored_without_number", gettext_noop("El PAC no dice una serie y un número legibles."))
        )
    if whole.issued_at is None:
        found.append(_cannot("mirrored_without_date", gettext_noop("El PAC no dice cuándo se emitió.")))
    if not _CURRENCY.fullmatch(whole.currency):
        found.append(_cannot("mirrored_without_currency", gettext_noop("El PAC no dice su moneda.")))
    if whole.total is None or whole.total < 0:
        found.append(_cannot("mirrored_without_total", gettext_noop("El PAC no dice un total legible.")))
    amounts = (whole.total, whole.net, *whole.taxes.values(), *(each.amount for each in whole.instalments))
    if any(amount is not None and amount.copy_abs() >= money.LIMIT for amount in amounts) or not all(
        _fits(line) for line in whole.lines
    ):
        found.append(_cannot("amount_too_large", gettext_noop("Una de sus cifras no cabe en ningún libro.")))
    return found


def number_of(tenant: Tenant, whole: IssuedDocument) -> str:
    """Its number as the tenant's documents are kept: with left zeros."""
    return f"{whole.number:0{law_of(tenant).number_digits}d}"


def build(tenant: Tenant, whole: IssuedDocument) -> Document:
    """Write the document with its lines, not yet with the authority's word, inside the caller's transaction.

    Raises RuleBroken where it makes none. If the tenant issues in that series here, too, the series goes on behind the number.
    """
    refuse(reasons(whole))
    office, is_point_here = _office(tenant, whole.series)
    document = _head(tenant, office, whole)
    for name, value in {**tracking.acceptance(whole.answer), "provider": tenant.pac_provider}.items():
        setattr(document, name, value)
    if is_point_here and document.legal_status == "":
        # Before the row is written: whoever takes a number for a document of ours holds the series first, too.
        pass_number(office, whole.series, whole.document_type, document.number)
    document.save(force_insert=True)
    _write_parts(document, whole)
    return document


def _head(tenant: Tenant, office: Office, whole: IssuedDocument) -> Document:
    party = whole.receiver or Party(ReceiverType.CONSUMIDOR_FINAL, country=tenant.country)
    igv, isc, others = _taxes(whole)
    total = _cents(whole.total)
    net = _cents(whole.net) if whole.net is not None else total - igv - isc - others
    due = [each.due_date for each in whole.instalments]
    return Document(
        tenant=tenant,
        office=office,
        is_mirrored=True,
        kind=whole.kind or Kind.INVOICE,
        mode=Mode.DGI,
        environment=tenant.environment,
        pac_company_id=company_id(tenant),
        external_id=_free_external_id(tenant, whole),
        series=whole.document_type,
        billing_point=whole.series,
        number=number_of(tenant, whole),
        issue_date=whole.issued_at,
        due_date=max(due) if due else None,
        next_due_date=min(due) if due else None,
        issuer_data=issuer_snapshot(tenant, office),
        receiver_data=party_snapshot(party),
        receiver_name=_text(party.name, 200),
        receiver_ruc=_text(party.identity_number, 20),
        notes=_text(whole.notes, 5000),
        currency=whole.currency,
        payment_time=whole.payment_time or PaymentTime.CASH,
        peru=_terms(whole),
        net=net,
        itbms=igv,
        isc=isc,
        oti=others,
        total=total,
        totals_by_rate=_by_rate(whole, net, igv),
    )


def _office(tenant: Tenant, series: str) -> tuple[Office, bool]:
    """Where the series belongs, and whether it is one of ours; a series that only the provider knows is the main office's."""
    point = BillingPoint.objects.select_related("office").filter(office__tenant=tenant, code=series).first()
    if point:
        return point.office, True
    offices = tenant.offices.order_by("pk")
    office = offices.filter(type=Office.Type.MAIN).first() or offices.first()
    if office is None:
        raise _cannot(
            "mirrored_without_office",
            gettext_noop(
                "La empresa no tiene ningún establecimiento: regístrelo y traiga el documento otra vez."
            ),
        )
    return office, False


def _free_external_id(tenant: Tenant, whole: IssuedDocument) -> str:
    """Its reference, unless another document bears it, or it is longer than any of ours."""
    name = storable(whole.external_id)
    rows = Document.objects.filter(tenant=tenant, kind=whole.kind, external_id=name, is_superseded=False)
    return name if 0 < len(name) <= 100 and not rows.exists() else ""


def _terms(whole: IssuedDocument) -> dict[str, object]:
    terms = PeruTerms(
        document_kind=_comprobante(whole),
        series=whole.series,
        currency=whole.currency,
        operation_type=Operation.INTERNAL_SALE,
        reason_code=_text(whole.reason_code, 2),
        reason=_text(whole.reason, 500),
    )
    return asdict(terms) | {"affected": name_of(whole.reference) if whole.reference else ""}


def name_of(reference: IssuedReference) -> str:
    """Under which name the invoice of a note is waited for: type, series and number."""
    return f"{reference.document_type}-{reference.series}-{reference.number}"


def _comprobante(whole: IssuedDocument) -> Comprobante:
    """Factura or boleta; of a note, what it takes from, else what its series begins with."""
    document_type = whole.document_type
    if whole.kind is Kind.CREDIT:
        document_type = whole.reference.document_type if whole.reference else ""
    is_of_boleta = document_type == DocumentType.BOLETA or (
        not document_type and whole.series.startswith("B")
    )
    return Comprobante.BOLETA if is_of_boleta else Comprobante.FACTURA


def _taxes(whole: IssuedDocument) -> tuple[Decimal, Decimal, Decimal]:
    """IGV, ISC, and every other one, such as that on plastic bags."""
    igv = sum((_cents(amount) for code, amount in whole.taxes.items() if code in _IGV), _ZERO)
    isc = _cents(whole.taxes.get(_ISC))
    others = sum((_cents(a) for code, a in whole.taxes.items() if code not in _IGV and code != _ISC), _ZERO)
    return igv, isc, others


def _by_rate(whole: IssuedDocument, net: Decimal, igv: Decimal) -> list[dict[str, str]]:
    """Bases and taxes by rate, from the lines; a rounding between them and the totals goes to the largest base."""
    sums: dict[Decimal, tuple[Decimal, Decimal]] = {}
    for line in whole.lines:
        base, tax = sums.get(line.tax_rate, (_ZERO, _ZERO))
        sums[line.tax_rate] = base + _cents(line.net), tax + _cents(line.tax)
    gaps = net - sum(base for base, _ in sums.values()), igv - sum(tax for _, tax in sums.values())
    if not sums or any(abs(gap) > _TOLERANCE for gap in gaps):
        rate = (igv * 100 / net).quantize(Decimal(1), ROUND_HALF_UP) if net else _ZERO
        sums = {rate: (net, igv)}
    else:
        largest = max(sums, key=lambda rate: sums[rate])
        sums[largest] = sums[largest][0] + gaps[0], sums[largest][1] + gaps[1]
    return [
        {"rate": f"{rate.normalize():f}", "base": str(base), "tax": str(tax)}
        for rate, (base, tax) in sums.items()
    ]


def _write_parts(document: Document, whole: IssuedDocument) -> None:
    Line.objects.bulk_create(_lines(document, whole.lines))
    Instalment.objects.bulk_create(
        Instalment(
            document=document, sequence=each.sequence, due_date=each.due_date, amount=_cents(each.amount)
        )
        for each in whole.instalments
    )
    if whole.kind is Kind.INVOICE and whole.payment_time is PaymentTime.CASH:
        Payment.objects.create(document=document, method=PaymentMethod.OTHER, amount=document.total)


def _lines(document: Document, lines: Iterable[IssuedLine]) -> list[Line]:
    return [
        Line(
            document=document,
            position=position,
            code=_text(line.code, 50),
            description=_text(line.description, 500) or "—",
            unit=_text(line.unit, 20),
            quantity=line.quantity.quantize(_SIXTH, ROUND_HALF_UP),
            unit_price=line.unit_price.quantize(_SIXTH, ROUND_HALF_UP),
            tax_rate=line.tax_rate.quantize(_CENT, ROUND_HALF_UP),
            affectation=_text(line.affectation, 2),
            net=_cents(line.net),
            itbms=_cents(line.tax),
            total=_cents(line.total),
        )
        for position, line in enumerate(lines, start=1)
    ]


def _fits(line: IssuedLine) -> bool:
    amounts = (line.unit_price, line.net, line.tax, line.total)
    return (
        line.quantity.copy_abs() < _MOST_QUANTITY
        and _ZERO <= line.tax_rate < _MOST_RATE
        and all(amount.copy_abs() < money.LIMIT for amount in amounts)
    )


def _cents(amount: Decimal | None) -> Decimal:
    return (amount or _ZERO).quantize(_CENT, ROUND_HALF_UP)


def _text(text: str, longest: int) -> str:
    return storable(text)[:longest]


def _cannot(code: str, sentence: str) -> RuleBroken:
    return RuleBroken(code, sentence, "document")
