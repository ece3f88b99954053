"""Who works here, and what they did."""

from cifras.core.models.audit import AuditChain, AuditEntry
from cifras.core.models.export import ExportJob
from cifras.core.models.heartbeat import Heartbeat
from cifras.core.models.proposal import Proposal
from cifras.core.models.sign_in import (
    Invitation,
    RecoveryCode,
    SecondFactor,
    SignInPlace,
    StaffSession,
)
from cifras.core.models.staff import Staff

__all__ = [
    "AuditChain",
    "AuditEntry",
    "ExportJob",
    "Heartbeat",
    "Invitation",
    "Proposal",
    "RecoveryCode",
    "SecondFactor",
    "SignInPlace",
    "Staff",
    "StaffSession",
]
