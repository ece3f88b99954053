"""What Peru demands of a document (domain 4, Peru contract 3), one module per part of it; the twin of `panama`.

`reasons` lists everything that keeps a draft from being queued, as far as the draft alone shows it. SUNAT's codes that follow
from a draft are derived here too, so that no provider derives its own.
"""

from cifras.fiscal.peru.kinds import (
    HIGHEST_NUMBER,
    document_type,
    is_electronic_series,
    is_number,
    is_series,
    series_letter,
)
from cifras.fiscal.peru.notes import is_full_reversal
from cifras.fiscal.peru.payment import credit_part, instalments_to_send, kept_back
from cifras.fiscal.peru.preflight import reasons, require_complete, warnings
from cifras.fiscal.peru.receiver import identities_allowed, identity_of, receiver_type
from cifras.fiscal.peru.returns import SAME_BEFORE, WITHOUT_EFFECT, Return, returned
from cifras.fiscal.peru.sending import SEND_DAYS, send_by
from cifras.fiscal.peru.totals import PeruTotals, compute, spread_discounts, unit_value_of

__all__ = [
    "HIGHEST_NUMBER",
    "SAME_BEFORE",
    "SEND_DAYS",
    "WITHOUT_EFFECT",
    "PeruTotals",
    "Return",
    "compute",
    "credit_part",
    "document_type",
    "identities_allowed",
    "identity_of",
    "instalments_to_send",
    "is_electronic_series",
    "is_full_reversal",
    "is_number",
    "is_series",
    "kept_back",
    "reasons",
    "receiver_type",
    "require_complete",
    "returned",
    "send_by",
    "series_letter",
    "spread_discounts",
    "unit_value_of",
    "warnings",
]
