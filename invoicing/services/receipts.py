"""The rules of movements of money: what may be recorded on which document, what is confirmed first, what may be reversed.

Nothing here writes. Money is what came in as a receipt or an advance; a withholding settles a document too, but the receiver
paid it to the authority, so it can't be returned by us.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal import money
from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, LegalStatus, Submission
from cifras.fiscal.zones import local_date
from invoicing.models import Document, Settlement
from invoicing.services.finding import as_uuid

_EARLIEST = date(2000, 1, 1)
_LONGEST = {"note": 500, "certificate_number": 50, "external_reference": 100}
_RECEIVED = (Settlement.Kind.RECEIPT, Settlement.Kind.ADVANCE)
ABOVE_TAX = "withholding_above_tax"


@dataclass(frozen=True, slots=True)
class Movement:
    """What somebody wants to record; `amount` positive, in the document's currency; `day` local."""

    kind: str
    amount: Decimal
    day: date
    method: str = ""
    note: str = ""
    certificate_number: str = ""
    certificate_date: date | None = None
    external_reference: str = ""


def reasons(document: Document, movement: Movement, *, confirmed: bool) -> list[RuleBroken]:
    """Every reason why the movement may not be recorded; `confirmed` lets a withholding pass that exceeds the tax."""
    found = [*_form_reasons(movement), *_certificate_reasons(movement)]
    if found:
        return found
    found = _place_reasons(document, movement)
    if found or confirmed:
        return found
    return _tax_caution(document, movement.kind, movement.amount)


def cautions(document: Document, kind: str, amount: Decimal, *, owed: Decimal) -> list[RuleBroken]:
    """What a person should see before a movement is recorded: too much withheld, more than is owed (`owed`)."""
    found = _tax_caution(document, kind, amount)
    if kind != Settlement.Kind.REFUND and amount > owed:
        found.append(
            RuleBroken(
                "overpayment",
                gettext_noop(
                    "El movimiento supera el saldo por {excess}: ese importe queda a favor del cliente."
                ),
                "amount",
                excess=amount - owed,
            )
        )
    return found


def settled(document: Document) -> Decimal:
    """Receipts, withholdings and advances less refunds; an invoice's also less what was returned over its notes."""
    own = _net(document.settlements.all())
    return own - returned_over_notes(document) if document.kind == Kind.INVOICE else own


def returned_over_notes(invoice: Document) -> Decimal:
    """What was returned on the invoice's credit notes, whatever became of the notes: it left."""
    return -_net(Settlement.objects.filter(document__credited=invoice, document__kind=Kind.CREDIT))


def received(document: Document) -> Decimal:
    """The money of a document that is still with us: receipts and advances less refunds, those over notes included."""
    kinds = [*_RECEIVED, Settlement.Kind.REFUND]
    own = _net(document.settlements.filter(kind__in=kinds))
    return own - returned_over_notes(document) if document.kind == Kind.INVOICE else own


def returnable(document: Document) -> Decimal:
    """How much may be returned: of an invoice what was received, of a note no more than its total or its invoice's money."""
    if document.kind == Kind.INVOICE:
        return received(document)
    left: Decimal = document.total + _net(document.settlements.all())
    return min(left, received(document.credited)) if document.credited else left


def passed_on_to(document: Document) -> Decimal:
    """What came over from the document that this one replaces, or from another one of the receiver."""
    return _net(document.settlements.exclude(moved_from=None))


def is_without_effect(document: Document) -> bool:
    """Void, discarded or rejected: nothing is owed for it any more."""
    is_rejected = document.legal_status in REJECTED_LEGAL
    return document.is_voided or is_rejected or document.submission == Submission.DISCARDED


def get_settlement(uid: uuid.UUID | str, *, actor: Staff | None) -> Settlement:
    """The movement with our id; RuleBroken when it does not exist or belongs to a tenant out of sight."""
    rows = Settlement.objects.visible_to(actor) if actor else Settlement.objects.all()
    key = as_uuid(uid)
    found = (
        rows.select_related("document__tenant", "document__office").filter(uid=key).first() if key else None
    )
    if found is None:
        raise RuleBroken(
            "unknown_settlement", gettext_noop("No hay ningún movimiento con ese identificador a su alcance.")
        )
    return found


def pair_of(row: Settlement) -> list[Settlement]:
    """The movement, with its other side where money was passed between two documents."""
    related = Settlement.objects.select_related("document__tenant", "document__office")
    return [row, *related.filter(Q(moved_from=row) | Q(moved_to=row))]


def require_reversal(pair: Sequence[Settlement], reason: str) -> str:
    """The clean reason; RuleBroken without one, or where more would have been returned than was received."""
    clean = reason.strip()
    if not clean or len(clean) > _LONGEST["note"]:
        raise RuleBroken(
            "reversal_reason",
            gettext_noop("Diga en pocas palabras por qué se revierte: queda en el historial."),
            "reason",
        )
    for row in pair:
        is_income = row.kind in _RECEIVED
        if is_income and not any(other.moved_from_id == row.pk for other in pair):
            _require_not_returned(row)
    return clean


def _require_not_returned(row: Settlement) -> None:
    left = received(row.document) - row.amount
    if left < 0:
        raise RuleBroken(
            "reverse_refund_first",
            gettext_noop("De este dinero ya se devolvieron {amount}: revierta primero esa devolución."),
            amount=-left,
        )


def certificate_reasons(row: Settlement, number: str, day: date | None) -> list[RuleBroken]:
    """Why this certificate may not be written on this movement."""
    if row.kind != Settlement.Kind.WITHHOLDING or row.reversed_at:
        text = gettext_noop("Solo una retención que no se haya revertido lleva certificado.")
        return [RuleBroken("certificate_without_withholding", text, "certificate_number")]
    found = _certificate_reasons(Movement(row.kind, row.amount, row.date, certificate_date=day))
    if not number or len(number) > _LONGEST["certificate_number"]:
        text = gettext_noop("Escriba el número del certificado, en 50 caracteres como mucho.")
        found.append(RuleBroken("certificate_number", text, "certificate_number"))
    return found


def _net(rows: Iterable[Settlement]) -> Decimal:
    """Summed here and not in the database: SQLite reckons amounts in binary fractions."""
    return sum((row.signed for row in rows), ZERO)


def _form_reasons(movement: Movement) -> list[RuleBroken]:
    found = []
    if movement.kind not in Settlement.Kind.values:
        text = gettext_noop("Elija qué fue: cobro, retención, anticipo o devolución.")
        found.append(RuleBroken("unknown_settlement_kind", text, "kind"))
    found += _amount_reasons(movement.amount)
    if not _EARLIEST <= movement.day <= local_date(timezone.now()):
        text = gettext_noop(
            "La fecha del movimiento no puede estar en el futuro ni ser anterior al año 2000."
        )
        found.append(RuleBroken("settlement_date", text, "day"))
    is_credit = movement.method == PaymentMethod.CREDIT
    if movement.method and (is_credit or not PaymentMethod.knows(movement.method)):
        text = gettext_noop("La forma de pago «{method}» no sirve para un movimiento de dinero.")
        found.append(RuleBroken("settlement_method", text, "method", method=movement.method))
    for name, longest in _LONGEST.items():
        if len(getattr(movement, name)) > longest:
            text = gettext_noop("Caben {longest} caracteres: acorte el texto.")
            found.append(RuleBroken("text_too_long", text, name, longest=longest))
    return found


def _amount_reasons(amount: Decimal) -> list[RuleBroken]:
    if not amount.is_finite() or amount <= 0:
        text = gettext_noop("El monto debe ser mayor que cero.")
        return [RuleBroken("amount_not_positive", text, "amount")]
    if amount >= money.LIMIT:
        text = gettext_noop("La cifra {value} es demasiado grande. Revise los ceros.")
        return [RuleBroken("amount_too_large", text, "amount", value=f"{amount:f}")]
    if not money.is_whole_cents(amount):
        text = gettext_noop("El monto lleva dos decimales como mucho.")
        return [RuleBroken("amount_two_decimals", text, "amount")]
    return []


def _certificate_reasons(movement: Movement) -> list[RuleBroken]:
    if movement.kind != Settlement.Kind.WITHHOLDING:
        if not movement.certificate_number and movement.certificate_date is None:
            return []
        text = gettext_noop("Solo una retención lleva certificado.")
        return [RuleBroken("certificate_without_withholding", text, "certificate_number")]
    day = movement.certificate_date
    if day is not None and not _EARLIEST <= day <= local_date(timezone.now()):
        text = gettext_noop("La fecha del certificado no puede estar en el futuro.")
        return [RuleBroken("certificate_date", text, "certificate_date")]
    return []


def _place_reasons(document: Document, movement: Movement) -> list[RuleBroken]:
    """Why this document takes no such movement."""
    if document.is_received:
        text = gettext_noop("Es una compra de la empresa: sus cobros no se llevan aquí.")
        return [RuleBroken("received_takes_no_settlement", text, "kind")]
    is_refund = movement.kind == Settlement.Kind.REFUND
    if not is_refund and document.kind == Kind.CREDIT:
        text = gettext_noop("En una nota de crédito solo se registran devoluciones.")
        return [RuleBroken("note_takes_refunds_only", text, "kind")]
    if not is_refund and is_without_effect(document):
        text = gettext_noop(
            "El documento no tiene efecto: ya no se cobra. Solo puede registrarse una devolución."
        )
        return [RuleBroken("without_effect_takes_refunds_only", text, "kind")]
    if not is_refund:
        return []
    if document.kind == Kind.CREDIT and document.legal_status != LegalStatus.DGI_AUTHORIZED:
        text = gettext_noop(
            "La nota de crédito aún no está autorizada por la DGI: todavía no se devuelve nada."
        )
        return [RuleBroken("note_not_authorised", text, "kind")]
    limit = max(returnable(document), ZERO)
    if movement.amount <= limit:
        return []
    text = gettext_noop("No se puede devolver {amount}: lo recibido y aún no devuelto es {limit}.")
    return [
        RuleBroken("refund_above_received", text, "amount", amount=str(movement.amount), limit=str(limit))
    ]


def _tax_caution(document: Document, kind: str, amount: Decimal) -> list[RuleBroken]:
    """More withheld than the ITBMS, or than the retention that the document itself declares."""
    if kind != Settlement.Kind.WITHHOLDING:
        return []
    limit = document.itbms if document.retention_amount is None else document.retention_amount
    withheld = _net(document.settlements.filter(kind=Settlement.Kind.WITHHOLDING)) + amount
    if withheld <= limit:
        return []
    text = gettext_noop("Con esto lo retenido suma {withheld} y la retención del documento es de {limit}.")
    return [RuleBroken(ABOVE_TAX, text, "amount", withheld=str(withheld), limit=str(limit))]
