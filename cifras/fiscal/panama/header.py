"""Dates, numbers, reference and export block of a document."""

import re
from collections.abc import Iterator
from datetime import datetime

from cifras.fiscal import cufe
from cifras.fiscal.catalogues.dgi import INCOTERMS, Destination
from cifras.fiscal.document import DocumentDraft, Exportation, Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.every_country import moment_reasons
from cifras.fiscal.lengths import outside
from cifras.fiscal.panama.kinds import destination
from cifras.fiscal.zones import PANAMA, local_date, written

NOTES_LENGTH = 5000  # ours: the papers give no figure
PORT_LENGTH = 50  # ours as well

_BILLING_POINT = re.compile(r"(?!000)[0-9]{3}")
_OFFICE = re.compile(r"[0-9A-Z]{4}")
_NUMBER = re.compile(r"(?!0{10})[0-9]{10}")
_SECURITY_CODE = re.compile(r"(?!0{9})[0-9]{9}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def header_reasons(draft: DocumentDraft, *, now: datetime, max_backdate_days: int) -> Iterator[RuleBroken]:
    """Everything wrong with the head of a document."""
    yield from _dates(draft, now, max_backdate_days)
    yield from _numbers(draft)
    yield from outside(draft.notes, "notes", 0, NOTES_LENGTH)
    if draft.kind is Kind.CREDIT:
        yield from _reference(draft)
    yield from _exportation(draft)


def _dates(draft: DocumentDraft, now: datetime, max_backdate_days: int) -> Iterator[RuleBroken]:
    yield from moment_reasons(draft, now=now, zone=PANAMA)
    if draft.issue_date.utcoffset() is None:
        return
    issued_on = local_date(draft.issue_date)
    age = (local_date(now) - issued_on).days
    if age > max_backdate_days:
        yield RuleBroken(
            "issue_date_too_old",
            gettext_noop(
                "La fecha de emisión es de hace {age} días y se admiten {limit}. Use una fecha más reciente."
            ),
            "issue_date",
            age=age,
            limit=max_backdate_days,
        )
    if draft.due_date is not None and draft.due_date < issued_on:
        yield RuleBroken(
            "due_date_before_issue",
            gettext_noop("El vencimiento es anterior a la emisión. Corrija una de las dos fechas."),
            "due_date",
        )


def _numbers(draft: DocumentDraft) -> Iterator[RuleBroken]:
    if not _OFFICE.fullmatch(draft.office_code):
        yield RuleBroken(
            "office_code_shape",
            gettext_noop(
                "El código de sucursal «{given}» no son cuatro dígitos o letras mayúsculas. Corríjalo en la sucursal."
            ),
            "office",
            given=draft.office_code,
        )
    if not _BILLING_POINT.fullmatch(draft.billing_point):
        yield RuleBroken(
            "billing_point_shape",
            gettext_noop(
                "El punto de facturación «{given}» no son tres dígitos distintos de 000. Elija otro, como 001."
            ),
            "billing_point",
            given=draft.billing_point,
        )
    if draft.number and not _NUMBER.fullmatch(draft.number):
        yield RuleBroken(
            "number_shape",
            gettext_noop(
                "El número «{number}» no son diez dígitos distintos de cero. Revise la numeración del punto."
            ),
            "number",
            number=draft.number,
        )
    if draft.security_code and not _SECURITY_CODE.fullmatch(draft.security_code):
        yield RuleBroken(
            "security_code_shape",
            gettext_noop("El código de seguridad no son nueve dígitos distintos de cero. Avise a soporte."),
            "security_code",
        )


def _reference(draft: DocumentDraft) -> Iterator[RuleBroken]:
    reference = draft.reference
    if reference is None:
        yield RuleBroken(
            "reference_missing",
            gettext_noop("Una nota de crédito se refiere a una factura autorizada. Indique cuál."),
            "references",
        )
        return
    # The provider's CUFE is right whatever we compute, so only its length is asked for.
    if len(reference.cufe) != cufe.LENGTH:
        yield RuleBroken(
            "reference_cufe",
            gettext_noop(
                "La factura de referencia no tiene su CUFE de 66 caracteres. Espere a que la DGI la autorice."
            ),
            "references.cufe",
        )
    are_aware = None not in (reference.issue_date.utcoffset(), draft.issue_date.utcoffset())
    if are_aware and reference.issue_date > draft.issue_date:
        yield RuleBroken(
            "reference_after_note",
            gettext_noop(
                "La nota lleva una fecha anterior a la de su factura, {issued}. Use la hora actual."
            ),
            "issue_date",
            issued=written(reference.issue_date),
        )


def _exportation(draft: DocumentDraft) -> Iterator[RuleBroken]:
    is_abroad = destination(draft) is Destination.ABROAD
    if draft.exportation is None:
        if is_abroad:
            yield RuleBroken(
                "exportation_missing",
                gettext_noop(
                    "El destino es el extranjero: complete los datos de exportación (incoterm, moneda, monto)."
                ),
                "exportation",
            )
        return
    if not is_abroad:
        yield RuleBroken(
            "exportation_not_allowed",
            gettext_noop(
                "Una operación interna no lleva datos de exportación. Quítelos o revise el país del receptor."
            ),
            "exportation",
        )
        return
    yield from _exportation_block(draft.exportation)


def _exportation_block(block: Exportation) -> Iterator[RuleBroken]:
    if block.incoterm not in INCOTERMS:
        yield RuleBroken(
            "incoterm_unknown",
            gettext_noop("«{incoterm}» no es un incoterm. Elija uno, por ejemplo FOB o CIF."),
            "exportation.incoterm",
            incoterm=block.incoterm,
        )
    if not _CURRENCY.fullmatch(block.currency):
        yield RuleBroken(
            "currency_shape",
            gettext_noop("«{currency}» no es un código de moneda de tres letras, como USD."),
            "exportation.currency",
            currency=block.currency,
        )
    for member in ("amount", "exchange_rate"):
        if getattr(block, member) <= 0:
            yield RuleBroken(
                "exportation_not_positive",
                gettext_noop(
                    "El monto y el tipo de cambio de la exportación son mayores que cero. Corríjalo."
                ),
                f"exportation.{member}",
            )
    yield from outside(block.port, "exportation.port", 0, PORT_LENGTH)
