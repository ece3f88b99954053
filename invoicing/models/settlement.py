"""Money that moved on a document: receipts, withholdings, advances, refunds. Nothing is deleted; what was wrong is reversed."""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.attachment import Attachment
from invoicing.models.document import Document, money
from invoicing.models.lines import PartQuerySet


class SettlementQuerySet(PartQuerySet["Settlement"]):
    """Movements of documents."""

    def standing(self) -> "SettlementQuerySet":
        """Those that count: what was reversed does not."""
        return self.filter(reversed_at=None)


class Settlement(models.Model):
    """One movement; a refund counts against the document, the others for it. `amount` is always positive.

    A withholding without a certificate number is pending: the receiver owes the paper. Money passed on to another document
    is a refund here and, with `moved_from` pointing to it, an advance there.
    """

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
    note = models.CharField(_("nota"), max_length=500, blank=True)
    external_reference = models.CharField(_("referencia externa"), max_length=100, blank=True)
    certificate_number = models.CharField(_("certificado de retención"), max_length=50, blank=True)
    certificate_date = models.DateField(_("fecha del certificado"), null=True, blank=True)
    certificate = models.ForeignKey(
        Attachment,
        verbose_name=_("archivo del certificado"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    moved_from = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="moved_to"
    )
    is_declared = models.BooleanField(_("declarado en la factura"), default=False, editable=False)
    recorded_by = models.CharField(_("registrado por"), max_length=150, blank=True, editable=False)
    recorded_at = models.DateTimeField(_("registrado"), auto_now_add=True)
    reversed_at = models.DateTimeField(_("revertido"), null=True, editable=False)
    reversed_by = models.CharField(_("revertido por"), max_length=150, blank=True, editable=False)
    reversal_reason = models.CharField(_("por qué se revirtió"), max_length=500, blank=True, editable=False)

    objects = SettlementQuerySet.as_manager()

    class Meta:
        verbose_name = _("movimiento")
        verbose_name_plural = _("movimientos")
        ordering = ["document", "date", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_is_positive"),
            models.UniqueConstraint(
                fields=["document", "external_reference"],
                condition=~Q(external_reference=""),
                name="settlement_reference_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def is_pending(self) -> bool:
        """Whether its certificate is still to come."""
        return self.kind == self.Kind.WITHHOLDING and not self.certificate_number

    @property
    def signed(self) -> Decimal:
        """The amount as it counts: a refund below zero, what was reversed as nothing."""
        if self.reversed_at:
            return Decimal(0)
        amount: Decimal = self.amount
        return -amount if self.kind == self.Kind.REFUND else amount
