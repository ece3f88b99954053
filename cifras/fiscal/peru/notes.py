"""Credit notes: the reason (catalogue 09), its text and the document it refers to (Peru contract 3.2).

A note refers to one document only, so that the rule of reason 11 (3194) holds by itself. Whether that document is accepted,
void or credited already is the database's to say.
"""

from collections.abc import Iterator

from cifras.fiscal.catalogues.sunat import (
    FULL_REVERSAL,
    WITHOUT_AMOUNT,
    CreditReason,
)
from cifras.fiscal.document import Comprobante, DocumentDraft, Kind, PeruTerms, Reference
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lengths import outside
from cifras.fiscal.peru.kinds import is_known_series, is_number
from cifras.fiscal.totals import Totals
from cifras.fiscal.zones import LIMA, written

REASON = (2, 500)


def note_reasons(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    """Everything wrong with a note's reason and reference; an invoice has neither."""
    if draft.kind is not Kind.CREDIT:
        for field in ("reason_code", "reason"):
            if getattr(terms, field):
                yield RuleBroken(
                    "reason_on_invoice",
                    gettext_noop("Solo una nota lleva motivo. Quítelo de la factura o boleta."),
                    field,
                )
        return
    yield from _reason(terms)
    if draft.reference is None:
        yield RuleBroken(
            "reference_missing",
            gettext_noop("Una nota de crédito se refiere a una factura o boleta aceptada. Indique cuál."),
            "references",
        )
        return
    yield from _reference(draft.reference, terms)
    yield from _order(draft, draft.reference)


def note_amount_reasons(draft: DocumentDraft, terms: PeruTerms, totals: Totals) -> Iterator[RuleBroken]:
    """Reasons 03 and 13 correct words and dates: they carry no amount."""
    is_note = draft.kind is Kind.CREDIT
    if is_note and terms.reason_code in WITHOUT_AMOUNT and (totals.total != 0 or totals.net != 0):
        yield RuleBroken(
            "reason_without_amount",
            gettext_noop("Con el motivo {reason} la nota no rebaja nada: deje el valor de sus líneas en 0."),
            "lines",
            reason=terms.reason_code,
        )


def is_full_reversal(terms: PeruTerms) -> bool:
    """Whether a note's reason takes the whole document back (01, 02 and 06)."""
    return terms.reason_code in FULL_REVERSAL


def _reason(terms: PeruTerms) -> Iterator[RuleBroken]:
    if not CreditReason.knows(terms.reason_code):
        yield RuleBroken(
            "reason_code_unknown" if terms.reason_code else "reason_code_missing",
            gettext_noop("«{given}» no es un motivo de nota de crédito (catálogo 09 de la SUNAT, 01 a 13)."),
            "reason_code",
            given=terms.reason_code,
        )
    elif terms.reason_code == CreditReason.INSTALMENTS and terms.document_kind is not Comprobante.FACTURA:
        yield RuleBroken(
            "reason_only_for_factura",
            gettext_noop("El motivo 13 solo existe en notas de una factura. Elija otro."),
            "reason_code",
        )
    elif terms.reason_code == CreditReason.IVAP_ADJUSTMENT:
        yield RuleBroken(
            "ivap_not_issued",
            gettext_noop("El motivo 12 es del IVAP, que aún no se emite desde aquí. Elija otro."),
            "reason_code",
        )
    yield from outside(terms.reason, "reason", *REASON)
    if terms.reason[:1].isspace():
        yield RuleBroken(
            "reason_begins_blank",
            gettext_noop("El texto del motivo empieza con un espacio y la SUNAT no lo admite. Quítelo."),
            "reason",
        )


def _reference(reference: Reference, terms: PeruTerms) -> Iterator[RuleBroken]:
    affected = reference.comprobante or terms.document_kind
    if affected is not terms.document_kind:
        yield RuleBroken(
            "series_not_of_the_affected",
            gettext_noop(
                "La nota sigue a su documento: con serie F si es una factura, con serie B si es una boleta. Cambie la serie."
            ),
            "series",
        )
    if not is_known_series(reference.series, affected):
        yield RuleBroken(
            "reference_series",
            gettext_noop("«{series}» no es una serie del documento al que se refiere la nota. Revísela."),
            "references.series",
            series=reference.series,
        )
    if not is_number(reference.number):
        yield RuleBroken(
            "reference_number",
            gettext_noop("«{number}» no es el número de un documento: va de 1 a 99999999. Revíselo."),
            "references.number",
            number=reference.number,
        )


def _order(draft: DocumentDraft, reference: Reference) -> Iterator[RuleBroken]:
    are_aware = None not in (reference.issue_date.utcoffset(), draft.issue_date.utcoffset())
    if are_aware and reference.issue_date > draft.issue_date:
        yield RuleBroken(
            "reference_after_note",
            gettext_noop(
                "La nota lleva una fecha anterior a la de su documento, {issued}. Use la hora actual."
            ),
            "issue_date",
            issued=written(reference.issue_date, LIMA),
        )
