"""What happens to documents: one module per act. Doors call these and nothing below."""

from invoicing.services.issuing import (
    convert_credit_to_dgi,
    create_credit,
    create_invoice,
    discard_document,
    generate_invoice,
    update_invoice,
)
from invoicing.services.resolving import resolve_unknown
from invoicing.services.retrieving import attach_pac_pdf
from invoicing.services.settling import record_settlement
from invoicing.services.voiding import void_credit, void_invoice

__all__ = [
    "attach_pac_pdf",
    "convert_credit_to_dgi",
    "create_credit",
    "create_invoice",
    "discard_document",
    "generate_invoice",
    "record_settlement",
    "resolve_unknown",
    "update_invoice",
    "void_credit",
    "void_invoice",
]
