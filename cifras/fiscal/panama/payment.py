"""Payments, change and instalments: they have to add up to the document's total."""

from collections.abc import Iterator
from decimal import Decimal

from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.document import ZERO, DocumentDraft, Instalment, Kind, PaymentTime
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import instalment_reasons
from cifras.fiscal.lengths import outside
from cifras.fiscal.money import is_whole_cents
from cifras.fiscal.totals import Totals
from cifras.fiscal.zones import local_date

MOST_PAYMENTS = 10
OTHER_DESCRIPTION = (10, 100)


def credit_part(draft: DocumentDraft, totals: Totals) -> Decimal:
    """What is owed on term: nothing on a cash sale, all of it on a credit sale, the method 01 of a mixed one."""
    if draft.payment_time is PaymentTime.CASH:
        return ZERO
    return totals.total if draft.payment_time is PaymentTime.CREDIT else _paid_by(draft, PaymentMethod.CREDIT)


def instalments_to_send(draft: DocumentDraft, totals: Totals) -> tuple[Instalment, ...]:
    """The instalments given, or one for the whole credit part on the due date."""
    owed = credit_part(draft, totals)
    if draft.instalments or draft.due_date is None or owed <= 0 or draft.kind is Kind.CREDIT:
        return draft.instalments
    return (Instalment(sequence=1, due_date=draft.due_date, amount=owed),)


def payment_reasons(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    """Everything wrong with payments, change and instalments."""
    yield from _each_payment(draft, totals)
    yield from _sum_of_payments(draft, totals)
    if draft.kind is Kind.INVOICE:
        yield from _payment_time(draft)
        yield from _instalments(draft, totals)


def _paid_by(draft: DocumentDraft, method: PaymentMethod) -> Decimal:
    return sum((payment.amount for payment in draft.payments if payment.method == method), ZERO)


def _each_payment(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    if len(draft.payments) > MOST_PAYMENTS:
        yield RuleBroken(
            "too_many_payments",
            gettext_noop("Hay {count} formas de pago y la DGI admite {limit}. Junte las del mismo tipo."),
            "payments",
            count=len(draft.payments),
            limit=MOST_PAYMENTS,
        )
    for index, payment in enumerate(draft.payments):
        path = f"payments[{index}]."
        if not PaymentMethod.knows(payment.method):
            yield RuleBroken(
                "payment_method_unknown",
                gettext_noop("«{method}» no es una forma de pago de la DGI: use 01 a 09, o 99 para otra."),
                f"{path}method",
                method=payment.method,
            )
        if payment.method == PaymentMethod.OTHER:
            yield from outside(payment.description, f"{path}description", *OTHER_DESCRIPTION)
        is_empty = payment.amount == 0 and totals.total != 0
        if payment.amount < 0 or is_empty or not is_whole_cents(payment.amount):
            yield RuleBroken(
                "payment_amount",
                gettext_noop("Un pago es mayor que cero y no tiene fracciones de centavo: {amount} no vale."),
                f"{path}amount",
                amount=f"{payment.amount:f}",
            )


def _sum_of_payments(draft: DocumentDraft, totals: Totals) -> Iterator[RuleBroken]:
    """Payments less change make the total; only cash gives change, and only on an invoice."""
    if totals.total < 0:
        yield RuleBroken(
            "total_negative",
            gettext_noop("Los descuentos superan el importe del documento: el total es {total}. Redúzcalos."),
            "global_discounts",
            total=str(totals.total),
        )
        return
    if not draft.payments and totals.total > 0:
        yield RuleBroken(
            "payments_missing",
            gettext_noop("Falta la forma de pago. Indique cómo se pagan {total}."),
            "payments",
            total=str(totals.total),
        )
        return
    cash = _paid_by(draft, PaymentMethod.CASH) if draft.kind is Kind.INVOICE else ZERO
    if not totals.total <= totals.received <= totals.total + cash:
        yield RuleBroken(
            "payments_do_not_add_up",
            gettext_noop(
                "Los pagos suman {received} y el total es {total}: solo el efectivo puede dar vuelto. Corríjalos."
            ),
            "payments",
            received=str(totals.received),
            total=str(totals.total),
        )
    elif draft.change not in (ZERO, totals.change):
        yield RuleBroken(
            "change_does_not_match",
            gettext_noop(
                "El vuelto declarado es {declared} y corresponde {change}. Corríjalo o déjelo vacío."
            ),
            "change",
            declared=str(draft.change),
            change=str(totals.change),
        )


def _payment_time(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Whether the methods fit the moment of payment that is declared."""
    has_credit = any(payment.method == PaymentMethod.CREDIT for payment in draft.payments)
    has_other = any(payment.method != PaymentMethod.CREDIT for payment in draft.payments)
    if draft.payment_time is PaymentTime.CASH and has_credit:
        yield RuleBroken(
            "credit_on_cash_sale",
            gettext_noop("Una venta al contado no lleva la forma de pago 01, crédito. Use CREDIT o MIXED."),
            "payment_time",
        )
    if draft.payment_time is PaymentTime.MIXED and not (has_credit and has_other):
        yield RuleBroken(
            "mixed_sale_incomplete",
            gettext_noop(
                "Una venta mixta tiene una parte a crédito (01) y otra pagada de inmediato. Indique ambas."
            ),
            "payments",
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
    if not draft.instalments:
        if draft.due_date is None:
            yield RuleBroken(
                "instalments_missing",
                gettext_noop("La venta es a crédito: indique las cuotas, o una fecha de vencimiento."),
                "instalments",
            )
        return
    yield from _each_instalment(draft)
    owed = credit_part(draft, totals)
    planned = sum((part.amount for part in draft.instalments), ZERO)
    if planned != owed:
        yield RuleBroken(
            "instalments_do_not_add_up",
            gettext_noop("Las cuotas suman {planned} y la parte a crédito es {owed}. Ajústelas."),
            "instalments",
            planned=str(planned),
            owed=str(owed),
        )


def _each_instalment(draft: DocumentDraft) -> Iterator[RuleBroken]:
    yield from instalment_reasons(draft)
    earliest = local_date(draft.issue_date) if draft.issue_date.utcoffset() is not None else None
    for index, part in enumerate(draft.instalments):
        if earliest is not None and part.due_date < earliest:
            yield RuleBroken(
                "instalment_due_date",
                gettext_noop(
                    "La cuota vence antes que la anterior o que la emisión del documento. Corrija la fecha."
                ),
                f"instalments[{index}].due_date",
            )
        earliest = part.due_date
