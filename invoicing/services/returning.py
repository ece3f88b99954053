"""What becomes of money already received when its document loses its effect, or owes some back.

A person answers when the document is voided or corrected; the answer is carried out in the transaction in which the document
loses its effect (domain 9). Without an answer the money stays where it is, as an amount to be returned.
"""

import uuid
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal import money
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.lifecycle import Submission
from cifras.fiscal.zones import local_date
from invoicing.models import Document, Settlement
from invoicing.models.choices import MoneyAnswer
from invoicing.services import receipts, settling, timeline
from invoicing.services.finding import find_document, get_document
from invoicing.services.receipts import Movement

# Written on rows that nobody typed; pages translate them.
AT_THE_VOID = gettext_noop("Al quedar sin efecto el documento.")
FELL = gettext_noop("La retención cae con el documento que quedó sin efecto.")
CERTIFICATE_AGAIN = gettext_noop("Viene del documento que este reemplaza: falta el certificado nuevo.")


def require_answer(answer: str) -> str:
    """The answer itself; RuleBroken unless it is one of those offered, or empty."""
    if answer and answer not in MoneyAnswer.values:
        raise RuleBroken(
            "unknown_money_answer",
            gettext_noop("Elija qué hacer con el dinero recibido: devolverlo, pasarlo o dejarlo a favor."),
            "money",
        )
    return answer


def has_money(document: Document) -> bool:
    """Whether there is money about which to ask: something was received, or withheld."""
    return document.kind == Kind.INVOICE and document.settled_total > 0


def settle_up(document: Document, answer: str) -> None:
    """Carry out `answer` for a locked document that has lost its effect, in the caller's transaction; safe to repeat.

    "move" without a replacement yet waits for it: whoever makes the replacement calls this again.
    """
    settling.refresh_facts(document)
    if document.kind != Kind.INVOICE or document.settled_total <= 0:
        return
    if answer == MoneyAnswer.REFUND:
        _return(document)
    elif answer == MoneyAnswer.MOVE and (replacement := replacement_of(document)):
        pass_on(document, settling.locked(replacement), actor=None)
    elif answer == MoneyAnswer.BALANCE:
        detail = {"amount": document.settled_total}
        timeline.note(document, "money_left_as_balance", detail=detail)


def replacement_of(document: Document) -> Document | None:
    """The document that replaces this one and was not put aside."""
    return document.replacements.exclude(submission=Submission.DISCARDED).first()


def pass_on(origin: Document, target: Document, *, actor: Staff | None) -> Decimal:
    """Move all the money of `origin` to `target`, both locked; a withholding goes along without its certificate.

    The answer is how much money was moved. The withholding's certificate names the old document, so a new one is pending.
    """
    amount = receipts.received(origin)
    if amount > 0:
        _transfer(origin, target, amount, actor)
    for row in origin.settlements.standing().filter(kind=Settlement.Kind.WITHHOLDING):
        settling.take_back(row, FELL, actor)
        said = Movement(Settlement.Kind.WITHHOLDING, row.amount, row.date, note=CERTIFICATE_AGAIN)
        settling.write(target, said, actor=actor)
    for document in (origin, target):
        settling.refresh_facts(document)
    return amount


def move_money(
    document_id: uuid.UUID | str, target: str, *, amount: Decimal, actor: Staff | None
) -> tuple[Settlement, Settlement]:
    """Pass what is owed back on a document to another invoice of the same receiver, named by number, id, CUFE or reference.

    Answers the refund on the one and the advance on the other. Raises RulesBroken with every reason.
    """
    origin = get_document(document_id, actor=actor)
    found = _target(origin, target, actor)
    with transaction.atomic():
        first, second = sorted((origin, found), key=lambda row: row.pk)
        held = {row.pk: settling.locked(row) for row in (first, second)}
        origin, found = held[origin.pk], held[found.pk]
        refuse(_move_reasons(origin, found, amount))
        rows = _transfer(origin, found, amount, actor)
        for document in (origin, found):
            settling.refresh_with_invoice(document)
    return rows


def _return(document: Document) -> None:
    amount = receipts.received(document)
    if amount > 0:
        said = Movement(Settlement.Kind.REFUND, amount, _today(), note=AT_THE_VOID)
        settling.write(document, said, actor=None)
    for row in document.settlements.standing().filter(kind=Settlement.Kind.WITHHOLDING):
        settling.take_back(row, FELL, None)
    settling.refresh_facts(document)


def _transfer(
    origin: Document, target: Document, amount: Decimal, actor: Staff | None
) -> tuple[Settlement, Settlement]:
    out = Movement(Settlement.Kind.REFUND, amount, _today())
    gone = settling.write(origin, out, actor=actor)
    back = Movement(Settlement.Kind.ADVANCE, amount, _today())
    arrived = settling.write(target, back, actor=actor, moved_from=gone)
    for document, other in ((origin, target), (target, origin)):
        detail = {"amount": amount, "document": str(other), "uid": other.uid}
        timeline.note(document, "money_moved", actor=actor, detail=detail)
    audit.record(
        "document.money_moved",
        actor=actor,
        tenant_uid=origin.tenant.uid,
        target=origin,
        after={"amount": amount, "to": str(target.uid)},
    )
    return gone, arrived


def _target(origin: Document, name: str, actor: Staff | None) -> Document:
    """The invoice of the same tenant that a person names; a short number is found by its ten digits."""
    text = name.strip()
    if text.isdecimal() and len(text) <= 10:
        numbered = Document.objects.filter(
            tenant=origin.tenant_id, kind=Kind.INVOICE, number=text.zfill(10)
        ).exclude(pk=origin.pk)
        found = list(numbered.select_related("tenant", "office")[:2])
        if len(found) == 1:
            return found[0]
    return find_document(text, actor=actor, tenant=origin.tenant, kind=Kind.INVOICE)


def _move_reasons(origin: Document, target: Document, amount: Decimal) -> list[RuleBroken]:
    found = []
    limit = min(settling.business(origin).refund_due, max(receipts.returnable(origin), Decimal(0)))
    if amount <= 0 or amount > limit:
        text = gettext_noop("Se pueden pasar hasta {limit}: es lo que este documento tiene por devolver.")
        found.append(RuleBroken("move_above_refund_due", text, "amount", limit=str(limit)))
    elif not money.is_whole_cents(amount):
        text = gettext_noop("El monto lleva dos decimales como mucho.")
        found.append(RuleBroken("amount_two_decimals", text, "amount"))
    is_same = target.pk == origin.pk
    if is_same or receipts.is_without_effect(target):
        text = gettext_noop("Elija otra factura, que esté vigente: {document} no puede recibir el saldo.")
        found.append(RuleBroken("move_to_nothing", text, "target", document=str(target)))
    elif _who(target) != _who(origin):
        text = gettext_noop(
            "{document} es de otro receptor: el saldo a favor de un cliente no paga lo de otro."
        )
        found.append(RuleBroken("move_to_another_receiver", text, "target", document=str(target)))
    elif not money.same_bucket(origin.currency, target.currency):
        text = gettext_noop("{document} está en otra moneda.")
        found.append(RuleBroken("move_to_another_currency", text, "target", document=str(target)))
    return found


def _who(document: Document) -> str:
    return document.receiver_ruc or document.receiver_name


def _today() -> date:
    return local_date(timezone.now())
