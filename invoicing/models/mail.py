"""A mail about a document, which is at once the queue's row and what is known of its fate."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class DocumentMail(models.Model):
    """One mail to a receiver. At least once: an unconfirmed one is sent again a few times, then a person sees it."""

    class Purpose(models.TextChoices):
        DOCUMENT = "DOCUMENT", _("El documento")
        NOTICE = "NOTICE", _("Aviso de documento sin validez")

    class Channel(models.TextChoices):
        PAC = "PAC", _("por el PAC")
        OWN = "OWN", _("desde Cifras")
        OTHER = "OTHER", _("por otro medio")

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("En cola")
        SENDING = "SENDING", _("Enviando")
        SENT = "SENT", _("Enviado")
        FAILED = "FAILED", _("No salió")
        UNKNOWN = "UNKNOWN", _("Sin confirmar")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="mails"
    )
    document = models.ForeignKey(
        Document, verbose_name=_("documento"), on_delete=models.PROTECT, related_name="mails"
    )
    purpose = models.CharField(_("qué lleva"), max_length=8, choices=Purpose, default=Purpose.DOCUMENT)
    channel = models.CharField(_("por dónde"), max_length=5, choices=Channel)
    address = models.CharField(_("para"), max_length=400, blank=True)
    message = models.TextField(_("mensaje"), blank=True)
    is_automatic = models.BooleanField(_("automático"), default=False)
    state = models.CharField(_("estado"), max_length=7, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    due_at = models.DateTimeField(_("próximo intento"), null=True)
    leased_until = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(_("enviado"), null=True)
    error = models.TextField(_("qué falló"), blank=True)
    exchange_id = models.CharField(max_length=36, blank=True)
    requested_by = models.UUIDField(null=True)
    requested_name = models.CharField(_("lo pidió"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("pedido"), auto_now_add=True)

    objects = TenantScopedQuerySet["DocumentMail"].as_manager()

    class Meta:
        verbose_name = _("correo")
        verbose_name_plural = _("correos")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(is_automatic=True), name="mail_automatic_once"
            ),
            models.UniqueConstraint(
                fields=["document", "purpose", "channel", "address"],
                condition=Q(state__in=["QUEUED", "SENDING"]),
                name="mail_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="mail_due"),
            models.Index(
                fields=["document"], condition=Q(state__in=["FAILED", "UNKNOWN"]), name="mail_troubled"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.address or self.get_channel_display()}"
