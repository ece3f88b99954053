"""When somebody of the staff leaves: what is in their hands, who takes it over, and the end of their access."""

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cifras.core import audit
from cifras.core.models import Proposal, Staff
from cifras.core.sign_in import sessions
from cifras.core.sign_in.people import require_other
from cifras.fiscal.errors import RuleBroken, gettext_noop
from tenants.models import Onboarding, StaffGrant
from tenants.services.activation import require_reason
from tenants.services.floors_above import Holding

_MOST_LISTED = 50


def held_here(person: Staff, viewer: Staff) -> Iterator[Holding]:
    """Onboardings that they touched last and nobody has finished, and what they proposed and nobody has decided."""
    tenants = [onboarding.tenant.uid for onboarding in _onboardings_of(person, viewer)]
    yield Holding(_("Empresas por habilitar"), len(tenants), "tenants_tenant", _chosen(tenants))
    proposals = Proposal.objects.open().visible_to(viewer).filter(proposed_by=person.uid)
    uids = list(proposals.values_list("uid", flat=True))
    yield Holding(_("Propuestas por decidir"), len(uids), "core_proposal", _chosen(uids))


def reassign_grants(grants: Sequence[StaffGrant], to: Staff, *, actor: Staff) -> int:
    """Give `to` the sight that these grants give, with the same end, and take it from who had it; answers how many moved.

    A grant is never changed: one is given and one taken away, and both are audited. Raises RuleBroken.
    """
    _require_able(to)
    moved = sorted((each for each in grants if each.staff_id != to.pk), key=_chain)
    with transaction.atomic():
        for grant in moved:
            held = StaffGrant.objects.filter(staff=to, tenant=grant.tenant).first()
            if held is None:
                held = StaffGrant.objects.create(
                    staff=to, tenant=grant.tenant, expires_at=grant.expires_at, granted_by=actor
                )
            _tell_moved(grant, held, actor)
            grant.delete()
    return len(moved)


def end_staff(person: Staff, *, reason: str, actor: Staff) -> None:
    """The person signs in no more and is signed out at the next click; what they did stays theirs. Raises RuleBroken."""
    require_reason(reason)
    require_other(person, actor)
    with transaction.atomic():
        if not Staff.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            raise RuleBroken("already_ended", gettext_noop("Esta persona ya estaba de baja."))
        person.is_active = False
        sessions.drop_all(person, actor=actor)
        audit.record(
            "staff.ended",
            actor=actor,
            target=person,
            before={"is_active": True},
            after={"is_active": False},
            reason=reason.strip(),
        )


def _onboardings_of(person: Staff, viewer: Staff) -> list[Onboarding]:
    open_ones = Onboarding.objects.visible_to(viewer).filter(finished_at=None).select_related("tenant")
    return [each for each in open_ones.order_by("pk") if _last_hand(each) == person.username]


def _last_hand(onboarding: Onboarding) -> str:
    """Who made the latest try of a step; the system's own do not count."""
    tries = [entry for entry in onboarding.steps.values() if entry["by"]]
    latest = max(tries, key=lambda entry: entry["at"], default=None)
    return str(latest["by"]) if latest else ""


def _require_able(to: Staff) -> None:
    if not to.is_active or not to.is_staff:
        raise RuleBroken(
            "not_staff", gettext_noop("{person} no puede entrar: elija a otra persona."), "to", person=str(to)
        )


def _tell_moved(grant: StaffGrant, held: StaffGrant, actor: Staff) -> None:
    audit.record(
        "grant.reassigned",
        actor=actor,
        tenant_uid=grant.tenant.uid if grant.tenant else None,
        target=held,
        before={"staff": grant.staff.username},
        after={"staff": held.staff.username, "expires_at": held.expires_at},
    )


def _chain(grant: StaffGrant) -> str:
    """Audit chains are locked in the order of their UUIDs."""
    return str(grant.tenant.uid) if grant.tenant else ""


def _chosen(uids: Sequence[object]) -> str:
    return "uid__in=" + ",".join(str(uid) for uid in uids[:_MOST_LISTED])
