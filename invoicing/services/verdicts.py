"""What nobody knows is settled by a person, with evidence, and by a second one who approves.

Each verdict is a row: its right, what has to hold, and what is done. What the provider itself proves, or shows to be another
sale, takes one person; everything else is proposed here and carried out when somebody else approves
(`cifras.core.proposals`). What was seen when it was proposed has to hold still.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cifras.core import proposals
from cifras.core.models import Proposal, Staff
from cifras.core.proposals import Act, require_reason
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Attachment, Document
from invoicing.services import (
    identity,
    legal_verdicts,
    proofs,
    timeline,
    tracking,
    unknown_verdicts,
    void_verdicts,
)
from invoicing.services.finding import get_document

DECIDE = "invoicing.decide_document"
OVERRULE = "invoicing.overrule_document"


class Verdict(StrEnum):
    """The acts that persons propose about a document; the values are the words of `Proposal.act`."""

    RESEND = "document.resend"
    NEVER = "document.never_existed"
    ADOPT = "document.adopt"
    TAKEN = "document.number_taken"
    LEGAL_CHANGE = "document.legal_change"
    VOID_DONE = "document.void_done"
    VOID_NOT_DONE = "document.void_not_done"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One verdict. `is_proven` says that the provider's own answer settles it, so that one person is enough."""

    label: Any
    permission: str
    require: Callable[[Document], None]
    carry_out: Callable[[Document, str, Staff], None]
    is_proven: Callable[[Document], bool] = lambda _document: False


RULINGS: Mapping[Verdict, Ruling] = {
    Verdict.RESEND: Ruling(
        _("No existe en el PAC: enviar de nuevo los mismos bytes"),
        DECIDE,
        unknown_verdicts.require_resend,
        unknown_verdicts.resend,
    ),
    Verdict.NEVER: Ruling(
        _("Fue rechazado o nunca existirá: no quedó emitido"),
        DECIDE,
        unknown_verdicts.require_refusal,
        unknown_verdicts.never,
    ),
    Verdict.ADOPT: Ruling(
        _("Es nuestro documento: adoptarlo"),
        DECIDE,
        unknown_verdicts.require_adoption,
        unknown_verdicts.adopt,
        unknown_verdicts.is_shown_to_be_ours,
    ),
    Verdict.TAKEN: Ruling(
        _("Es otro documento: el número está ocupado"),
        DECIDE,
        unknown_verdicts.require_taken,
        unknown_verdicts.take_number,
        unknown_verdicts.is_shown_to_differ,
    ),
    Verdict.LEGAL_CHANGE: Ruling(
        _("Cambiar al estado que dice la autoridad"),
        OVERRULE,
        legal_verdicts.require_change,
        legal_verdicts.change,
    ),
    Verdict.VOID_DONE: Ruling(
        _("La anulación consta ante la autoridad"),
        DECIDE,
        void_verdicts.require_void_done,
        void_verdicts.void_done,
    ),
    Verdict.VOID_NOT_DONE: Ruling(
        _("La anulación no se hizo: el documento sigue vigente"),
        DECIDE,
        void_verdicts.require_void_not_done,
        void_verdicts.void_not_done,
    ),
}


def give_verdict(
    document_id: uuid.UUID | str,
    verdict: Verdict,
    *,
    reason: str,
    actor: Staff,
    upload: "File[bytes] | None" = None,
) -> Proposal | None:
    """Settle a document, where the provider's own answer is proof (None), or propose it to a second person.

    `upload` is the evidence, which a proposal cannot do without. Raises RuleBroken with what stands in the way.
    """
    document = get_document(document_id, actor=actor)
    ruling = RULINGS[verdict]
    ruling.require(document)
    clean = require_reason(reason)
    if ruling.is_proven(document):
        _carry_out(document.uid, verdict, clean, actor)
        return None
    if upload is None:
        raise RuleBroken(
            "evidence_missing",
            gettext_noop("Adjunte la prueba: un PDF, una imagen, un texto o un correo guardado."),
            "evidence",
        )
    file = proofs.keep(document, upload, actor=actor)
    with transaction.atomic():
        proposal = proposals.propose(
            verdict.value,
            target=document,
            label=f"{document} · {document.tenant}",
            tenant_uid=document.tenant.uid,
            content=_seen(document),
            reason=clean,
            evidence=[file.uid],
            actor=actor,
        )
        timeline.note(document, "verdict_proposed", actor=actor, detail={"verdict": verdict, "reason": clean})
    return proposal


def declare_acts() -> None:
    """Tell the four eyes what this app's verdicts are; called once, when the app starts."""
    for verdict, ruling in RULINGS.items():
        proposals.declare(
            Act(
                word=verdict.value,
                label=ruling.label,
                permission=ruling.permission,
                carry_out=_approved,
                put_aside=_put_aside,
                address=_address,
                files=_files,
            )
        )


def _approved(proposal: Proposal, actor: Staff) -> None:
    document = get_document(proposal.target_uid, actor=actor)
    if _seen(document) != proposal.content:
        raise tracking.changed_meanwhile()
    _carry_out(
        document.uid, Verdict(proposal.act), proposal.reason, actor, proposed_by=proposal.proposed_by_name
    )


def _carry_out(
    document_uid: uuid.UUID, verdict: Verdict, reason: str, actor: Staff, *, proposed_by: str = ""
) -> None:
    ruling = RULINGS[verdict]
    with transaction.atomic():
        rows = Document.objects.select_for_update(of=("self",)).select_related("tenant", "office")
        document = rows.get(uid=document_uid)
        ruling.require(document)
        detail = {"verdict": verdict, "reason": reason, "proposed_by": proposed_by}
        timeline.note(document, "verdict_given", actor=actor, detail=detail)
        ruling.carry_out(document, reason, actor)


def _put_aside(proposal: Proposal, actor: Staff) -> None:
    document = get_document(proposal.target_uid, actor=None)
    detail = {"verdict": proposal.act, "reason": proposal.decision_note, "state": proposal.state}
    timeline.note(document, "verdict_put_aside", actor=actor, detail=detail)


def _seen(document: Document) -> dict[str, Any]:
    """What the persons look at when they decide; another answer, another word, and they have to look again."""
    theirs = identity.held(document)
    return {
        "submission": str(document.submission),
        "flag": str(document.flag),
        "legal_status": str(document.legal_status),
        "legal_conflict": document.legal_conflict,
        "void_status": str(document.void_status),
        "pac_document": theirs.document_id if theirs else "",
    }


def _address(proposal: Proposal) -> str:
    return reverse("admin:invoicing_document_change", args=[proposal.target_uid])


def _files(proposal: Proposal) -> Sequence[tuple[str, str]]:
    rows = Attachment.objects.filter(uid__in=proposal.evidence).values_list("filename", "uid")
    return [(name, reverse("invoicing:file", args=[uid])) for name, uid in rows]
