"""Four eyes: one person proposes an act with its reason, another one approves it, and only then it is carried out.

An app declares its acts when it starts (`declare`, from `AppConfig.ready`): what the act is called, which right it takes, and the
service that carries it out. Approving and carrying out are one transaction: where the act is refused, nobody has approved.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Proposal, Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop

SHORTEST_REASON, LONGEST_REASON = 15, 1000


def _nothing(_proposal: Proposal, _actor: Staff) -> None:
    return None


def _no_address(_proposal: Proposal) -> str:
    return ""


def _no_files(_proposal: Proposal) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, slots=True)
class Act:
    """One act that takes two persons. `permission` ("app.codename") is needed to propose and to decide.

    `carry_out` does it, as the person who approves, inside the approval's transaction; it raises RuleBroken where what was
    proposed no longer fits. `put_aside` is told of a refusal or withdrawal. `address` is the target's page, `files` the names
    and addresses of the evidence.
    """

    word: str
    label: Any
    permission: str
    carry_out: Callable[[Proposal, Staff], None]
    put_aside: Callable[[Proposal, Staff], None] = _nothing
    address: Callable[[Proposal], str] = _no_address
    files: Callable[[Proposal], Sequence[tuple[str, str]]] = _no_files


_ACTS: dict[str, Act] = {}


def declare(act: Act) -> None:
    """Make an act known under its word; declaring it again replaces it."""
    _ACTS[act.word] = act


def act_of(proposal: Proposal) -> Act | None:
    """What was declared for it; None for an act that no app knows any more."""
    return _ACTS.get(proposal.act)


def require_reason(text: str) -> str:
    """The reason without blanks around it; RuleBroken when it is too short to be one, or too long."""
    clean = text.strip()
    if len(clean) < SHORTEST_REASON:
        raise RuleBroken(
            "reason_too_short",
            gettext_noop(
                "El motivo tiene {length} caracteres y hacen falta {minimum}: diga qué consta y dónde lo vio."
            ),
            "reason",
            length=len(clean),
            minimum=SHORTEST_REASON,
        )
    if len(clean) > LONGEST_REASON:
        raise RuleBroken(
            "reason_too_long",
            gettext_noop("El motivo tiene {length} caracteres y caben {maximum}. Acórtelo."),
            "reason",
            length=len(clean),
            maximum=LONGEST_REASON,
        )
    return clean


def open_proposal(target_uid: uuid.UUID) -> Proposal | None:
    """The one that waits for a decision about this target."""
    return Proposal.objects.open().filter(target_uid=target_uid).first()


def is_open_about(target_uid: str) -> Exists:
    """Whether a proposal is open about a row whose column `target_uid` holds its UUID: an annotation, by the small index."""
    return Exists(Proposal.objects.open().filter(target_uid=OuterRef(target_uid)))


def propose(
    act: str,
    *,
    target: models.Model,
    label: str,
    tenant_uid: uuid.UUID | None,
    content: dict[str, Any],
    reason: str,
    actor: Staff | None,
    evidence: Sequence[uuid.UUID] = (),
) -> Proposal:
    """Put an act before a second person. RuleBroken (already_proposed) while another one about the target is open."""
    clean, person = require_reason(reason), _somebody(actor)
    proposal = Proposal(
        act=act,
        tenant_uid=tenant_uid,
        target_type=target._meta.label_lower,
        target_uid=target.uid,  # type: ignore[attr-defined]
        target_label=label[:200],
        content=audit.plain_json(content),
        reason=clean,
        evidence=[str(uid) for uid in evidence],
        proposed_by=person.uid,
        proposed_by_name=person.username,
    )
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError:
        raise RuleBroken(
            "already_proposed",
            gettext_noop(
                "Ya hay una propuesta por aprobar sobre esto: decídanla o retírenla antes de hacer otra."
            ),
        ) from None
    _record(proposal, "proposed", person)
    return proposal


def approve(proposal: Proposal, *, actor: Staff | None, note: str = "") -> Proposal:
    """Decide in favour and carry it out. RuleBroken for the person who proposed it, and for one that was decided before."""
    person = _another(proposal, actor)
    act = act_of(proposal)
    if act is None:
        raise RuleBroken("unknown_act", gettext_noop("Nadie sabe hacer lo que se propone: rechácela."))
    with transaction.atomic():
        _decide(proposal, Proposal.State.APPROVED, person, note)
        act.carry_out(proposal, person)
        _record(proposal, "approved", person)
    return proposal


def refuse(proposal: Proposal, *, actor: Staff | None, note: str) -> Proposal:
    """Decide against it, with a reason. RuleBroken as for `approve`."""
    return _put_aside(
        proposal, Proposal.State.REFUSED, _another(proposal, actor), require_reason(note), "refused"
    )


def withdraw(proposal: Proposal, *, actor: Staff | None) -> Proposal:
    """Take back one's own proposal. RuleBroken for anybody else."""
    person = _somebody(actor)
    if person.uid != proposal.proposed_by:
        raise RuleBroken(
            "not_your_proposal",
            gettext_noop("Solo quien la propuso la retira: si no procede, rechácela."),
        )
    return _put_aside(proposal, Proposal.State.WITHDRAWN, person, "", "withdrawn")


def _put_aside(proposal: Proposal, state: str, person: Staff, note: str, word: str) -> Proposal:
    act = act_of(proposal)
    with transaction.atomic():
        _decide(proposal, state, person, note)
        if act is not None:
            act.put_aside(proposal, person)
        _record(proposal, word, person)
    return proposal


def _decide(proposal: Proposal, state: str, person: Staff, note: str) -> None:
    """Compare-and-set out of OPEN: of two who decide at once, the second is told."""
    decided = Proposal.objects.open().filter(pk=proposal.pk)
    changes = {
        "state": state,
        "decided_by": person.uid,
        "decided_by_name": person.username,
        "decided_at": timezone.now(),
        "decision_note": note.strip()[:LONGEST_REASON],
    }
    if not decided.update(**changes):
        raise RuleBroken("proposal_decided", gettext_noop("Otra persona ya decidió esta propuesta."))
    proposal.refresh_from_db()


def _another(proposal: Proposal, actor: Staff | None) -> Staff:
    person = _somebody(actor)
    if person.uid == proposal.proposed_by:
        raise RuleBroken(
            "same_person",
            gettext_noop("Usted la propuso: tiene que decidirla otra persona. Si se equivocó, retírela."),
        )
    return person


def _somebody(actor: Staff | None) -> Staff:
    if actor is None:
        raise RuleBroken("needs_a_person", gettext_noop("Esto lo decide una persona, no el sistema."))
    return actor


def _record(proposal: Proposal, word: str, person: Staff) -> None:
    audit.record(
        f"proposal.{word}",
        actor=person,
        tenant_uid=proposal.tenant_uid,
        target=(proposal.target_type, proposal.target_uid, proposal.target_label),
        before=None if word == "proposed" else {"state": Proposal.State.OPEN.value},
        after={
            "proposal": proposal.uid,
            "act": proposal.act,
            "state": proposal.state,
            "content": proposal.content,
        },
        reason=proposal.reason if word in {"proposed", "approved"} else proposal.decision_note,
    )
