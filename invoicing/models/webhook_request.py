"""Asking the provider to send a document's webhook again, and counting its test messages."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document
from invoicing.models.lines import PartQuerySet
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class WebhookRequest(models.Model):
    """One wish for a webhook. `turn` counts those made because the webhook was overdue; a person's have none."""

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("En cola")
        DONE = "DONE", _("Pedido")
        FAILED = "FAILED", _("No se pudo pedir")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="webhook_requests")
    turn = models.PositiveSmallIntegerField(_("vez"), null=True)
    state = models.CharField(_("estado"), max_length=6, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    due_at = models.DateTimeField(_("próximo intento"), null=True)
    error = models.TextField(_("qué falló"), blank=True)
    exchange_id = models.CharField(max_length=36, blank=True)
    requested_by = models.UUIDField(null=True)
    requested_name = models.CharField(_("lo pidió"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("pedido"), auto_now_add=True)

    objects = PartQuerySet["WebhookRequest"].as_manager()

    class Meta:
        verbose_name = _("petición de webhook")
        verbose_name_plural = _("peticiones de webhooks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["document", "turn"], name="webhook_request_turn_once"),
            models.UniqueConstraint(
                fields=["document"], condition=Q(state="QUEUED"), name="webhook_request_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="webhook_request_due"),
        ]

    def __str__(self) -> str:
        return f"{self.document}: {self.get_state_display()}"


class WebhookProbe(models.Model):
    """How often a provider has knocked without a signature and without a document ("Test message"): a counter only."""

    tenant = models.OneToOneField(
        Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, related_name="webhook_probe"
    )
    count = models.PositiveIntegerField(_("mensajes de prueba"), default=0)
    last_at = models.DateTimeField(_("último"), null=True)

    objects = TenantScopedQuerySet["WebhookProbe"].as_manager()

    class Meta:
        verbose_name = _("mensaje de prueba")
        verbose_name_plural = _("mensajes de prueba")

    def __str__(self) -> str:
        return f"{self.tenant}: {self.count}"
