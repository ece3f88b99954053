"""What happens to documents: one module per act. Doors call these and nothing below."""

from invoicing.services.correcting import start_correction, stop_correction
from invoicing.services.issuing import (
    convert_credit_to_dgi,
    create_credit,
    create_invoice,
    discard_document,
    generate_invoice,
    update_invoice,
)
from invoicing.services.mailing import resend_document_email
from invoicing.services.reissuing import correct_and_reissue
from invoicing.services.requesting import request_webhook
from invoicing.services.resolving import resolve_unknown
from invoicing.services.retrieving import attach_pac_pdf
from invoicing.services.returning import move_money
from invoicing.services.settling import record_settlement, reverse_settlement
from invoicing.services.voiding import void_credit, void_invoice
from invoicing.services.withdrawing import redate_document, withdraw_document

__all__ = [
    "attach_pac_pdf",
    "convert_credit_to_dgi",
    "correct_and_reissue",
    "create_credit",
    "create_invoice",
    "discard_document",
    "generate_invoice",
    "move_money",
    "record_settlement",
    "redate_document",
    "request_webhook",
    "resend_document_email",
    "resolve_unknown",
    "reverse_settlement",
    "start_correction",
    "stop_correction",
    "update_invoice",
    "void_credit",
    "void_invoice",
    "withdraw_document",
]
