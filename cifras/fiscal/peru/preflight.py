"""Everything that keeps a Peruvian document from being queued, at once."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from cifras.fiscal.catalogues.sunat import CreditReason
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import Comprobante, DocumentDraft, Kind, PaymentTime, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.money import LIMIT
from cifras.fiscal.peru.header import header_reasons
from cifras.fiscal.peru.kinds import is_contingency
from cifras.fiscal.peru.lines import computed_lines_reasons, lines_reasons
from cifras.fiscal.peru.notes import is_full_reversal, note_amount_reasons, note_reasons
from cifras.fiscal.peru.payment import payment_reasons
from cifras.fiscal.peru.receiver import anonymity_reasons, receiver_reasons
from cifras.fiscal.peru.sending import SEND_DAYS
from cifras.fiscal.peru.totals import PeruTotals, compute


def reasons(
    draft: DocumentDraft,
    *,
    now: datetime,
    send_days: Mapping[Comprobante, int] = SEND_DAYS,
    totals: PeruTotals | None = None,
) -> list[RuleBroken]:
    """All refusals, each naming its member as the JSON document does; an empty list lets the draft pass.

    `now` is aware; `send_days` are calendar days in Lima. Without `totals` they are computed. What needs the database or the
    provider (an accepted reference, the registry's answer, operations it cannot say) is not here.
    """
    terms = draft.peru
    if terms is None:
        return [
            RuleBroken(
                "peru_terms_missing",
                gettext_noop("Faltan los datos de un comprobante del Perú. Indique si es factura o boleta."),
                "document_kind",
            )
        ]
    found = [
        *header_reasons(draft, terms, now=now, send_days=send_days),
        *receiver_reasons(draft, terms),
        *lines_reasons(draft, terms),
        *note_reasons(draft, terms),
        *_discounts(draft),
    ]
    try:
        totals = totals or compute(draft)
    except RuleBroken as error:
        return [*found, *error.reasons]
    return [*found, *_of_amounts(draft, terms, totals)]


def require_complete(
    draft: DocumentDraft,
    *,
    now: datetime,
    send_days: Mapping[Comprobante, int] = SEND_DAYS,
    totals: PeruTotals | None = None,
) -> None:
    """Raises RuleBroken, or RulesBroken with every reason, unless the draft may be queued."""
    refuse(reasons(draft, now=now, send_days=send_days, totals=totals))


def warnings(draft: DocumentDraft, *, totals: PeruTotals | None = None) -> list[RuleBroken]:
    """What is allowed but seldom meant, and the cents by which two ways of rounding differ. Shown, never refused.

    Without `totals` they are computed; a draft that can't be added up has no doubts, it has reasons.
    """
    terms = draft.peru
    if terms is None:
        return []
    try:
        totals = totals or compute(draft)
    except RuleBroken:
        return []
    return [*_doubts(draft, terms), *_doubts_of_amounts(draft, terms, totals)]


def _of_amounts(draft: DocumentDraft, terms: PeruTerms, totals: PeruTotals) -> Iterator[RuleBroken]:
    if totals.total >= LIMIT:
        yield RuleBroken(
            "amount_too_large",
            gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
            "lines",
            value=f"{totals.total:f}",
        )
    yield from computed_lines_reasons(totals)
    yield from anonymity_reasons(draft, terms, totals)
    yield from payment_reasons(draft, terms, totals)
    yield from note_amount_reasons(draft, terms, totals)


def _discounts(draft: DocumentDraft) -> Iterator[RuleBroken]:
    for index, discount in enumerate(draft.global_discounts):
        if discount.amount <= 0:
            yield RuleBroken(
                "discount_not_positive",
                gettext_noop("Un descuento global es mayor que cero. Corríjalo o quítelo."),
                f"global_discounts[{index}].amount",
            )


def _doubts(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    if is_contingency(terms.series):
        yield RuleBroken(
            "series_of_contingency",
            gettext_noop("Una serie de solo cifras es de contingencia, para comprobantes en papel."),
            "series",
        )
    has_export = any(line.affectation == Affectation.EXPORT for line in draft.lines)
    if terms.reason_code == CreditReason.EXPORT_ADJUSTMENT and not has_export:
        yield RuleBroken(
            "reason_without_export",
            gettext_noop("El motivo 11 ajusta exportaciones y ninguna línea lo es (afectación 40)."),
            "reason_code",
        )
    is_on_term = draft.kind is Kind.INVOICE and draft.payment_time is not PaymentTime.CASH
    if is_on_term and draft.receiver.withholds and not draft.retention_amount and terms.detraction is None:
        yield RuleBroken(
            "retention_not_said",
            gettext_noop(
                "El cliente es agente de retención y no se indicó cuánto retiene: las cuotas irían sin descontarlo."
            ),
            "retention_amount",
        )


def _doubts_of_amounts(draft: DocumentDraft, terms: PeruTerms, totals: PeruTotals) -> Iterator[RuleBroken]:
    if totals.igv_difference:
        yield RuleBroken(
            "igv_rounding",
            gettext_noop("El IGV del documento es {igv} y el de sus líneas suma {sum}: es solo el redondeo."),
            "lines",
            igv=str(totals.igv),
            sum=str(totals.igv - totals.igv_difference),
        )
    total = draft.reference.total if draft.kind is Kind.CREDIT and draft.reference else None
    if is_full_reversal(terms) and total is not None and totals.total < total:
        yield RuleBroken(
            "full_reversal_in_part",
            gettext_noop(
                "El motivo {reason} deja sin efecto todo el documento, {total}, y la nota suma {note}."
            ),
            "reason_code",
            reason=terms.reason_code,
            total=str(total),
            note=str(totals.total),
        )
