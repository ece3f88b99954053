"""The append-only ledger of what was said to a provider and what came back, masked."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel
from tenants.access import LedgerQuerySet


class Exchange(AppendOnlyModel):
    """One request to a provider and what came back, masked."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    correlation_id = models.CharField(_("correlación"), max_length=64, db_index=True)
    tenant_uid = models.UUIDField(_("empresa"), null=True)
    document_uid = models.UUIDField(_("documento"), null=True, db_index=True)
    provider = models.CharField(_("proveedor"), max_length=20)
    operation = models.CharField(_("operación"), max_length=60)
    attempt = models.PositiveSmallIntegerField(_("intento"), default=1)
    method = models.CharField(_("método"), max_length=8)
    url = models.TextField(_("dirección"))
    request_headers = models.JSONField(_("cabeceras enviadas"), default=dict)
    request_body = models.TextField(_("cuerpo enviado"), blank=True)
    status = models.PositiveSmallIntegerField(_("código HTTP"), null=True)
    response_headers = models.JSONField(_("cabeceras recibidas"), default=dict)
    response_body = models.TextField(_("cuerpo recibido"), blank=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("comienzo"))
    duration_ms = models.PositiveIntegerField(_("duración (ms)"), default=0)

    objects = LedgerQuerySet["Exchange"].as_manager()

    class Meta:
        verbose_name = _("intercambio con el PAC")
        verbose_name_plural = _("intercambios con el PAC")
        ordering = ["-id"]
        indexes = [models.Index(fields=["tenant_uid", "-id"], name="exchange_tenant")]

    def __str__(self) -> str:
        return f"{self.method} {self.operation} {self.status or self.error}"
