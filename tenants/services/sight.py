"""Who may see one company, and through what."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from cifras.core.models import Staff
from cifras.core.scopes import all_tenants
from tenants.models import StaffGrant, Tenant


@dataclass(frozen=True, slots=True)
class Seer:
    """Somebody who sees the company. `grant` is None for a superuser, and of all companies where it names none."""

    person: Staff
    roles: tuple[str, ...]
    grant: StaffGrant | None

    @property
    def expires_at(self) -> datetime | None:
        """Until when; None without an end."""
        return self.grant.expires_at if self.grant else None


def seers_of(tenant: Tenant) -> list[Seer]:
    """Everybody active who sees the company now, superusers first, each through the widest of their grants."""
    now = timezone.now()
    in_force = Q(expires_at=None) | Q(expires_at__gt=now)
    with all_tenants(reason="who sees a company, those who see all of them included"):
        grants = StaffGrant.objects.filter(in_force)
    here = grants.filter(Q(tenant=tenant) | Q(tenant=None), staff__is_active=True)
    people = Staff.objects.filter(Q(grants__in=here) | Q(is_superuser=True), is_active=True)
    by_person: dict[int, StaffGrant] = {}
    for grant in here.select_related("granted_by").order_by("tenant_id"):
        by_person[grant.staff_id] = grant if grant.tenant_id is None else by_person.get(grant.staff_id, grant)
    found = people.distinct().prefetch_related("groups").order_by("-is_superuser", "username")
    return [
        Seer(
            person=person,
            roles=tuple(sorted(group.name for group in person.groups.all())),
            grant=None if person.is_superuser else by_person.get(person.pk),
        )
        for person in found
    ]
