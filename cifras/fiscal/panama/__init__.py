"""What Panama demands of a document (domain 4, DGI contract 3), one module per part of it.

`reasons` lists everything that keeps a draft from being queued, as far as the draft alone shows it; the codes that the DGI
wants on the document are derived here too, so that no provider derives its own.
"""

from cifras.fiscal.panama.kinds import (
    destination,
    document_type,
    nature,
    payment_term,
    receiver_type_code,
    ruc_to_send,
    sale_type,
)
from cifras.fiscal.panama.payment import credit_part, instalments_to_send
from cifras.fiscal.panama.preflight import reasons, require_complete, warnings
from cifras.fiscal.panama.retention import MissingRetentionCode, RetentionDue, retention_of

__all__ = [
    "MissingRetentionCode",
    "RetentionDue",
    "credit_part",
    "destination",
    "document_type",
    "instalments_to_send",
    "nature",
    "payment_term",
    "reasons",
    "receiver_type_code",
    "require_complete",
    "retention_of",
    "ruc_to_send",
    "sale_type",
    "warnings",
]
