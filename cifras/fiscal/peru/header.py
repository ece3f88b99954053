"""Dates, series, number, currency and operation of a document."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from cifras.fiscal.catalogues.sunat import CURRENCIES, DETRACTIONS, EXPORTS, Operation
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import ZERO, Comprobante, DocumentDraft, Kind, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import moment_reasons
from cifras.fiscal.lengths import outside
from cifras.fiscal.peru.kinds import is_number, is_series, series_letter
from cifras.fiscal.peru.sending import send_by
from cifras.fiscal.zones import LIMA, local_date, written

NOTES_LENGTH = 5000  # ours: the papers give no figure

_ESTABLISHMENT = re.compile(r"[0-9]{4}")


def header_reasons(
    draft: DocumentDraft, terms: PeruTerms, *, now: datetime, send_days: Mapping[Comprobante, int]
) -> Iterator[RuleBroken]:
    """Everything wrong with the head of a document."""
    yield from _dates(draft, terms, now, send_days)
    yield from _numbers(draft, terms)
    yield from _currency(terms)
    yield from _operation(draft, terms)
    yield from outside(draft.notes, "notes", 0, NOTES_LENGTH)
    yield from _not_peruvian(draft)


def _dates(
    draft: DocumentDraft, terms: PeruTerms, now: datetime, send_days: Mapping[Comprobante, int]
) -> Iterator[RuleBroken]:
    yield from moment_reasons(draft, now=now, zone=LIMA)
    if draft.issue_date.utcoffset() is None:
        return
    last = send_by(draft.issue_date, terms.document_kind, days=send_days)
    if now > last:
        yield RuleBroken(
            "send_by_passed",
            gettext_noop(
                "Con esa fecha el plazo para enviarlo a la SUNAT venció el {last}. Emítalo con la fecha de hoy."
            ),
            "issue_date",
            last=written(last, LIMA),
        )
    if draft.due_date is not None and draft.due_date < local_date(draft.issue_date, LIMA):
        yield RuleBroken(
            "due_date_before_issue",
            gettext_noop("El vencimiento es anterior a la emisión. Corrija una de las dos fechas."),
            "due_date",
        )


def _numbers(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    if not _ESTABLISHMENT.fullmatch(draft.office_code):
        yield RuleBroken(
            "office_code_shape",
            gettext_noop(
                "El código de establecimiento «{given}» no son cuatro dígitos, como 0000. Corríjalo en el establecimiento."
            ),
            "office",
            given=draft.office_code,
        )
    if not is_series(terms.series, terms.document_kind):
        yield RuleBroken(
            "series_shape",
            gettext_noop(
                "La serie «{series}» no vale aquí: es {letter} y tres letras mayúsculas o dígitos, como {letter}001."
            ),
            "series",
            series=terms.series,
            letter=series_letter(terms.document_kind),
        )
    if draft.number and not is_number(draft.number):
        yield RuleBroken(
            "number_shape",
            gettext_noop(
                "El número «{number}» no va de 1 a 99999999 en cifras. Revise la numeración de la serie."
            ),
            "number",
            number=draft.number,
        )


def _currency(terms: PeruTerms) -> Iterator[RuleBroken]:
    if terms.currency not in CURRENCIES:
        yield RuleBroken(
            "currency_unknown",
            gettext_noop("«{currency}» no es una moneda con la que se emite aquí. Use PEN, USD o EUR."),
            "currency",
            currency=terms.currency,
        )
    if terms.exchange_rate is not None and terms.exchange_rate <= 0:
        yield RuleBroken(
            "exchange_rate_not_positive",
            gettext_noop("El tipo de cambio es mayor que cero. Corríjalo o déjelo vacío."),
            "exchange_rate",
        )


def _operation(draft: DocumentDraft, terms: PeruTerms) -> Iterator[RuleBroken]:
    """The operation has to be in the catalogue and to agree with the lines and the detraction."""
    operation = terms.operation_type
    if not Operation.knows(operation):
        yield RuleBroken(
            "operation_unknown",
            gettext_noop(
                "«{given}» no es un tipo de operación (catálogo 51 de la SUNAT). Use 0101 en una venta interna."
            ),
            "operation_type",
            given=operation,
        )
        return
    if draft.kind is Kind.INVOICE and (operation in DETRACTIONS) != (terms.detraction is not None):
        yield RuleBroken(
            "operation_and_detraction",
            gettext_noop(
                "La detracción y una operación de 1001 a 1004 van siempre juntas. Complete la que falta o quite la otra."
            ),
            "operation_type" if terms.detraction else "detraction",
        )
    for index, line in enumerate(draft.lines):
        if (line.affectation == Affectation.EXPORT) != (operation in EXPORTS):
            yield RuleBroken(
                "operation_and_affectation",
                gettext_noop(
                    "La afectación 40 y una operación de exportación (0200 a 0208) van siempre juntas. Corrija una."
                ),
                f"lines[{index}].affectation",
            )


def _not_peruvian(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """Members of other countries' documents: what cannot be said is refused, never left out."""
    given = {
        "exportation": draft.exportation is not None,
        "freight": draft.freight != ZERO,
        "insurance": draft.insurance != ZERO,
        "retention_code": bool(draft.retention_code),
    }
    for index, line in enumerate(draft.lines):
        given |= {
            f"lines[{index}].freight": line.freight != ZERO,
            f"lines[{index}].insurance": line.insurance != ZERO,
            f"lines[{index}].isc": line.isc_amount != ZERO or line.isc_rate is not None,
            f"lines[{index}].oti": bool(line.oti),
        }
    for field, is_given in given.items():
        if is_given:
            yield RuleBroken(
                "member_not_in_peru",
                gettext_noop("Este dato no existe en un comprobante del Perú, o aún no se emite. Quítelo."),
                field,
            )
