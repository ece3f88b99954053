"""Who works here, and what they did."""

from cifras.core.models.audit import AuditChain, AuditEntry
from cifras.core.models.proposal import Proposal
from cifras.core.models.staff import Staff

__all__ = ["AuditChain", "AuditEntry", "Proposal", "Staff"]
