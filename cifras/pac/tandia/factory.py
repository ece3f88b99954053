"""A draft as Tandia's "Objeto Documento" (Peru contract 1.4 and 1.7).

How a document is created is not documented: path, envelope and the reference of a note are INFERRED and stand in the names
below. Shapes that the paper does not show (instalments, legends) follow its own manner. It knows neither a type of operation
nor a detraction, so that only what needs none of them can be issued.
"""

from collections.abc import Iterator
from typing import Any

from cifras.fiscal import peru
from cifras.fiscal.catalogues.sunat import Operation
from cifras.fiscal.catalogues.sunat_taxes import Tax
from cifras.fiscal.document import Comprobante, DocumentDraft, Kind, Line, PaymentTime, PeruTerms
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.money import round_half_up
from cifras.fiscal.peru.totals import UNIT_PLACES, PeruLineTotals
from cifras.fiscal.zones import LIMA
from cifras.pac.sayable import unlisted_reasons
from cifras.pac.tandia.reading import CREDIT_NOTE, INVOICE, RECEIPT

TYPES = {Comprobante.FACTURA: INVOICE, Comprobante.BOLETA: RECEIPT}
REFERENCE = "affected_document"
INSTALMENTS = "credit_installments"
OPERATIONS = frozenset({Operation.INTERNAL_SALE.value})


def build(draft: DocumentDraft, company_id: str) -> dict[str, Any]:
    """The document to create. Raises RuleBroken, with every reason, for what Tandia cannot say."""
    terms = _terms_of(draft)
    refuse(unsayable(draft))
    totals = peru.compute(draft)
    spread = peru.spread_discounts(draft)
    receiver = draft.receiver
    return {
        "type": CREDIT_NOTE if draft.kind is Kind.CREDIT else TYPES[terms.document_kind],
        "company": {"id": company_id},
        "number": f"{terms.series}-{int(draft.number):08d}",
        "date": draft.issue_date.astimezone(LIMA).isoformat(timespec="seconds"),
        "customer": {
            "document_type": str(peru.identity_of(receiver) or "-"),
            "document_number": receiver.identity_number or "-",
            "registration_name": receiver.name or "-",
            "email": receiver.emails[0] if receiver.emails else None,
        },
        "currency": terms.currency,
        "payment_method": "cash" if draft.payment_time is PaymentTime.CASH else "credit",
        "observation": draft.notes or None,
        "sale_value": totals.net,
        "subtotal": totals.net,
        "tax_total": totals.taxes,
        "total": totals.total,
        "taxed_amount": totals.taxed,
        "exonerated_amount": totals.exonerated,
        "unaffected_amount": totals.unaffected,
        "free_amount": totals.free,
        "tax_amounts": _taxes(totals),
        "items": [_item(line, added) for line, added in zip(spread.lines, totals.lines, strict=True)],
        **_instalments(draft, totals),
        **_note(draft, terms),
    }


def unsayable(draft: DocumentDraft) -> Iterator[RuleBroken]:
    """What the "Objeto Documento" has no member for; nothing where the draft is not Peru's, which is said elsewhere."""
    yield from unlisted_reasons(draft, provider="Tandia", operations=OPERATIONS)


def _terms_of(draft: DocumentDraft) -> PeruTerms:
    if draft.peru is None:
        raise RuleBroken("not_peruvian", gettext_noop("Tandia solo emite comprobantes del Perú."))
    return draft.peru


def _taxes(totals: peru.PeruTotals) -> list[dict[str, Any]]:
    sums = {"IGV": totals.igv, "ICBPER": totals.icbper}
    return [{"code": code, "amount": amount} for code, amount in sums.items() if amount or code == "IGV"]


def _item(line: Line, added: PeruLineTotals) -> dict[str, Any]:
    is_free = added.affectation.is_free
    value, tax = (added.reference_value, added.reference_tax) if is_free else (added.net, added.itbms)
    code = "IGV" if added.affectation.tax is Tax.IGV else added.affectation.tax.name
    return {
        "code": line.code,
        "description": line.description,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_value": round_half_up(value / line.quantity, UNIT_PLACES),
        "unit_price": added.unit_price,
        "sale_value": value,
        "subtotal": value,
        "tax_total": tax,
        "total": value + tax,
        "free": is_free,
        "taxes": [
            {
                "code": code,
                "amount": tax,
                "percentage": added.rate,
                "affectation_type": str(added.affectation),
            }
        ],
    }


def _instalments(draft: DocumentDraft, totals: peru.PeruTotals) -> dict[str, Any]:
    parts = peru.instalments_to_send(draft, totals) if peru.credit_part(draft, totals) else ()
    rows = [{"due_date": part.due_date.isoformat(), "amount": part.amount} for part in parts]
    return {INSTALMENTS: rows} if rows else {}


def _note(draft: DocumentDraft, terms: PeruTerms) -> dict[str, Any]:
    reference = draft.reference
    if draft.kind is not Kind.CREDIT or reference is None:
        return {}
    named = {
        "type": TYPES[reference.comprobante or terms.document_kind],
        "number": f"{reference.series}-{int(reference.number):08d}",
    }
    return {"reason_code": terms.reason_code, "reason": terms.reason, REFERENCE: named}
