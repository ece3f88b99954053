"""What the providers say that we issued: each answer verbatim, its figures, and the wish to hear them.

A question over a long range is asked in several; their answers share a `batch`.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel, AppendOnlyQuerySet
from tenants.access import LedgerQuerySet, TenantScopedQuerySet
from tenants.models import Tenant

ALL_ENVIRONMENTS = "all"
_ENVIRONMENTS = [*Tenant.Environment.choices, (ALL_ENVIRONMENTS, _("Todos"))]


class Statement(AppendOnlyModel):
    """One answer of a provider. `tenant_uid` is empty for all companies of an account, which serves `environment`."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    batch = models.UUIDField(_("consulta"), db_index=True)
    tenant_uid = models.UUIDField(_("empresa"), null=True)
    provider = models.CharField(_("proveedor"), max_length=20)
    environment = models.CharField(_("ambiente"), max_length=8, choices=_ENVIRONMENTS)
    by_day = models.BooleanField(_("por día"), default=False)
    asked_from = models.DateField(_("desde"))
    asked_to = models.DateField(_("hasta"))
    from_date = models.DateField(_("desde (respuesta)"))
    to_date = models.DateField(_("hasta (respuesta)"))
    fetched_at = models.DateTimeField(_("obtenido"), default=timezone.now)
    fetched_by = models.UUIDField(_("quién"), null=True)
    text = models.TextField(_("respuesta"))
    sha256 = models.CharField(_("huella SHA-256"), max_length=64)
    exchange_uid = models.UUIDField(_("intercambio"), null=True)

    objects = LedgerQuerySet["Statement"].as_manager()

    class Meta:
        verbose_name = _("informe del PAC")
        verbose_name_plural = _("informes del PAC")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["tenant_uid", "asked_from", "asked_to", "by_day", "-id"], name="statement_asked"
            ),
            models.Index(
                fields=["provider", "environment", "asked_from", "asked_to", "-id"],
                condition=Q(tenant_uid=None),
                name="statement_all_asked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.from_date}..{self.to_date}"


class StatementFigureQuerySet(AppendOnlyQuerySet["StatementFigure"], TenantScopedQuerySet["StatementFigure"]):  # type: ignore[override]
    """Figures of companies that are none of ours belong to those who see everything."""


class StatementFigure(AppendOnlyModel):
    """One group of an answer; what the provider did not tell apart is empty. An unknown word stands in the raw column."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="figures")
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    pac_company_id = models.CharField(_("identificador en el PAC"), max_length=255, blank=True)
    day = models.DateField(_("día"), null=True)
    kind = models.CharField(_("clase"), max_length=7, blank=True)
    raw_kind = models.CharField(_("clase del PAC"), max_length=60, blank=True)
    legal_status = models.CharField(_("estado legal"), max_length=14, blank=True)
    raw_legal_status = models.CharField(_("palabra del PAC"), max_length=60, blank=True)
    count = models.BigIntegerField(_("documentos"))
    total = models.DecimalField(_("total"), max_digits=20, decimal_places=2, null=True)

    objects = StatementFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("cifra del PAC")
        verbose_name_plural = _("cifras del PAC")

    def __str__(self) -> str:
        return f"{self.raw_kind} {self.raw_legal_status}: {self.count}"


class StatementRequest(models.Model):
    """A wish to hear a provider's figures, carried out by a worker. `done_at` without `error`: they are there."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    night = models.CharField(max_length=120, null=True, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, null=True, related_name="+"
    )
    provider = models.CharField(_("proveedor"), max_length=20)
    environment = models.CharField(_("ambiente"), max_length=8, choices=_ENVIRONMENTS)
    by_day = models.BooleanField(_("por día"), default=False)
    from_date = models.DateField(_("desde"))
    to_date = models.DateField(_("hasta"))
    asked_at = models.DateTimeField(_("pedido"), default=timezone.now)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("quién"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    due_at = models.DateTimeField(null=True, default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(_("terminado"), null=True)
    error = models.TextField(_("error"), blank=True)

    objects = TenantScopedQuerySet["StatementRequest"].as_manager()

    class Meta:
        verbose_name = _("consulta al PAC")
        verbose_name_plural = _("consultas al PAC")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date__lte=F("to_date")), name="statement_request_range_in_order"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="statement_request_due"),
            models.Index(fields=["tenant", "from_date", "to_date", "-id"], name="statement_request_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.from_date}..{self.to_date}"
