"""A month that was closed: its gates, the figures as they were frozen, and what changed about it afterwards.

Frozen rows never change. A month that is closed anew has a new closing with rows of its own; the older one stays, reopened.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel, AppendOnlyQuerySet
from invoicing.models import choices
from reports.models.figures import KEY, MonthlyKey, Origin, sum_of_money
from reports.models.reconciliation import Reconciliation
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class FrozenQuerySet[M: models.Model](AppendOnlyQuerySet[M], TenantScopedQuerySet[M]):  # type: ignore[override]
    """Frozen rows, which are never changed and belong to one tenant each."""


def _person(label: Any) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=label, on_delete=models.PROTECT, null=True, related_name="+"
    )


class MonthClosing(models.Model):
    """One closing of a tenant's month. It is proposed by one person and closed when another one approves.

    `overridden` names the gates that were passed with `reason`; `gates` is what each gate counted when the month was closed, and
    `facts` the fingerprint of the figures that were frozen. `due_at`: its facts have moved and wait for the sweep.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Por aprobar")
        CLOSED = "closed", _("Cerrado")
        REOPENED = "reopened", _("Reabierto")
        PUT_ASIDE = "put_aside", _("No procedió")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField(_("mes"))
    environment = models.CharField(_("ambiente"), max_length=8, choices=Tenant.Environment)
    number = models.PositiveSmallIntegerField(_("cierre"))
    state = models.CharField(_("estado"), max_length=9, choices=State, default=State.PROPOSED)
    reconciliation = models.ForeignKey(
        Reconciliation,
        verbose_name=_("conciliación"),
        on_delete=models.PROTECT,
        null=True,
        related_name="closings",
    )
    overridden = models.JSONField(_("condiciones pasadas por alto"), default=list)
    reason = models.TextField(_("motivo"))
    gates = models.JSONField(_("condiciones"), default=list)
    facts = models.CharField(_("huella de las cifras"), max_length=64, blank=True)
    proposed_by = _person(_("propuso"))
    proposed_at = models.DateTimeField(_("propuesto"), default=timezone.now)
    closed_by = _person(_("aprobó"))
    closed_at = models.DateTimeField(_("cerrado"), null=True)
    reopened_by = _person(_("reabrió"))
    reopened_at = models.DateTimeField(_("reabierto"), null=True)
    reopening_reason = models.TextField(_("motivo de la reapertura"), blank=True)
    due_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(_("correo a finanzas"), null=True)
    mail_error = models.CharField(_("error del correo"), max_length=300, blank=True)

    objects = TenantScopedQuerySet["MonthClosing"].as_manager()

    class Meta:
        verbose_name = _("cierre de mes")
        verbose_name_plural = _("cierres de mes")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "month", "environment", "number"], name="month_closing_numbered"
            ),
            models.UniqueConstraint(
                fields=["tenant", "month", "environment"],
                condition=Q(state__in=["proposed", "closed"]),
                name="month_closing_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "reopened"]) | Q(closed_at__isnull=False),
                name="month_closing_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["month", "state", "tenant"], name="month_closing_month"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="month_closing_due"),
            models.Index(
                fields=["mail_due_at"], condition=Q(mail_due_at__isnull=False), name="month_closing_mail_due"
            ),
        ]
        permissions = [
            ("close_month", _("Puede proponer y aprobar el cierre de un mes")),
            ("reopen_month", _("Puede proponer y aprobar que se reabra un mes cerrado")),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.tenant}"

    @property
    def is_closed(self) -> bool:
        """Whether its figures stand."""
        return self.state == self.State.CLOSED


def _closing_key() -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        MonthClosing, verbose_name=_("cierre"), on_delete=models.PROTECT, related_name="+", db_index=False
    )


class FrozenFigure(AppendOnlyModel, MonthlyKey):
    """One group of a month as it was frozen."""

    closing = _closing_key()
    net = sum_of_money(_("subtotal"))
    tax = sum_of_money(_("impuestos"))
    total = sum_of_money(_("total"))

    objects = FrozenQuerySet["FrozenFigure"].as_manager()

    class Meta:
        verbose_name = _("cifra cerrada")
        verbose_name_plural = _("cifras cerradas")
        constraints = [
            models.UniqueConstraint(
                fields=["closing", *(name for name in KEY if name not in ("tenant", "month"))],
                name="frozen_figure_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind} {self.legal_status}: {self.count}"


class FrozenRate(AppendOnlyModel, MonthlyKey):
    """One group of a month at one tax rate as it was frozen."""

    closing = _closing_key()
    tax_rate = models.CharField(_("tasa"), max_length=10)
    base = sum_of_money(_("base"))
    tax = sum_of_money(_("impuesto"))

    objects = FrozenQuerySet["FrozenRate"].as_manager()

    class Meta:
        verbose_name = _("cifra cerrada por tasa")
        verbose_name_plural = _("cifras cerradas por tasa")
        constraints = [
            models.UniqueConstraint(
                fields=["closing", *(name for name in KEY if name not in ("tenant", "month")), "tax_rate"],
                name="frozen_rate_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind} {self.tax_rate} %"


class ClosedDocument(AppendOnlyModel):
    """One document as it was counted when its month was closed."""

    closing = _closing_key()
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    document_uid = models.UUIDField(_("documento"))
    origin = models.CharField(_("origen"), max_length=8, choices=Origin)
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind)
    legal_status = models.CharField(
        _("estado legal"), max_length=14, choices=choices.LEGAL_STATUSES, blank=True
    )
    is_voided = models.BooleanField(_("anulada"))
    currency = models.CharField(_("moneda"), max_length=3)
    net = models.DecimalField(_("subtotal"), max_digits=16, decimal_places=2)
    tax = models.DecimalField(_("impuestos"), max_digits=16, decimal_places=2)
    total = models.DecimalField(_("total"), max_digits=16, decimal_places=2)

    objects = FrozenQuerySet["ClosedDocument"].as_manager()

    class Meta:
        verbose_name = _("documento cerrado")
        verbose_name_plural = _("documentos cerrados")
        constraints = [
            models.UniqueConstraint(fields=["closing", "document_uid"], name="closed_document_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_uid}"


class Cause(models.TextChoices):
    """Why a document of a closed month is no longer as it was frozen."""

    LATE_AUTHORIZATION = "late_authorization", _("Autorizada después del cierre")
    VOIDED = "voided", _("Anulada después del cierre")
    ADDED = "added", _("Incorporada después del cierre")
    REMOVED = "removed", _("Dejó de contar después del cierre")
    STATUS = "status", _("Cambió de estado después del cierre")
    AMOUNT = "amount", _("Cambió de importe después del cierre")


class Adjustment(AppendOnlyModel):
    """What changed about a document of a closed month (`closing`), booked in `booked_month`, the earliest open month after it.

    It stands as long as `closing` is closed: the next closing of a month that was reopened freezes anew, and with it the change.
    `was_counted` and `is_counted` say whether the document counted in the month before and after; on a side where it did not, the
    other members are empty or nought.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    closing = models.ForeignKey(
        MonthClosing, verbose_name=_("cierre"), on_delete=models.PROTECT, related_name="adjustments"
    )
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    environment = models.CharField(_("ambiente"), max_length=8, choices=Tenant.Environment)
    origin_month = models.DateField(_("mes de origen"))
    booked_month = models.DateField(_("mes en que se registra"))
    at = models.DateTimeField(_("cuándo"), default=timezone.now)
    cause = models.CharField(_("causa"), max_length=18, choices=Cause)
    document_uid = models.UUIDField(_("documento"))
    origin = models.CharField(_("origen"), max_length=8, choices=Origin)
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind)
    currency = models.CharField(_("moneda"), max_length=3)
    was_counted = models.BooleanField(_("contaba"))
    is_counted = models.BooleanField(_("cuenta"))
    legal_before = models.CharField(
        _("estado legal cerrado"), max_length=14, choices=choices.LEGAL_STATUSES, blank=True
    )
    legal_after = models.CharField(
        _("estado legal ahora"), max_length=14, choices=choices.LEGAL_STATUSES, blank=True
    )
    voided_before = models.BooleanField(_("anulada al cerrar"))
    voided_after = models.BooleanField(_("anulada ahora"))
    net_before = sum_of_money(_("subtotal cerrado"))
    net_after = sum_of_money(_("subtotal ahora"))
    tax_before = sum_of_money(_("impuestos cerrados"))
    tax_after = sum_of_money(_("impuestos ahora"))
    total_before = sum_of_money(_("total cerrado"))
    total_after = sum_of_money(_("total ahora"))

    objects = FrozenQuerySet["Adjustment"].as_manager()

    class Meta:
        verbose_name = _("ajuste de un mes cerrado")
        verbose_name_plural = _("ajustes de meses cerrados")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["tenant", "booked_month"], name="adjustment_booked"),
            models.Index(fields=["closing", "document_uid", "-id"], name="adjustment_document"),
        ]

    def __str__(self) -> str:
        return f"{self.origin_month:%Y-%m} {self.get_cause_display()}"
