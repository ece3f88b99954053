"""Money that moved on a document: receipts, withholdings, advances, refunds."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document, money
from invoicing.models.lines import PartQuerySet


class Settlement(models.Model):
    """One movement; a refund counts against the document, the others for it. `amount` is always positive."""

    class Kind(models.TextChoices):
        RECEIPT = "RECEIPT", _("Cobro")
        WITHHOLDING = "WITHHOLDING", _("Retención")
        ADVANCE = "ADVANCE", _("Anticipo")
        REFUND = "REFUND", _("Devolución")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="settlements")
    kind = models.CharField(_("clase"), max_length=11, choices=Kind)
    amount = money(_("monto"))
    date = models.DateField(_("fecha"))
    method = models.CharField(_("forma de pago"), max_length=2, blank=True)
    certificate_number = models.CharField(_("certificado de retención"), max_length=50, blank=True)
    is_declared = models.BooleanField(_("declarado en la factura"), default=False, editable=False)
    recorded_by = models.CharField(_("registrado por"), max_length=150, blank=True, editable=False)
    recorded_at = models.DateTimeField(_("registrado"), auto_now_add=True)

    objects = PartQuerySet["Settlement"].as_manager()

    class Meta:
        verbose_name = _("movimiento")
        verbose_name_plural = _("movimientos")
        ordering = ["document", "date", "pk"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_is_positive")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
