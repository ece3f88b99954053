"""The DGI's codes that follow from what a draft is."""

from cifras.fiscal.catalogues.dgi import Destination, DocumentType, Nature, PaymentTerm, Receiver, SaleType
from cifras.fiscal.document import DocumentDraft, Kind, Party, PaymentTime, ReceiverType
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.ruc import panama as ruc_rules

HOME = "PA"

_RECEIVERS = {
    ReceiverType.CONTRIBUYENTE: Receiver.TAXPAYER,
    ReceiverType.CONSUMIDOR_FINAL: Receiver.FINAL_CONSUMER,
    ReceiverType.GOBIERNO: Receiver.GOVERNMENT,
    ReceiverType.EXTRANJERO: Receiver.FOREIGNER,
}
_TERMS = {
    PaymentTime.CASH: PaymentTerm.IMMEDIATE,
    PaymentTime.CREDIT: PaymentTerm.TERM,
    PaymentTime.MIXED: PaymentTerm.MIXED,
}


def destination(draft: DocumentDraft) -> Destination:
    """Abroad only for a foreigner whose country is not Panama; a foreigner who buys in Panama has the country PA."""
    is_foreigner = draft.receiver.type is ReceiverType.EXTRANJERO
    is_abroad = is_foreigner and draft.receiver.country != HOME
    return Destination.ABROAD if is_abroad else Destination.PANAMA


def document_type(draft: DocumentDraft) -> DocumentType:
    """04 for a credit note, 03 for a sale abroad, 01 otherwise. The DGI refuses 01 with a destination abroad."""
    if draft.kind is Kind.CREDIT:
        return DocumentType.CREDIT_NOTE
    return DocumentType.EXPORT if destination(draft) is Destination.ABROAD else DocumentType.INTERNAL


def nature(draft: DocumentDraft) -> Nature:
    """Export for an export invoice, sale otherwise: credit notes too say sale, as observed on accepted ones."""
    return Nature.EXPORT if document_type(draft) is DocumentType.EXPORT else Nature.SALE


def sale_type(draft: DocumentDraft) -> SaleType | None:
    """The business line for an invoice; a credit note is no sale and leaves it out."""
    return None if draft.kind is Kind.CREDIT else SaleType.BUSINESS_LINE


def receiver_type_code(draft: DocumentDraft) -> Receiver:
    """iTipoRec of the receiver."""
    return _RECEIVERS[draft.receiver.type]


def payment_term(draft: DocumentDraft) -> PaymentTerm:
    """iPzPag of the sale."""
    return _TERMS[draft.payment_time]


def ruc_to_send(receiver: Party) -> str:
    """The clean RUC that goes on the document, empty where it is left out.

    A foreigner never has one. A final consumer's goes only when it is a valid natural person's id: its shape, and its DV
    when both are there to compare.
    """
    if receiver.type is ReceiverType.EXTRANJERO or not receiver.ruc.strip():
        return ""
    if receiver.type is ReceiverType.CONSUMIDOR_FINAL and not _is_valid_person(receiver):
        return ""
    return ruc_rules.compact(receiver.ruc)


def _is_valid_person(receiver: Party) -> bool:
    if not ruc_rules.is_natural_id(receiver.ruc, receiver.contributor):
        return False
    if not receiver.dv.strip():
        return True
    try:
        return ruc_rules.check_digit(receiver.ruc, "NATURAL") == receiver.dv.strip()
    except RuleBroken:
        return True  # the paper leaves the DV open: the shape decides
