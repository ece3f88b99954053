"""A try at the provider, written before the first byte leaves: what a killed worker leaves behind."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document
from invoicing.models.lines import PartQuerySet


class Attempt(models.Model):
    """One post or void. An attempt without an outcome whose lease has passed counts as UNKNOWN."""

    class Act(models.TextChoices):
        SUBMIT = "SUBMIT", _("Envío")
        VOID = "VOID", _("Anulación")

    class Outcome(models.TextChoices):
        RUNNING = "RUNNING", _("En curso")
        DONE = "DONE", _("Hecho")
        REFUSED = "REFUSED", _("Rechazado")
        NOT_DONE = "NOT_DONE", _("No se hizo")
        UNKNOWN = "UNKNOWN", _("Sin confirmar")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="attempts")
    act = models.CharField(_("acto"), max_length=6, choices=Act, default=Act.SUBMIT)
    started_at = models.DateTimeField(_("comienzo"))
    leased_until = models.DateTimeField(_("reservado hasta"))
    finished_at = models.DateTimeField(_("fin"), null=True)
    outcome = models.CharField(_("resultado"), max_length=8, choices=Outcome, default=Outcome.RUNNING)
    message = models.TextField(_("mensaje"), blank=True)
    exchange_id = models.CharField(max_length=36, blank=True)

    objects = PartQuerySet["Attempt"].as_manager()

    class Meta:
        verbose_name = _("intento")
        verbose_name_plural = _("intentos")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.started_at:%Y-%m-%d %H:%M:%S}"
