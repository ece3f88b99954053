"""A webhook as it came in, stored before it is believed."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class WebhookDelivery(models.Model):
    """One delivery with its verdict. PARKED ones match no document yet and are tried again."""

    class Verdict(models.TextChoices):
        SIGNED = "signed", _("Firma válida")
        UNSIGNED = "unsigned", _("Sin firma")
        FORGED = "forged", _("Firma inválida")

    class State(models.TextChoices):
        NEW = "new", _("Por procesar")
        PARKED = "parked", _("Sin documento")
        PROCESSED = "processed", _("Procesada")
        FAILED = "failed", _("Falló")
        IGNORED = "ignored", _("Sin efecto")

    class Effect(models.TextChoices):
        """What a delivery that was looked into led to, or why to nothing."""

        LEGAL = "legal", _("Cambió el estado legal")
        ADOPTED = "adopted", _("Probó que el PAC recibió el documento")
        MIRRORED = "mirrored", _("Trajo un documento emitido en el PAC sin Cifras")
        FILES = "files", _("Trajo archivos")
        NEWS = "news", _("Trajo datos nuevos del documento")
        SAME = "same", _("Sin efecto: el PAC dice lo que ya constaba")
        OLD = "old", _("Sin efecto: la misma noticia ya se había procesado")
        PROBE = "probe", _("Sin efecto: es un mensaje de prueba, no habla de ningún documento")
        UNMATCHED = "unmatched", _("Sin efecto: en una semana no apareció el documento del que habla")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="deliveries"
    )
    received_at = models.DateTimeField(_("recibida"), auto_now_add=True)
    verdict = models.CharField(_("firma"), max_length=8, choices=Verdict)
    state = models.CharField(_("estado"), max_length=9, choices=State, default=State.NEW)
    headers = models.JSONField(_("cabeceras"), default=dict)
    body = models.TextField(_("cuerpo"))
    ip = models.GenericIPAddressField(_("desde"), null=True)
    claimed_user = models.CharField(_("usuario declarado"), max_length=64, blank=True)
    pac_document_id = models.CharField(_("identificador en el PAC"), max_length=255, blank=True)
    raw_legal_status = models.CharField(_("palabra del PAC"), max_length=60, blank=True)
    effect = models.CharField(_("efecto"), max_length=9, choices=Effect, blank=True, default="")
    document_uid = models.UUIDField(_("documento"), null=True, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    traceback = models.TextField(_("traza"), blank=True)
    due_at = models.DateTimeField(_("próximo paso"), null=True)
    processed_at = models.DateTimeField(_("procesada"), null=True)

    objects = TenantScopedQuerySet["WebhookDelivery"].as_manager()

    class Meta:
        verbose_name = _("entrega de webhook")
        verbose_name_plural = _("entregas de webhooks")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="delivery_due"),
            models.Index(fields=["tenant", "pac_document_id"], name="delivery_document"),
            models.Index(fields=["received_at"], name="delivery_received"),
        ]

    def __str__(self) -> str:
        return f"{self.pac_document_id or self.uid} {self.raw_legal_status}"
