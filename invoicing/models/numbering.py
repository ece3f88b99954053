"""The next number of a series: one row per office, billing point and authority's type."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Office, Tenant


class NumberSeriesQuerySet(TenantScopedQuerySet["NumberSeries"]):
    tenant_path = "office__tenant"


class NumberSeries(models.Model):
    """Numbers are taken under this row's lock, inside the transaction that queues the document: no gap, no duplicate."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(
        Office, verbose_name=_("sucursal"), on_delete=models.PROTECT, related_name="number_series"
    )
    billing_point = models.CharField(_("punto de facturación"), max_length=4)
    series = models.CharField(_("tipo de la autoridad"), max_length=2)
    next_number = models.PositiveBigIntegerField(_("próximo número"), default=1)
    gap_count = models.PositiveBigIntegerField(_("números sin documento"), default=0)
    checked_to = models.PositiveBigIntegerField(_("revisada hasta"), default=0)
    checked_at = models.DateTimeField(_("revisada"), null=True)

    objects = NumberSeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("numeración")
        verbose_name_plural = _("numeraciones")
        constraints = [
            models.UniqueConstraint(fields=["office", "billing_point", "series"], name="number_series_once"),
        ]
        indexes = [
            models.Index(fields=["office"], condition=models.Q(gap_count__gt=0), name="number_series_gaps"),
        ]

    def __str__(self) -> str:
        return f"{self.office.code}-{self.billing_point}-{self.series}"

    @property
    def tenant(self) -> Tenant:
        """Whose numbers these are."""
        return self.office.tenant
