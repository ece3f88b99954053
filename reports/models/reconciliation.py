"""A month held against the provider's figures: each run with its summary, its differences, and what persons decided about them.

A run never changes once it is done, so that runs can be compared; decisions and comments are added to its differences.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel
from invoicing.models import choices
from tenants.access import LedgerQuerySet, TenantScopedQuerySet
from tenants.models import Tenant


class DifferenceClass(models.TextChoices):
    """Why two sides differ (domain 12)."""

    ROUNDING = "rounding", _("Redondeo")
    AMOUNT = "amount", _("Importe")
    STATUS = "status", _("Estado")
    SIGN = "sign", _("Signo")
    BORDER = "border", _("Frontera de mes")
    PENDING = "pending", _("Pendiente")
    VOID_ONLY_HERE = "void_only_here", _("Anulada solo aquí")
    VOID_ONLY_THERE = "void_only_there", _("Anulada solo en el PAC")
    OTHER_TENANT = "other_tenant", _("De otra empresa")
    IMPORTED = "imported", _("Emitida en otro sistema")
    ENVIRONMENT = "environment", _("De otro ambiente")
    MISSING_HERE = "missing_here", _("Falta aquí")
    MISSING_AT_PAC = "missing_at_pac", _("Falta en el PAC")
    DUPLICATE = "duplicate", _("Duplicada")
    UNEXPLAINED = "unexplained", _("Sin explicar")


class Decision(models.TextChoices):
    """What a person made of a difference."""

    OPEN = "open", _("Por decidir")
    ADOPT = "adopt", _("Adoptada")
    REFETCH = "refetch", _("Consultada de nuevo")
    ACCEPT = "accept", _("Aceptada")
    DISPUTE = "dispute", _("En disputa")


# What was adopted or asked again is settled only when a later run no longer finds it.
UNSETTLED = (Decision.OPEN, Decision.ADOPT, Decision.REFETCH)


def _person(label: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=label,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )


class Reconciliation(models.Model):
    """One run over a tenant's month. `summary` holds counts, sums, the bridge and how much was looked at row by row.

    `progress` says what a run in course is at: `{"done", "of", "rows"}`, in ranges of days and in documents.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("En espera")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Terminada")
        FAILED = "failed", _("Incompleta")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    month = models.DateField(_("mes"))
    environment = models.CharField(_("ambiente"), max_length=8, choices=Tenant.Environment)
    run = models.PositiveIntegerField(_("corrida"))
    state = models.CharField(_("estado"), max_length=7, choices=State, default=State.WAITING)
    statement_batch = models.UUIDField(_("informe del PAC"), null=True)
    statement_at = models.DateTimeField(_("informe obtenido"), null=True)
    progress = models.JSONField(_("avance"), default=dict)
    summary = models.JSONField(_("resumen"), default=dict)
    by_class = models.JSONField(_("por clase"), default=dict)
    error = models.TextField(_("error"), blank=True)
    asked_by = _person(_("quién"))
    asked_at = models.DateTimeField(_("pedida"), default=timezone.now)
    due_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(_("terminada"), null=True)

    objects = TenantScopedQuerySet["Reconciliation"].as_manager()

    class Meta:
        verbose_name = _("conciliación")
        verbose_name_plural = _("conciliaciones")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "month", "environment", "run"], name="reconciliation_run_once"
            )
        ]
        indexes = [
            models.Index(fields=["month", "tenant", "-run"], name="reconciliation_month"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="reconciliation_due"),
        ]
        permissions = [("reconcile", _("Puede conciliar el mes con el PAC y decidir diferencias"))]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} #{self.run}"


class Difference(models.Model):
    """One difference of a run: a document, or a group of documents that could not be told apart (`document_uid` empty).

    `subject` is the same in every run for the same thing, whatever its amounts; comments are kept under it.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    reconciliation = models.ForeignKey(
        Reconciliation, verbose_name=_("conciliación"), on_delete=models.CASCADE, related_name="differences"
    )
    tenant = models.ForeignKey(Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, related_name="+")
    difference_class = models.CharField(_("clase de diferencia"), max_length=15, choices=DifferenceClass)
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind, blank=True)
    legal_status = models.CharField(_("estado legal"), max_length=60, blank=True)
    document_uid = models.UUIDField(_("documento"), null=True)
    pac_document_id = models.CharField(_("identificador en el PAC"), max_length=255, blank=True)
    ours = models.JSONField(_("nuestro"), default=dict)
    pac = models.JSONField(_("PAC"), default=dict)
    reason_key = models.CharField(_("motivo"), max_length=40)
    reason_values = models.JSONField(default=dict)
    subject = models.CharField(max_length=64, db_index=True)
    decision = models.CharField(_("decisión"), max_length=7, choices=Decision, default=Decision.OPEN)
    decision_reason = models.TextField(_("motivo de la decisión"), blank=True)
    decided_by = _person(_("decidió"))
    decided_at = models.DateTimeField(_("decidida"), null=True)
    assignee = _person(_("responsable"))

    objects = TenantScopedQuerySet["Difference"].as_manager()

    class Meta:
        verbose_name = _("diferencia")
        verbose_name_plural = _("diferencias")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["reconciliation", "difference_class", "id"], name="difference_of_class")
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_difference_class_display()} {self.pac_document_id or self.document_uid or ''}".strip()
        )


class DifferenceComment(AppendOnlyModel):
    """What somebody said about a difference, or did; it stays with the `subject` through later runs."""

    tenant_uid = models.UUIDField(_("empresa"))
    subject = models.CharField(max_length=64, db_index=True)
    at = models.DateTimeField(_("cuándo"), default=timezone.now)
    author_uid = models.UUIDField(_("quién"), null=True)
    author_name = models.CharField(_("quién"), max_length=150)
    decision = models.CharField(_("decisión"), max_length=7, choices=Decision, blank=True)
    text = models.TextField(_("comentario"))

    objects = LedgerQuerySet["DifferenceComment"].as_manager()

    class Meta:
        verbose_name = _("comentario")
        verbose_name_plural = _("comentarios")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]
