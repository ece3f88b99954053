"""What a document lists: lines, declared payments and instalments."""

from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document, money
from tenants.access import TenantScopedQuerySet


class PartQuerySet[M: models.Model](TenantScopedQuerySet[M]):
    """Parts of a document belong to its tenant."""

    tenant_path = "document__tenant"


class Line(models.Model):
    """One line. Prices and discounts are per unit before tax; `tax_rate` is a percentage.

    `credited_line`: on a credit note, the invoice's line that it takes from, where it is known: named by the entry, or matched
    when the note was queued. Only a draft invoice loses its lines, so the link of what was issued stays.
    """

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("posición"), default=1)
    code = models.CharField(_("código"), max_length=50, blank=True)
    description = models.CharField(_("descripción"), max_length=500)
    unit = models.CharField(_("unidad"), max_length=20, default="und")
    quantity = models.DecimalField(_("cantidad"), max_digits=16, decimal_places=6)
    unit_price = models.DecimalField(_("precio unitario"), max_digits=18, decimal_places=6)
    unit_discount = models.DecimalField(
        _("descuento unitario"), max_digits=18, decimal_places=6, default=Decimal(0)
    )
    discount_share = money(_("parte del descuento global"), editable=False)
    tax_rate = models.DecimalField(_("ITBMS %"), max_digits=5, decimal_places=2)
    cpbs_code = models.CharField(_("CPBS"), max_length=10, blank=True)
    cpbs_unit = models.CharField(_("unidad CPBS"), max_length=20, blank=True)
    affectation = models.CharField(_("afectación del IGV"), max_length=2, blank=True, db_default="")
    icbper_bags = models.PositiveSmallIntegerField(_("bolsas con ICBPER"), default=0, db_default=0)
    isc_rate = models.DecimalField(_("ISC %"), max_digits=8, decimal_places=4, null=True, blank=True)
    isc_amount = money(_("ISC"), blank=True)
    other_taxes = models.JSONField(_("otros impuestos"), default=list, blank=True)
    net = money(_("neto"), editable=False)
    itbms = money(_("ITBMS"), editable=False)
    total = money(_("total"), editable=False)
    credited_line = models.ForeignKey(
        "self",
        verbose_name=_("línea de la factura"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="credits",
    )

    objects = PartQuerySet["Line"].as_manager()

    class Meta:
        verbose_name = _("línea")
        verbose_name_plural = _("líneas")
        ordering = ["document", "position"]

    def __str__(self) -> str:
        return self.description


class Payment(models.Model):
    """A declared means of payment (DGI iFormaPago)."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="payments")
    method = models.CharField(_("forma de pago"), max_length=2)
    amount = money(_("monto"))
    description = models.CharField(_("descripción"), max_length=100, blank=True)

    objects = PartQuerySet["Payment"].as_manager()

    class Meta:
        verbose_name = _("pago")
        verbose_name_plural = _("pagos")
        ordering = ["document", "pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.amount}"


class Instalment(models.Model):
    """One part of what is owed on term."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="instalments")
    sequence = models.PositiveSmallIntegerField(_("cuota"))
    due_date = models.DateField(_("vencimiento"))
    amount = money(_("monto"))
    information = models.CharField(_("información"), max_length=200, blank=True)

    objects = PartQuerySet["Instalment"].as_manager()

    class Meta:
        verbose_name = _("cuota")
        verbose_name_plural = _("cuotas")
        ordering = ["document", "sequence"]
        constraints = [models.UniqueConstraint(fields=["document", "sequence"], name="instalment_once")]

    def __str__(self) -> str:
        return f"{self.sequence}: {self.amount}"
