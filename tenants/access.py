"""Which tenants a staff member may see: the one place where a queryset is scoped.

A superuser sees all. Everybody else sees what a `StaffGrant` names, until it expires. Deny by default: no grant, no rows.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Self
from uuid import UUID

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cifras.core.append_only import AppendOnlyQuerySet

if TYPE_CHECKING:
    from cifras.core.models import Staff
    from tenants.models import Tenant

type Viewer = Staff | AnonymousUser


class TenantScopedQuerySet[M: models.Model](models.QuerySet[M]):
    """Rows that belong to one tenant each, reached through `tenant_path`."""

    tenant_path: ClassVar[str] = "tenant"

    def visible_to(self, staff: "Viewer") -> Self:
        """Only the rows of tenants that `staff` may see."""
        if sees_everything(staff):
            return self
        return self.filter(**{f"{self.tenant_path}__in": _granted_tenants(staff)})


class LedgerQuerySet[M: models.Model](AppendOnlyQuerySet[M], TenantScopedQuerySet[M]):  # type: ignore[override]
    """Ledger rows, which are never changed and carry the tenant's UUID without a foreign key."""

    tenant_path: ClassVar[str] = "tenant_uid"

    def visible_to(self, staff: "Viewer") -> Self:
        """Only the rows of tenants that `staff` may see; rows without a tenant are for those who see everything."""
        if sees_everything(staff):
            return self
        return self.filter(tenant_uid__in=_granted_tenants(staff).values("uid"))


def sees_everything(staff: "Viewer") -> bool:
    """Whether `staff` may see every tenant, present and future."""
    if not staff.is_authenticated or not staff.is_active:
        return False
    return staff.is_superuser or _live_grants(staff).filter(tenant=None).exists()


def tenants_for(staff: "Viewer") -> "models.QuerySet[Tenant]":
    """The tenants `staff` may see."""
    tenants = apps.get_model("tenants", "Tenant").objects
    return tenants.visible_to(staff)


def visible_tenant_uids(staff: "Viewer") -> set[UUID] | None:
    """The UUIDs of the tenants `staff` may see; None stands for all of them (settings.CIFRAS_TENANT_SIGHT)."""
    if sees_everything(staff):
        return None
    return set(_granted_tenants(staff).values_list("uid", flat=True))


def _granted_tenants(staff: "Viewer") -> models.QuerySet[Any]:
    tenants = apps.get_model("tenants", "Tenant")._default_manager
    if not staff.is_authenticated or not staff.is_active:
        return tenants.none()
    return tenants.filter(pk__in=_live_grants(staff).exclude(tenant=None).values("tenant"))


def _live_grants(staff: "Viewer") -> models.QuerySet[Any]:
    grants = apps.get_model("tenants", "StaffGrant")._default_manager
    return grants.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), staff=staff.pk)
