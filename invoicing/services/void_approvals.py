"""What becomes of a proposed void: approved it is asked for, unless its window has closed meanwhile; else it is put aside."""

from django.urls import reverse

from cifras.core import proposals
from cifras.core.models import Proposal, Staff
from cifras.core.proposals import Act
from invoicing.services import timeline
from invoicing.services.finding import get_document
from invoicing.services.four_eyes import VOIDS
from invoicing.services.voiding import void_approved


def declare_acts() -> None:
    """Tell the four eyes about voids; called once, when the app starts."""
    for word, (label, permission) in VOIDS.items():
        proposals.declare(
            Act(
                word=word,
                label=label,
                permission=permission,
                carry_out=_approved,
                put_aside=_put_aside,
                address=_address,
            )
        )


def _approved(proposal: Proposal, actor: Staff) -> None:
    void_approved(
        proposal.target_uid,
        proposal.reason,
        actor=actor,
        money=proposal.content["money"],
        proposed_by=proposal.proposed_by_name,
    )


def _put_aside(proposal: Proposal, actor: Staff) -> None:
    document = get_document(proposal.target_uid, actor=actor)
    code = "void_withdrawn" if proposal.state == Proposal.State.WITHDRAWN else "void_not_approved"
    timeline.note(document, code, actor=actor, detail={"reason": proposal.decision_note})


def _address(proposal: Proposal) -> str:
    face, _, _ = proposal.act.partition(".")
    return reverse(f"admin:invoicing_{face}_change", args=[proposal.target_uid])
