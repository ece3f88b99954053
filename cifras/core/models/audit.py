"""The audit trail: what somebody did to something, chained so that a change, a gap or a lost end shows."""

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel, AppendOnlyQuerySet
from cifras.core.sight import sight_of
from cifras.core.walls import WalledQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cifras.core.models.staff import Staff


class AuditQuerySet(AppendOnlyQuerySet["AuditEntry"], WalledQuerySet["AuditEntry"]):  # type: ignore[override]
    tenant_path: ClassVar[str] = "chain"
    tenant_by_uid: ClassVar[bool] = True

    def visible_to(self, staff: "Staff | AnonymousUser") -> Self:
        """Only the chains of tenants that `staff` may see; the chain without tenant is for those who see everything."""
        return self.within(sight_of(staff))


class AuditChain(models.Model):
    """The head of one chain: how long it is and how it ends. `chain` is a tenant's UUID as text, empty for all other rows."""

    chain = models.CharField(_("empresa"), max_length=36, unique=True, blank=True)
    sequence = models.PositiveBigIntegerField(_("última"), default=0)
    hash = models.CharField(_("huella"), max_length=64, blank=True)
    anchored = models.PositiveBigIntegerField(_("anclada hasta"), default=0)

    class Meta:
        verbose_name = _("cadena de auditoría")
        verbose_name_plural = _("cadenas de auditoría")

    def __str__(self) -> str:
        return self.chain or "-"


class AuditEntry(AppendOnlyModel):
    """One act. It carries UUIDs and names rather than foreign keys, so it outlives what it tells about."""

    chain = models.UUIDField(_("empresa"), null=True, blank=True)
    sequence = models.PositiveBigIntegerField(_("número"))
    previous_hash = models.CharField(_("huella anterior"), max_length=64, blank=True)
    hash = models.CharField(_("huella"), max_length=64)
    at = models.DateTimeField(_("momento"))
    actor_uid = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(_("por"), max_length=150, blank=True)
    action = models.CharField(_("acción"), max_length=60)
    object_type = models.CharField(_("tipo de objeto"), max_length=60, blank=True)
    object_uid = models.UUIDField(_("identificador del objeto"), null=True, blank=True)
    object_label = models.CharField(_("objeto"), max_length=200, blank=True)
    before = models.JSONField(_("antes"), null=True)
    after = models.JSONField(_("después"), null=True)
    reason = models.TextField(_("motivo"), blank=True)
    ip = models.CharField(_("dirección IP"), max_length=45, blank=True)
    correlation_id = models.CharField(_("correlación"), max_length=64, blank=True)
    exchange_id = models.CharField(_("intercambio"), max_length=64, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("acto auditado")
        verbose_name_plural = _("auditoría")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "sequence"], name="audit_once"),
            models.UniqueConstraint(
                fields=["sequence"], condition=Q(chain__isnull=True), name="audit_once_no_tenant"
            ),
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="audit_at"),
            models.Index(fields=["chain", "at", "id"], name="audit_chain_at"),
            models.Index(fields=["action", "at", "id"], name="audit_action_at"),
            models.Index(fields=["actor_uid", "at", "id"], name="audit_actor_at"),
            models.Index(fields=["object_uid", "at", "id"], name="audit_object_at"),
            models.Index(fields=["correlation_id"], name="audit_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_label}".strip()
