"""What the providers charge us for: their bill of a month, kept as it was entered, and its lines."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel, AppendOnlyQuerySet
from invoicing.models import choices
from tenants.access import LedgerQuerySet


class PacBill(AppendOnlyModel):
    """What a provider charges us for a month, as it was entered or uploaded; a later version stands beside the earlier ones."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    month = models.DateField(_("mes"))
    provider = models.CharField(_("proveedor"), max_length=20)
    version = models.PositiveSmallIntegerField(_("versión"))
    currency = models.CharField(_("moneda"), max_length=3)
    filename = models.CharField(_("archivo"), max_length=200, blank=True)
    content = models.BinaryField(_("contenido"))
    sha256 = models.CharField(_("huella SHA-256"), max_length=64)
    uploaded_at = models.DateTimeField(_("subida"), default=timezone.now)
    uploaded_by = models.CharField(_("quién"), max_length=150)

    objects = AppendOnlyQuerySet["PacBill"].as_manager()

    class Meta:
        verbose_name = _("factura del PAC")
        verbose_name_plural = _("facturas del PAC")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "month", "version"], name="pac_bill_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.month:%Y-%m} v{self.version}"


class PacBillLine(AppendOnlyModel):
    """One line of it. `tenant_uid` is empty for a company that we don't know; `company` is how the provider names it."""

    bill = models.ForeignKey(
        PacBill, verbose_name=_("factura del PAC"), on_delete=models.PROTECT, related_name="lines"
    )
    tenant_uid = models.UUIDField(_("empresa"), null=True)
    company = models.CharField(_("identificador en el PAC"), max_length=255)
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind, blank=True)
    count = models.PositiveIntegerField(_("documentos"))
    amount = models.DecimalField(_("importe"), max_digits=16, decimal_places=6, null=True)

    objects = LedgerQuerySet["PacBillLine"].as_manager()

    class Meta:
        verbose_name = _("línea de una factura del PAC")
        verbose_name_plural = _("líneas de las facturas del PAC")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.company} {self.kind}: {self.count}"
