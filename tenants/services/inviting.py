"""Taking somebody into the staff: their account, roles and accesses, and the invitation with which they set their password."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Invitation, Staff
from cifras.core.rights import may
from cifras.core.sign_in import invitations
from cifras.fiscal.errors import RuleBroken, gettext_noop
from tenants.access import sees_everything, tenants_for
from tenants.models import StaffGrant, Tenant

GRANT = "tenants.add_staffgrant"


def invite_staff(
    *,
    username: str,
    email: str,
    name: str,
    roles: Sequence[Group],
    tenants: Sequence[Tenant],
    all_tenants: bool,
    expires_at: datetime | None,
    actor: Staff,
) -> Invitation:
    """The person with roles and accesses, and their invitation; nobody gives a sight that they do not have. RuleBroken.

    The account has no password until the invitation is used.
    """
    _require(actor, tenants, all_tenants=all_tenants, expires_at=expires_at)
    first_name, _, last_name = name.strip().partition(" ")
    try:
        with transaction.atomic():
            person = Staff.objects.create_user(
                username, email, first_name=first_name, last_name=last_name.strip(), is_staff=True
            )
    except IntegrityError:
        raise RuleBroken(
            "username_taken",
            gettext_noop("Ya hay una persona con el usuario {username}."),
            "username",
            username=username,
        ) from None
    with transaction.atomic():
        person.groups.set(roles)
        invitation = invitations.invite(person, actor=actor)
        for tenant in [None] if all_tenants else sorted(tenants, key=lambda each: str(each.uid)):
            _grant(person, tenant, expires_at, actor)
    return invitation


def _grant(person: Staff, tenant: Tenant | None, expires_at: datetime | None, actor: Staff) -> None:
    grant = StaffGrant.objects.create(staff=person, tenant=tenant, expires_at=expires_at, granted_by=actor)
    audit.record(
        "grant.given",
        actor=actor,
        tenant_uid=tenant.uid if tenant else None,
        target=grant,
        after={"staff": person.username, "expires_at": expires_at},
    )


def _require(
    actor: Staff, tenants: Sequence[Tenant], *, all_tenants: bool, expires_at: datetime | None
) -> None:
    if not (may(actor, invitations.INVITE) and may(actor, GRANT)):
        raise RuleBroken("no_right", gettext_noop("Su rol no permite este acto."))
    if all_tenants and not sees_everything(actor):
        raise RuleBroken(
            "not_all_yours",
            gettext_noop("Usted no ve todas las empresas: nombre las que debe ver."),
            "all_tenants",
        )
    keys = {tenant.pk for tenant in tenants}
    if tenants_for(actor).filter(pk__in=keys).count() != len(keys):
        raise RuleBroken("not_yours", gettext_noop("No se encontró alguna de las empresas."), "tenants")
    if expires_at and expires_at <= timezone.now():
        raise RuleBroken("past_expiry", gettext_noop("Ese momento ya pasó."), "expires_at")
