"""What an act will do, said before it is done: both statuses, balance, deadline, number."""

from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.wording import sentence
from cifras.fiscal.document import Mode
from cifras.fiscal.lifecycle import Submission, business_status
from cifras.fiscal.zones import local_date
from invoicing.admin.badges import business_badge, legal_badge
from invoicing.admin.deeds import refusal_of
from invoicing.admin.figures import moment, money, spoken
from invoicing.admin.words import words_of
from invoicing.models import Correction, Document
from invoicing.models.choices import Kind
from invoicing.services import issuing, settling
from invoicing.services.peruvian import require_by_law
from invoicing.services.settling import Outlook


def after_issue(document: Document) -> list[str]:
    """Number, immutability, and how long a void will be possible."""
    now = timezone.now()
    issued_at = timezone.localtime(document.issue_date or now)
    deadline = issuing.void_deadline(document, issued_at)
    point = f"{document.office.code}-{document.billing_point}"
    if document.submission == Submission.RETURNED:
        return [_("Se envía otra vez con su mismo número, {number}.").format(number=document.printed_number)]
    if document.mode == Mode.PROFORM:
        first = str(words_of(document).promoted)
    else:
        first = _("Toma el siguiente número de {point} y se envía al PAC. Desde entonces no cambia más.")
    if deadline is None:
        refusal = refusal_of(lambda: require_by_law(document))
        second = (
            sentence(refusal)
            if refusal
            else _("Su proveedor no anula documentos: solo cabría una nota de crédito.")
        )
        return [first.format(point=point), second]
    if deadline > now:
        second = _("Con esta fecha de emisión quedan {span} para anular: hasta el {deadline}.")
    else:
        second = _(
            "Con esta fecha de emisión el plazo para anular ya venció ({deadline}): solo cabría una nota de crédito."
        )
    span = spoken(deadline - now)
    return [first.format(point=point), second.format(span=span, deadline=moment(deadline))]


def after_void(document: Document) -> list[str]:
    """Both statuses and the money, before and after."""
    facts, today = settling.facts_of(document), local_date(timezone.now())
    before, after = business_status(facts, today), business_status(replace(facts, is_voided=True), today)
    legal = str(words_of(document).void_effect).format(word=legal_badge(document).word)
    ours = _("Negocio: {before} → {after}.").format(
        before=business_badge(before).word, after=business_badge(after).word
    )
    if document.kind == Kind.CREDIT:
        back = _("La factura recupera {amount} de saldo.").format(
            amount=money(document.total, document.currency)
        )
        return [legal, f"{ours} {back}"]
    owed = _("Saldo: {before} → {after}.").format(
        before=money(before.balance, document.currency), after=money(after.balance, document.currency)
    )
    back = _("Queda por devolver {amount}.").format(amount=money(after.refund_due, document.currency))
    bill = _(
        "Para la empresa sigue contando como documento emitido, salvo que su plan lo perdone; la anulación no se cobra."
    )
    return [legal, " ".join([ours, owed, *([back] if after.refund_due else [])]), bill]


def after_settlement(document: Document, outlook: Outlook) -> list[str]:
    """Status and balance, before and after a movement."""
    before, after, currency = outlook.before, outlook.after, document.currency
    words = [
        _("Negocio: {before} → {after}.").format(
            before=business_badge(before).word, after=business_badge(after).word
        ),
        _("Saldo: {before} → {after}.").format(
            before=money(before.balance, currency), after=money(after.balance, currency)
        ),
    ]
    if after.refund_due:
        words.append(_("Queda por devolver {amount}.").format(amount=money(after.refund_due, currency)))
    return [" ".join(words)]


def after_correction(document: Document, way: str) -> list[str]:
    """The steps of a correction, in their order."""
    if way == Correction.Way.VOID:
        first = str(words_of(document).correct_by_void)
    elif document.void_deadline and document.void_deadline < timezone.now():
        first = _(
            "El plazo para anular {document} venció: se emite a su receptor una nota de crédito por todo lo que queda."
        )
    else:
        first = _(
            "{document} no se anula por sí sola: se emite a su cliente una nota de crédito por todo lo que queda."
        )
    return [
        first.format(document=document),
        _("Se prepara un borrador igual, enlazado, para que lo corrija desde ahora."),
        _(
            "La nueva solo se emite cuando la anterior haya quedado sin efecto; si eso falla, se ve y se decide aquí."
        ),
    ]


def after_discard(document: Document) -> list[str]:
    """Who knows of it, and what becomes of the number."""
    first = str(words_of(document).discarded)
    if not document.number:
        return [first]
    return [
        first,
        _("Su número {number} queda gastado y así consta en la numeración.").format(
            number=document.printed_number
        ),
    ]
