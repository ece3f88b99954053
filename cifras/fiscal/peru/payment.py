"""Cash and credit: what is pending, its instalments, and what the receiver keeps back (Peru contract 3.7).

SUNAT knows two forms, Contado and Credito with its instalments; how money is handed over is not its business. So payments may
be left out; where they are given they have to agree. The house's own code 01 marks a part on credit among them.
"""

from collections.abc import Iterator
from decimal import Decimal

from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.catalogues.sunat import CreditReason
from cifras.fiscal.document import ZERO, DocumentDraft, Instalment, Kind, PaymentTime, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import instalment_reasons
from cifras.fiscal.money import is_whole_cents
from cifras.fiscal.totals import Totals
from cifras.fiscal.zones import LIMA, local_date

MOST_INSTALMENTS = 999  # Cuota001 to Cuota999


def kept_back(draft: DocumentDraft) -> Decimal:
    """What the receiver does not pay to the issuer: detraction and retention."""
    detraction = draft.peru.detraction if draft.peru else None
    return (detraction.amount if detraction else ZERO) + (draft.retention_amount or ZERO)


def credit_part(draft: DocumentDraft, totals: Totals) -> Decimal:
    """The net amount pending: nothing on a cash sale, else the total less what is paid at once and what is kept back.

    On a note that corrects instalments (reason 13) it is what these add up to.
    """
    if _corrects_instalments(draft):
        return _planned(draft)
    if draft.payment_time is PaymentTime.CASH or draft.kind is Kind.CREDIT:
        return ZERO
    return totals.total - _paid_at_once(draft, totals) - kept_back(draft)


def instalments_to_send(draft: DocumentDraft, totals: Totals) -> tuple[Instalment, ...]:
    """The instalments given, or one for all that is pending on the due date: SUNAT wants at least one."""
    owed = credit_part(draft, totals)
    if draft.instalments or draft.due_date is None or owed <= 0:
        return draft.instalments
    return (Instalment(sequence=1, due_date=draft.due_date, amount=owed),)


def payment_reasons(draft: DocumentDraft, terms: PeruTerms, totals: Totals) -> Iterator[RuleBroken]:
    """Everything wrong with payments, what is kept back and instalments."""
    if totals.total < 0:
        yield RuleBroken(
            "total_negative",
            gettext_noop("Los descuentos superan el importe del documento: el total es {total}. Redúzcalos."),
            "global_discounts",
            total=str(totals.total),
        )
        return
    if draft.kind is Kind.CREDIT:
        yield from _note(draft, terms)
        return
    yield from _kept_back(draft, terms, totals)
    yield from _payments(draft, totals)
    yield from _instalments(draft, totals)


def _corrects_instalments(draft: DocumentDraft) -> bool:
    reason = draft.peru.reason_code if draft.peru else ""
    return draft.kind is Kind.CREDIT and reason == CreditReason.INSTALMENTS


def _planned(draft: DocumentDraft) -> Decimal:
    return sum((part.amount for part in draft.instalments), ZERO)


def _paid_at_once(draft: DocumentDraft, totals: Totals) -> Decimal:
    """What the payments but the part on credit hand over, less the change, which only cash gives."""
    paid = sum((each.amount for each in draft.payments if each.method != PaymentMethod.CREDIT), ZERO)
    cash = sum((each.amount for each in draft.payments if each.method == PaymentMethod.CASH), ZERO)
    return paid - min(draft.change or max(paid - totals.total, ZERO), cash)


def _note(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    """Only a note with reason 13 speaks of instalments, and it has to (3257)."""
    if terms.reason_code != CreditReason.INSTALMENTS:
        if draft.instalments:
            yield RuleBroken(
                "instalments_on_note",
                gettext_noop("Solo una nota de crédito con el motivo 13 lleva cuotas. Quítelas."),
                "instalments",
            )
        return
    if draft.payment_time is PaymentTime.CASH or not draft.instalments:
        yield RuleBroken(
            "instalments_missing",
            gettext_noop("El motivo 13 corrige las cuotas: indique las que quedan pendientes, a crédito."),
            "instalments",
        )
    yield from _each_instalment(draft)
    total = draft.reference.total if draft.reference else None
    if total is not None and _planned(draft) > total:
        yield RuleBroken(
            "pending_above_total",
            gettext_noop("Las cuotas suman {planned} y la factura es de {total}. Redúzcalas."),
            "instalments",
            planned=str(_planned(draft)),
            total=str(total),
        )


def _kept_back(draft: DocumentDraft, terms: PeruTerms, totals: Totals) -> Iterator[RuleBroken]:
    given = {"retention_amount": draft.retention_amount}
    if terms.detraction is not None:
        given["detraction.amount"] = terms.detraction.amount
    for field, amount in given.items():
        if amount is not None and not (0 < amount <= totals.total and is_whole_cents(amount)):
            yield RuleBroken(
                "kept_back_amount",
                gettext_noop(
                    "{amount} no vale: es mayor que cero, sin fracciones de céntimo y no más que el total, {total}."
                ),
                field,
                amount=f"{amount:f}",
                total=str(totals.total),
            )


def _payments(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    wrong = False
    for index, payment in enumerate(draft.payments):
        if not PaymentMethod.knows(payment.method):
            yield RuleBroken(
                "payment_method_unknown",
                gettext_noop("«{method}» no es una forma de pago: use 01 a 09, o 99 para otra."),
                f"payments[{index}].method",
                method=payment.method,
            )
        if payment.amount < 0 or not is_whole_cents(payment.amount):
            wrong = True
            yield RuleBroken(
                "payment_amount",
                gettext_noop("Un pago no es negativo ni tiene fracciones de céntimo: {amount} no vale."),
                f"payments[{index}].amount",
                amount=f"{payment.amount:f}",
            )
    if not wrong:
        yield from _sum_of_payments(draft, totals)


def _sum_of_payments(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    """What is paid at once: on a cash sale all that is not kept back, on credit nothing, on a mixed one a part.

    A receiver who pays everything and deposits the detraction apart is right as well.
    """
    paid, net = _paid_at_once(draft, totals), totals.total - kept_back(draft)
    fits = {
        PaymentTime.CASH: not draft.payments or net <= paid <= totals.total,
        PaymentTime.CREDIT: paid == 0,
        PaymentTime.MIXED: 0 < paid < net,
    }
    if not fits[draft.payment_time]:
        yield RuleBroken(
            "payments_do_not_add_up",
            gettext_noop(
                "Se pagan {paid} de inmediato y el total menos lo retenido es {net}: al contado se paga todo, a crédito "
                "nada y en una venta mixta una parte. Corrija los pagos, el vuelto o el plazo."
            ),
            "payments",
            paid=str(paid),
            net=str(net),
        )


def _instalments(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    if draft.payment_time is PaymentTime.CASH:
        if draft.instalments:
            yield RuleBroken(
                "instalments_on_cash_sale",
                gettext_noop("Una venta al contado no lleva cuotas. Quítelas o cambie el plazo de pago."),
                "instalments",
            )
        return
    owed = credit_part(draft, totals)
    if owed <= 0:
        yield RuleBroken(
            "nothing_pending",
            gettext_noop("La venta es a crédito y no queda nada pendiente. Emítala al contado."),
            "payment_time",
        )
        return
    if not draft.instalments:
        if draft.due_date is None:
            yield RuleBroken(
                "instalments_missing",
                gettext_noop("La venta es a crédito: indique las cuotas, o una fecha de vencimiento."),
                "instalments",
            )
        return
    yield from _each_instalment(draft)
    if _planned(draft) != owed:
        yield RuleBroken(
            "instalments_do_not_add_up",
            gettext_noop(
                "Las cuotas suman {planned} y lo pendiente, sin detracción ni retención, es {owed}. Ajústelas."
            ),
            "instalments",
            planned=str(_planned(draft)),
            owed=str(owed),
        )


def _each_instalment(draft: DocumentDraft) -> Iterator[RuleBroken]:
    if len(draft.instalments) > MOST_INSTALMENTS:
        yield RuleBroken(
            "too_many_instalments",
            gettext_noop("Hay {count} cuotas y la SUNAT admite {limit}. Júntelas."),
            "instalments",
            count=len(draft.instalments),
            limit=MOST_INSTALMENTS,
        )
    yield from instalment_reasons(draft)
    issued = draft.issue_date
    issued_on = local_date(issued, LIMA) if issued.utcoffset() is not None else None
    for index, part in enumerate(draft.instalments):
        if issued_on is not None and part.due_date < issued_on:
            yield RuleBroken(
                "instalment_due_date",
                gettext_noop("La cuota vence antes de la emisión del documento. Corrija la fecha."),
                f"instalments[{index}].due_date",
            )
