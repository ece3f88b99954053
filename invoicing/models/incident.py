"""What holds a whole queue: an incident of a tenant or of a provider, and a provider's health."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Incident(models.Model):
    """The provider refused the account, not a document. The tenant's queue is held until somebody releases it."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="incidents"
    )
    code = models.CharField(_("causa"), max_length=40)
    message = models.TextField(_("qué pasó"))
    provider_words = models.TextField(_("lo que dijo el PAC"), blank=True)
    http_status = models.PositiveSmallIntegerField(_("código HTTP"), null=True, blank=True)
    exchange_id = models.CharField(max_length=36, blank=True)
    opened_at = models.DateTimeField(_("abierta"), auto_now_add=True)
    times_seen = models.PositiveIntegerField(_("veces"), default=1)
    released_at = models.DateTimeField(_("reanudada"), null=True, blank=True)
    released_by = models.CharField(_("por"), max_length=150, blank=True)

    objects = TenantScopedQuerySet["Incident"].as_manager()

    class Meta:
        verbose_name = _("incidencia")
        verbose_name_plural = _("incidencias")
        ordering = ["-id"]
        permissions = [("release_incident", _("Puede reanudar la cola de una empresa"))]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(released_at__isnull=True), name="incident_open_once"
            ),
        ]

    def __str__(self) -> str:
        return gettext("Incidencia de {tenant}").format(tenant=self.tenant)


class ProviderHealth(models.Model):
    """The circuit breaker of one provider and environment: after too many failures the queue waits."""

    provider = models.CharField(max_length=20)
    environment = models.CharField(max_length=8)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "environment"], name="provider_health_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.environment}"
