"""Which staff member may see which tenant."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models.tenant import Tenant


class StaffGrant(models.Model):
    """A staff member's sight of one tenant, or of all tenants when `tenant` is empty; may expire.

    It is seen by those who see the tenant, and a grant for all tenants only by those who see everything.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("persona"), on_delete=models.CASCADE, related_name="grants"
    )
    tenant = models.ForeignKey(
        Tenant,
        verbose_name=_("empresa"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="grants",
        help_text=_("Vacía: todas las empresas."),
    )
    expires_at = models.DateTimeField(_("vence"), null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("concedido por"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("concedido"), auto_now_add=True)

    objects = TenantScopedQuerySet["StaffGrant"].as_manager()

    class Meta:
        verbose_name = _("acceso")
        verbose_name_plural = _("accesos")
        ordering = ["staff", "tenant"]
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "tenant"], condition=Q(tenant__isnull=False), name="grant_once"
            ),
            models.UniqueConstraint(
                fields=["staff"], condition=Q(tenant__isnull=True), name="grant_all_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} → {self.tenant or _('todas las empresas')}"
