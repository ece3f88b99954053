"""What one person proposes and only another one may approve: four eyes over an act that cannot be taken back."""

import uuid
from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.sight import sight_of
from cifras.core.walls import WalledQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cifras.core.models.staff import Staff


class ProposalQuerySet(WalledQuerySet["Proposal"]):
    """Proposals of every tenant."""

    tenant_path: ClassVar[str] = "tenant_uid"
    tenant_by_uid: ClassVar[bool] = True

    def visible_to(self, staff: "Staff | AnonymousUser") -> Self:
        """Only those about tenants that `staff` may see; without a tenant, for those who see everything."""
        return self.within(sight_of(staff))

    def open(self) -> Self:
        """Those that wait for somebody."""
        return self.filter(state=Proposal.State.OPEN)


class Proposal(models.Model):
    """One act that waits for a second person. It names its target by UUID, so it serves every app and outlives it.

    `act` is a stable word that an app has declared (`cifras.core.proposals.declare`); `content` says what exactly is proposed and
    what was seen when it was; `evidence` lists the UUIDs of files.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Por aprobar")
        APPROVED = "approved", _("Aprobada")
        REFUSED = "refused", _("Rechazada")
        WITHDRAWN = "withdrawn", _("Retirada")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    act = models.CharField(_("qué se propone"), max_length=60)
    state = models.CharField(_("estado"), max_length=9, choices=State, default=State.OPEN)
    tenant_uid = models.UUIDField(_("empresa"), null=True, blank=True)
    target_type = models.CharField(_("clase de objeto"), max_length=60)
    target_uid = models.UUIDField(_("identificador del objeto"))
    target_label = models.CharField(_("sobre"), max_length=200)
    content = models.JSONField(_("contenido"), default=dict)
    reason = models.TextField(_("motivo"))
    evidence = models.JSONField(_("pruebas"), default=list)
    proposed_by = models.UUIDField()
    proposed_by_name = models.CharField(_("propuso"), max_length=150)
    proposed_at = models.DateTimeField(_("propuesta"), default=timezone.now)
    decided_by = models.UUIDField(null=True, blank=True)
    decided_by_name = models.CharField(_("decidió"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decidida"), null=True, blank=True)
    decision_note = models.TextField(_("nota de quien decidió"), blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = _("propuesta")
        verbose_name_plural = _("propuestas")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["target_uid"], condition=Q(state="open"), name="one_open_proposal"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_by=None) | (~Q(state="open") & Q(decided_by__isnull=False)),
                name="proposal_is_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "refused"]) | ~Q(decided_by=F("proposed_by")),
                name="proposal_needs_four_eyes",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-id"], name="proposal_state"),
            models.Index(fields=["tenant_uid", "-id"], name="proposal_tenant"),
            models.Index(fields=["target_uid", "-id"], name="proposal_target"),
        ]

    def __str__(self) -> str:
        return self.target_label

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.state == self.State.OPEN
