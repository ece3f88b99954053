"""A draft in Fabo's words: the properties of `emitir` (Peru contract 2.3).

The names of notes, credit and instalments are INFERRED: they stand in the tables below and nowhere else. Totals are not sent,
Fabo computes them. A discount is inside the unit value, since the paper knows no property for it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from cifras.fiscal import peru
from cifras.fiscal.catalogues.sunat import EXPORTS, IdentityType, Operation
from cifras.fiscal.document import ZERO, Comprobante, DocumentDraft, Kind, Line, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.money import round_half_up
from cifras.fiscal.peru.totals import UNIT_PLACES, PeruLineTotals
from cifras.fiscal.zones import LIMA
from cifras.pac.fabo.text import number_text
from cifras.pac.sayable import unlisted_reasons

LETTERS: Mapping[Comprobante, str] = {Comprobante.FACTURA: "f", Comprobante.BOLETA: "b"}
CREDIT_NOTE = "c"
PRACTICE = "prueba-"  # before the code of what was issued for practice
_LETTERS_OF: Mapping[str, str] = {"01": "f", "03": "b", "07": CREDIT_NOTE}
IDENTITIES: Mapping[IdentityType, str] = {
    IdentityType.NON_DOMICILED: "n",
    IdentityType.DNI: "d",
    IdentityType.FOREIGNER_CARD: "x",
    IdentityType.RUC: "r",
    IdentityType.PASSPORT: "p",
    IdentityType.DIPLOMATIC_CARD: "c",
    IdentityType.NONE: "-",
}
# Fabo's own list, which is not catalogue 51. What it leaves out cannot be issued through it.
OPERATIONS: Mapping[str, int] = {
    Operation.INTERNAL_SALE: 101,
    **{str(export): 102 for export in EXPORTS},
    Operation.NON_DOMICILED_SALE: 103,
}
REFERENCE = ("documento_tipo", "documento_serie", "documento_correlativo")
REASON = ("motivo_codigo", "motivo")
PAYMENT = ("forma_pago", "monto_pendiente", "cuotas")
LONGEST_NAME, LONGEST_IDENTITY, LONGEST_REASON = 100, 14, 250


def build(draft: DocumentDraft) -> dict[str, Any]:
    """The properties of a numbered draft. Raises RuleBroken, with every reason, for what Fabo cannot say."""
    terms = terms_of(draft)
    refuse(unsayable(draft))
    totals = peru.compute(draft)
    spread = peru.spread_discounts(draft)
    issued = draft.issue_date.astimezone(LIMA)
    receiver = draft.receiver
    return {
        "codigo_establecimiento": str(int(draft.office_code)) if draft.office_code.isdecimal() else "0",
        "tipo": _letter(draft.kind, terms.document_kind),
        **({} if draft.kind is Kind.CREDIT else {"tipo_operacion": OPERATIONS[terms.operation_type]}),
        "serie": terms.series,
        "correlativo": int(draft.number),
        "tipo_doc": IDENTITIES[peru.identity_of(receiver) or IdentityType.NONE],
        "numero_doc": receiver.identity_number or "-",
        "razon_social": receiver.name or "-",
        **({"direccion": receiver.address} if receiver.address else {}),
        "fecha": f"{issued:%Y-%m-%d}",
        "hora": f"{issued:%H:%M}",
        "moneda": terms.currency,
        **_note(draft, terms),
        **_payment(draft, totals),
        "items": [
            _item(index, *pair) for index, pair in enumerate(zip(spread.lines, totals.lines, strict=True))
        ],
    }


def terms_of(draft: DocumentDraft) -> PeruTerms:
    """What only a Peruvian document says. Raises RuleBroken for a draft of another country."""
    if draft.peru is None:
        raise RuleBroken("not_peruvian", gettext_noop("Fabo solo emite comprobantes del Perú."))
    return draft.peru


def baja_of(document_id: str, reason: str) -> dict[str, Any]:
    """The properties of `baja`, from the document's code (RUC-type-series-number, `prueba-` before it on tests)."""
    _ruc, code, series, number = document_id.removeprefix(PRACTICE).split("-")
    return {"tipo": _LETTERS_OF[code], "serie": series, "correlativo": int(number), "motivo": reason}


def code_of(posted: Mapping[str, Any], ruc: str, *, is_practice: bool) -> str:
    """The `codigo_documento` that belongs to what was posted; empty where it cannot be told."""
    types = {letter: code for code, letter in _LETTERS_OF.items()}
    code, series = types.get(str(posted.get("tipo"))), str(posted.get("serie", ""))
    number = str(posted.get("correlativo", "")).lstrip("0")
    if not (ruc and code and series and number.isdecimal()):
        return ""
    return f"{PRACTICE if is_practice else ''}{ruc}-{code}-{series}-{number}"


def unsayable(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """What Fabo's paper has no words for; nothing where the draft is not Peru's, which is said elsewhere."""
    terms = draft.peru
    if terms is None:
        return
    yield from unlisted_reasons(draft, provider="Fabo", operations=OPERATIONS)
    if peru.identity_of(draft.receiver) not in IDENTITIES:
        yield RuleBroken(
            "identity_not_at_fabo",
            gettext_noop(
                "Fabo no conoce el documento de identidad «{given}»: identifique al cliente de otro modo."
            ),
            "receiver.identity_type",
            given=draft.receiver.identity_type,
        )
    if len(draft.receiver.identity_number) > LONGEST_IDENTITY:
        yield _too_long("receiver.identity_number", draft.receiver.identity_number, LONGEST_IDENTITY)
    if len(draft.receiver.name) > LONGEST_NAME:
        yield _too_long("receiver.name", draft.receiver.name, LONGEST_NAME)
    if len(terms.reason) > LONGEST_REASON:
        yield _too_long("reason", terms.reason, LONGEST_REASON)


def _too_long(field: str, text: str, limit: int) -> RuleBroken:
    return RuleBroken(
        "too_long_for_fabo",
        gettext_noop("El texto tiene {length} caracteres y a Fabo le caben {limit}. Acórtelo."),
        field,
        length=len(text),
        limit=limit,
    )


def _letter(kind: Kind, comprobante: Comprobante) -> str:
    return CREDIT_NOTE if kind is Kind.CREDIT else LETTERS[comprobante]


def _note(draft: DocumentDraft, terms: PeruTerms) -> dict[str, Any]:
    """The document that a note corrects, and why."""
    reference = draft.reference
    if draft.kind is not Kind.CREDIT or reference is None:
        return {}
    named = (LETTERS[reference.comprobante or terms.document_kind], reference.series, int(reference.number))
    given = (terms.reason_code, terms.reason)
    return {**dict(zip(REFERENCE, named, strict=True)), **dict(zip(REASON, given, strict=True))}


def _payment(draft: DocumentDraft, totals: peru.PeruTotals) -> dict[str, Any]:
    """Cash, or credit with what is pending; facturas have to say it, a note only where it corrects the instalments."""
    form, pending, instalments = PAYMENT
    owed = peru.credit_part(draft, totals)
    if draft.kind is Kind.CREDIT and not owed:
        return {}
    if not owed:
        return {form: "contado"}
    parts = [
        {"fecha": part.due_date.isoformat(), "monto": _figure(instalments, part.amount)}
        for part in peru.instalments_to_send(draft, totals)
    ]
    return {form: "credito", pending: _figure(pending, owed), instalments: parts}


def _item(index: int, line: Line, added: PeruLineTotals) -> dict[str, Any]:
    """One line; on a free one the reference figures stand where others have what is paid."""
    path = f"items[{index}]"
    value = added.reference_value if added.affectation.is_free else added.net
    unit_value = round_half_up(value / line.quantity, UNIT_PLACES) if line.quantity else ZERO
    item = {
        "unidad": line.unit,
        "cantidad": _figure(path, line.quantity),
        "codigo": line.code,
        "descripcion": line.description,
        "precio_unitario": _figure(path, added.unit_price),
        "valor_unitario": _figure(path, unit_value),
        "valor_venta": _figure(path, value),
        "igv": _figure(path, added.reference_tax if added.affectation.is_free else added.itbms),
        "afectacion_igv": str(added.affectation),
    }
    return {**item, "icbper": _figure(path, added.oti)} if added.oti else item


def _figure(path: str, number: Decimal) -> Decimal:
    """A number as both formats can say it: at most fifteen characters."""
    return Decimal(number_text(path, number))
