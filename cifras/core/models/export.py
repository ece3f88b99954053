"""Files of long lists, made by the workers.

A job goes QUEUED, RUNNING, DONE; its file is erased a week later (EXPIRED). A worker that is killed leaves its lease to run
out, and the next one begins from zero.
"""

import uuid
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cifras.core.models.staff import Staff

# The right to have the lists that ask for no right of their own.
EXPORT_LISTS = "core.export_lists"


class ExportJobQuerySet(models.QuerySet["ExportJob"]):
    def owned_by(self, staff: "Staff | AnonymousUser") -> Self:
        """A file is for whoever asked for it, and for nobody else."""
        return self.filter(owner=staff.pk)


class ExportJob(models.Model):
    """One file. `query` is the list's address as it was asked for; `scope` the UUIDs of the tenants whose rows may be in it,
    null for all. `attempts` tells the workers apart: only the last one's word counts."""

    class Form(models.TextChoices):
        CSV = "csv", _("CSV")
        CSV_BOM = "csv-bom", _("CSV para Excel")
        XLSX = "xlsx", _("Excel (XLSX)")

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("En espera")
        RUNNING = "RUNNING", _("Preparando el archivo")
        DONE = "DONE", _("Listo")
        FAILED = "FAILED", _("No se pudo preparar")
        EXPIRED = "EXPIRED", _("Vencido: el archivo se borró")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("de"), on_delete=models.PROTECT, related_name="export_jobs"
    )
    list_name = models.CharField(_("lista"), max_length=100)
    query = models.TextField(_("filtros"), blank=True)
    form = models.CharField(_("formato"), max_length=7, choices=Form)
    language = models.CharField(_("idioma"), max_length=10)
    state = models.CharField(_("estado"), max_length=7, choices=State, default=State.QUEUED)
    rows_expected = models.PositiveBigIntegerField(_("filas por escribir"), null=True)
    rows_written = models.PositiveBigIntegerField(_("filas escritas"), default=0)
    scope = models.JSONField(null=True, editable=False)
    file = models.FileField(max_length=200, blank=True, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    size_bytes = models.PositiveBigIntegerField(_("bytes"), default=0)
    problem = models.TextField(_("problema"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    created_at = models.DateTimeField(_("pedido"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminado"), null=True)
    expires_at = models.DateTimeField(_("vence"), null=True)
    due_at = models.DateTimeField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    objects = ExportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("exportación")
        verbose_name_plural = _("exportaciones")
        ordering = ["-id"]
        permissions = [
            ("export_lists", _("Puede exportar listas e informes; los documentos piden otro permiso"))
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="export_owner"),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="export_due"),
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="export_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.get_form_display()}"

    @property
    def title(self) -> str:
        """What the list is called."""
        try:
            return capfirst(str(apps.get_model(self.list_name)._meta.verbose_name_plural))
        except LookupError:
            return self.list_name

    @property
    def is_moving(self) -> bool:
        """Whether the workers still have something to do."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}
