"""Which tenants a staff member may see: the one place where a queryset is scoped.

A superuser sees all. Everybody else sees what a `StaffGrant` names, until it expires. Deny by default: no grant, no rows.
Behind `visible_to`, which every page calls, stands the second wall (`cifras.core.scopes`).
"""

from typing import TYPE_CHECKING, ClassVar, Self
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cifras.core.append_only import AppendOnlyQuerySet
from cifras.core.scopes import EVERYTHING, Sight
from cifras.core.sight import sight_of
from cifras.core.walls import WalledQuerySet

if TYPE_CHECKING:
    from cifras.core.models import Staff
    from tenants.models import Tenant

type Viewer = Staff | AnonymousUser


class TenantScopedQuerySet[M: models.Model](WalledQuerySet[M]):
    """Rows that belong to one tenant each, reached through `tenant_path`."""

    def visible_to(self, staff: "Viewer") -> Self:
        """Only the rows of tenants that `staff` may see."""
        return self.within(sight_of(staff))


class LedgerQuerySet[M: models.Model](AppendOnlyQuerySet[M], TenantScopedQuerySet[M]):  # type: ignore[override]
    """Ledger rows, which are never changed and carry the tenant's UUID without a foreign key.

    Rows without a tenant are for those who see everything.
    """

    tenant_path: ClassVar[str] = "tenant_uid"
    tenant_by_uid: ClassVar[bool] = True


def sees_everything(staff: "Viewer") -> bool:
    """Whether `staff` may see every tenant, present and future."""
    return sight_of(staff).sees_all


def tenants_for(staff: "Viewer") -> "models.QuerySet[Tenant]":
    """The tenants `staff` may see."""
    tenants = apps.get_model("tenants", "Tenant").objects
    return tenants.visible_to(staff)


def visible_tenant_uids(staff: "Viewer") -> frozenset[UUID] | None:
    """The UUIDs of the tenants `staff` may see; None stands for all of them."""
    return sight_of(staff).uids


def granted_sight(staff: "Viewer") -> Sight:
    """What the live grants of `staff` open (settings.CIFRAS_TENANT_SIGHT)."""
    grants = apps.get_model("tenants", "StaffGrant")._base_manager
    live = grants.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), staff=staff.pk)
    tenants = list(live.order_by().values_list("tenant_id", "tenant__uid"))
    if any(key is None for key, _uid in tenants):
        return EVERYTHING
    return Sight(frozenset(key for key, _uid in tenants), frozenset(uid for _key, uid in tenants))
