"""The next number of a series: one row per office, billing point and authority's type."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Office


class NumberSeriesQuerySet(TenantScopedQuerySet["NumberSeries"]):
    tenant_path = "office__tenant"


class NumberSeries(models.Model):
    """Numbers are taken under this row's lock, inside the transaction that queues the document: no gap, no duplicate."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="number_series")
    billing_point = models.CharField(max_length=3)
    series = models.CharField(max_length=2)
    next_number = models.PositiveBigIntegerField(default=1)

    objects = NumberSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("numeración")
        verbose_name_plural = _("numeraciones")
        constraints = [
            models.UniqueConstraint(fields=["office", "billing_point", "series"], name="number_series_once"),
        ]

    def __str__(self) -> str:
        return f"{self.office.code}-{self.billing_point}-{self.series}"
