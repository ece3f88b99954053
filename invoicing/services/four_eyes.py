"""Voids that take two persons: a setting of the tenant, for every document or for those above an amount.

Who asks for the void proposes it, with its reason; another person with the same right approves it, and only then it is asked for
(`invoicing.services.void_approvals`). Each document is a proposal of its own, in bulk too: the second person decides one by one.
"""

from django.utils.translation import gettext_lazy as _

from cifras.core import proposals
from cifras.core.models import Proposal, Staff
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.zones import written
from invoicing.models import Document
from invoicing.services import timeline

# The word of the proposal: what it is called and the right that it takes, to propose as to approve.
VOIDS = {
    "invoice.void": (_("Anular la factura ante la autoridad"), "invoicing.void_invoice"),
    "credit.void": (_("Anular la nota de crédito ante la autoridad"), "invoicing.void_credit"),
}


def void_takes_two(document: Document) -> bool:
    """Whether its tenant wants a second person for this void. The amount is compared in the document's own currency."""
    tenant = document.tenant
    above = tenant.four_eyes_void_above
    return tenant.four_eyes_void and (above is None or document.total > above)


def propose_void(document: Document, reason: str, money: str, *, actor: Staff | None) -> Proposal:
    """Put a void that the guard lets pass before a second person. RuleBroken without a person, or while another one waits.

    The console has no person to answer for the request, so the command is refused.
    """
    if actor is None:
        raise RuleBroken(
            "void_takes_two",
            gettext_noop(
                "En {tenant} esta anulación la pide una persona y la aprueba otra: hágalo desde la página del documento."
            ),
            tenant=str(document.tenant),
        )
    act = "invoice.void" if document.kind == Kind.INVOICE else "credit.void"
    label = f"{document} · {document.tenant}"
    if document.void_deadline:
        label += f" · {written(document.void_deadline)}"
    proposal = proposals.propose(
        act,
        target=document,
        label=label,
        tenant_uid=document.tenant.uid,
        content={"money": money, "total": document.total, "deadline": document.void_deadline},
        reason=reason,
        actor=actor,
    )
    timeline.note(document, "void_proposed", actor=actor, detail={"reason": reason, "money": money})
    return proposal


def waits_for_approval(document: Document) -> bool:
    """Whether a void of it waits for a second person."""
    proposal = proposals.open_proposal(document.uid)
    return proposal is not None and proposal.act in VOIDS
