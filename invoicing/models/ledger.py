"""The append-only timeline: what happened to each document.

Rows carry UUIDs and no foreign keys, so that deleting a proforma leaves its history.
"""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel
from tenants.access import LedgerQuerySet


class TimelineEvent(AppendOnlyModel):
    """One thing that happened to a document. `code` is a stable word such as ``queued``; `detail` holds its figures."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField(_("momento"), default=timezone.now)
    tenant_uid = models.UUIDField(_("empresa"), null=True)
    document_uid = models.UUIDField(_("documento"), null=True, db_index=True)
    code = models.CharField(_("hecho"), max_length=40)
    detail = models.JSONField(_("detalle"), default=dict)
    actor_uid = models.UUIDField(null=True)
    actor_name = models.CharField(_("quién"), max_length=150, blank=True)
    correlation_id = models.CharField(_("correlación"), max_length=64, blank=True)
    exchange_uid = models.UUIDField(_("intercambio"), null=True)

    objects = LedgerQuerySet["TimelineEvent"].as_manager()

    class Meta:
        verbose_name = _("hecho")
        verbose_name_plural = _("línea de tiempo")
        ordering = ["-id"]
        indexes = [models.Index(fields=["tenant_uid", "-id"], name="timeline_tenant")]

    def __str__(self) -> str:
        return self.code
