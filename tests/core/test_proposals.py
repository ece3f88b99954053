"""Four eyes: one person proposes, another one decides, once, and what is refused was not approved."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cifras.core import audit, proposals
from cifras.core.models import AuditEntry, Proposal, Staff
from cifras.core.proposals import Act
from cifras.fiscal.errors import RuleBroken
from tests.at_once import at_once
from tests.factories import a_staff_member

ACT = "practice.paint"
REASON = "La pared está gris desde marzo"


class Wall:
    """What the practised act does."""

    def __init__(self) -> None:
        self.coats: list[str] = []
        self.put_aside: list[str] = []
        self.is_wet = False

    def paint(self, proposal: Proposal, actor: Staff) -> None:
        if self.is_wet:
            raise RuleBroken("wet", "Está mojada.")
        self.coats.append(f"{proposal.content['colour']} by {actor.username}")


@pytest.fixture
def wall() -> Iterator[Wall]:
    wall = Wall()
    proposals.declare(
        Act(
            word=ACT,
            label="Pintar",
            permission="core.view_staff",
            carry_out=wall.paint,
            put_aside=lambda proposal, actor: wall.put_aside.append(proposal.state),
        )
    )
    yield wall
    proposals._ACTS.pop(ACT)


@pytest.fixture
def ana() -> Staff:
    return a_staff_member()


@pytest.fixture
def luis() -> Staff:
    return a_staff_member()


def proposed(actor: Staff, **changes: Any) -> Proposal:
    values = {
        "target": actor,
        "label": "La pared",
        "tenant_uid": uuid.uuid4(),
        "content": {"colour": "blue"},
        "reason": REASON,
        "actor": actor,
        **changes,
    }
    return proposals.propose(ACT, **values)


def code_of(act: Any) -> str:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.code


@pytest.mark.django_db
def test_another_person_approves_and_only_then_it_is_done(wall, ana, luis) -> None:
    proposal = proposed(ana)
    assert wall.coats == []
    assert code_of(lambda: proposals.approve(proposal, actor=ana)) == "same_person"
    assert code_of(lambda: proposals.refuse(proposal, actor=ana, note=REASON)) == "same_person"
    assert code_of(lambda: proposals.approve(proposal, actor=None)) == "needs_a_person"
    assert (wall.coats, proposal.is_open) == ([], True)
    proposals.approve(proposal, actor=luis, note="Bien")
    assert wall.coats == [f"blue by {luis.username}"]
    assert (proposal.state, proposal.decided_by, proposal.decision_note) == ("approved", luis.uid, "Bien")
    words = AuditEntry.objects.filter(chain=proposal.tenant_uid).order_by("sequence")
    assert list(words.values_list("action", "actor_uid")) == [
        ("proposal.proposed", ana.uid),
        ("proposal.approved", luis.uid),
    ]
    assert audit.verify() == []


@pytest.mark.django_db
def test_what_is_refused_while_it_is_done_was_not_approved(wall, ana, luis) -> None:
    proposal = proposed(ana)
    wall.is_wet = True
    assert code_of(lambda: proposals.approve(proposal, actor=luis)) == "wet"
    proposal.refresh_from_db()
    assert proposal.is_open
    assert not AuditEntry.objects.filter(action="proposal.approved").exists()


@pytest.mark.django_db
def test_a_no_says_why_and_a_proposal_is_withdrawn_by_its_own_author_only(wall, ana, luis) -> None:
    proposal = proposed(ana)
    assert code_of(lambda: proposals.refuse(proposal, actor=luis, note="no")) == "reason_too_short"
    assert code_of(lambda: proposals.withdraw(proposal, actor=luis)) == "not_your_proposal"
    proposals.refuse(proposal, actor=luis, note="Esa pared se demuele mañana")
    again = proposed(ana)
    proposals.withdraw(again, actor=ana)
    assert wall.put_aside == ["refused", "withdrawn"]
    for decided in (proposal, again):
        assert code_of(lambda decided=decided: proposals.approve(decided, actor=luis)) == "proposal_decided"
    assert wall.coats == []


@pytest.mark.django_db
def test_one_open_proposal_per_target_with_a_real_reason(wall, ana, luis) -> None:
    assert code_of(lambda: proposed(ana, reason=" por que sí   ")) == "reason_too_short"
    proposed(ana)
    assert code_of(lambda: proposed(luis, target=ana)) == "already_proposed"


@pytest.mark.django_db
def test_the_database_itself_insists_on_four_eyes(wall, ana) -> None:
    proposal = proposed(ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(state="approved", decided_by=ana.uid)
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(state="approved")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_have_one_effect(wall, ana) -> None:
    proposal = proposed(ana)
    others = [a_staff_member() for _ in range(4)]

    def approve(person: Staff) -> str:
        try:
            proposals.approve(Proposal.objects.get(pk=proposal.pk), actor=person)
        except RuleBroken as refusal:
            return refusal.code
        return "done"

    found = at_once([lambda person=person: approve(person) for person in others])
    assert sorted(found) == ["done", *["proposal_decided"] * 3]
    assert len(wall.coats) == 1
