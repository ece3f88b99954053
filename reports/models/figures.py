"""The monthly roll-up: how much each tenant issued, by kind, legal status, void or not, environment, currency and tax rate.

Never the statuses that the clock alone changes. A month is that of the local issue date, however late the authority answers.
Figures are gross and unsigned per kind, voided documents included, which is how the providers count.
"""

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from invoicing.models import choices
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Origin(models.TextChoices):
    """Who issued it: sales that were issued elsewhere stay out of the comparison with the provider."""

    ISSUED = "issued", _("Emitida por Cifras")
    IMPORTED = "imported", _("Emitida en otro sistema")


def sum_of_money(label: Any) -> "models.DecimalField[Any, Any]":
    """A sum of many amounts."""
    return models.DecimalField(label, max_digits=20, decimal_places=2, default=Decimal(0))


class MonthlyKey(models.Model):
    """What a month's figures are told apart by."""

    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    month = models.DateField(_("mes"))
    origin = models.CharField(_("origen"), max_length=8, choices=Origin)
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind)
    legal_status = models.CharField(
        _("estado legal"), max_length=14, choices=choices.LEGAL_STATUSES, blank=True
    )
    is_voided = models.BooleanField(_("anulada"))
    environment = models.CharField(_("ambiente"), max_length=8, choices=Tenant.Environment)
    currency = models.CharField(_("moneda"), max_length=3)
    count = models.PositiveIntegerField(_("documentos"))

    class Meta:
        abstract = True


KEY = ("tenant", "month", "origin", "kind", "legal_status", "is_voided", "environment", "currency")


class MonthlyFigure(MonthlyKey):
    """One group of a month. `tax` is ITBMS, ISC and the others together."""

    net = sum_of_money(_("subtotal"))
    tax = sum_of_money(_("impuestos"))
    total = sum_of_money(_("total"))

    objects = TenantScopedQuerySet["MonthlyFigure"].as_manager()

    class Meta:
        verbose_name = _("cifra del mes")
        verbose_name_plural = _("cifras del mes")
        constraints = [models.UniqueConstraint(fields=KEY, name="monthly_figure_once")]
        indexes = [models.Index(fields=["month", "tenant"], name="monthly_figure_month")]
        permissions = [
            ("view_report", _("Puede ver los informes")),
            ("request_statement", _("Puede pedir al PAC sus cifras")),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind} {self.legal_status}: {self.count}"


class MonthlyRate(MonthlyKey):
    """One group of a month at one tax rate, "export" for what is sold abroad without tax.

    `count` are the documents that have a line at this rate.
    """

    tax_rate = models.CharField(_("tasa"), max_length=10)
    base = sum_of_money(_("base"))
    tax = sum_of_money(_("impuesto"))

    objects = TenantScopedQuerySet["MonthlyRate"].as_manager()

    class Meta:
        verbose_name = _("cifra por tasa")
        verbose_name_plural = _("cifras por tasa")
        constraints = [models.UniqueConstraint(fields=[*KEY, "tax_rate"], name="monthly_rate_once")]
        permissions = [
            ("view_books", _("Puede ver los libros del mes")),
            ("export_books", _("Puede descargar los libros del mes")),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.kind} {self.tax_rate} %"


class DirtyMonth(models.Model):
    """A tenant's month whose facts have changed since it was rolled up."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    month = models.DateField()
    marked_at = models.DateTimeField(default=timezone.now)

    objects = TenantScopedQuerySet["DirtyMonth"].as_manager()

    class Meta:
        verbose_name = _("mes por recalcular")
        verbose_name_plural = _("meses por recalcular")
        constraints = [models.UniqueConstraint(fields=["tenant", "month"], name="dirty_month_once")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class RollupCursor(models.Model):
    """How far the timeline has been read. One row.

    `event_id` is the last event that nobody can overtake any more; `caught_up_at` when everything known was rolled up.
    """

    event_id = models.BigIntegerField(default=0)
    caught_up_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("avance de las cifras")
        verbose_name_plural = _("avance de las cifras")

    def __str__(self) -> str:
        return str(self.event_id)
