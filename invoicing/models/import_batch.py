"""Files that are being imported: one row per document or movement, so that whatever stops the run loses nothing.

A batch goes READING, CHECKING (the rehearsal, which stores no document), CHECKED (a person decides), IMPORTING, DONE. Each
row is carried out in a transaction of its own together with its state: a run that is killed goes on at the next row.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class ImportBatchQuerySet(TenantScopedQuerySet["ImportBatch"]):
    """A batch without a tenant came over the terminal, perhaps for several: for those who see everything."""


class ImportBatch(models.Model):
    """One file. `tenant` is whose rows they are where they do not say; a batch of the staff site has no other's rows."""

    class Stage(models.TextChoices):
        READING = "READING", _("Leyendo el archivo")
        CHECKING = "CHECKING", _("Probando")
        CHECKED = "CHECKED", _("Probado: falta importar")
        IMPORTING = "IMPORTING", _("Importando")
        DONE = "DONE", _("Terminado")
        FAILED = "FAILED", _("No se pudo leer")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        verbose_name=_("empresa"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="import_batches",
    )
    filename = models.CharField(_("archivo"), max_length=200)
    file = models.FileField(max_length=200, blank=True, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    stage = models.CharField(_("estado"), max_length=9, choices=Stage, default=Stage.READING)
    problem = models.JSONField(_("problema"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("subido por"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
    )
    created_at = models.DateTimeField(_("subido"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminado"), null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("importación")
        verbose_name_plural = _("importaciones")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="import_due"),
            models.Index(fields=["sha256"], name="import_sha256"),
        ]

    def __str__(self) -> str:
        return self.filename


class ImportRowQuerySet(TenantScopedQuerySet["ImportRow"]):
    tenant_path = "batch__tenant"


class ImportRow(models.Model):
    """One document or movement of a file. `number` is the row of the file where it begins, `row_count` how many it takes."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("Pendiente")
        READY = "READY", _("Se puede importar")
        CREATED = "CREATED", _("Creado")
        KNOWN = "KNOWN", _("Ya existía")
        REFUSED = "REFUSED", _("Rechazado")

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("fila"))
    row_count = models.PositiveIntegerField(_("filas"), default=1)
    data = models.JSONField(default=dict)
    external_id = models.CharField(_("referencia externa"), max_length=100, blank=True)
    cufe = models.CharField(_("CUFE"), max_length=66, blank=True)
    state = models.CharField(_("resultado"), max_length=8, choices=State, default=State.PENDING)
    reasons = models.JSONField(_("motivos"), default=list)
    notes = models.JSONField(_("avisos"), default=list)
    document_uid = models.UUIDField(_("documento"), null=True)

    objects = ImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("fila importada")
        verbose_name_plural = _("filas importadas")
        ordering = ["batch", "number"]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="import_row_once")]
        indexes = [
            models.Index(fields=["batch", "state", "number"], name="import_row_state"),
            models.Index(fields=["batch", "external_id"], name="import_row_external"),
            models.Index(fields=["batch", "cufe"], name="import_row_cufe"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.external_id}"
