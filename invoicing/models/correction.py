"""Mending what was already issued: one act over two or three documents that a person can leave and find again."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.choices import MoneyAnswer
from invoicing.models.document import Document
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class CorrectionQuerySet(TenantScopedQuerySet["Correction"]):
    """Corrections of every tenant."""


class Correction(models.Model):
    """The original loses its effect (void, or a note over all that remains), and only then its replacement is issued.

    How far it has come is read from the documents; only what a person decided is stored here.
    """

    class Way(models.TextChoices):
        VOID = "VOID", _("Anular y emitir de nuevo")
        CREDIT = "CREDIT", _("Nota de crédito y emitir de nuevo")

    class State(models.TextChoices):
        OPEN = "OPEN", _("En curso")
        DONE = "DONE", _("Terminada")
        STOPPED = "STOPPED", _("Detenida")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="corrections"
    )
    original = models.ForeignKey(
        Document, verbose_name=_("original"), on_delete=models.PROTECT, related_name="corrections"
    )
    way = models.CharField(_("camino"), max_length=6, choices=Way)
    state = models.CharField(_("estado"), max_length=7, choices=State, default=State.OPEN)
    reason = models.TextField(_("motivo"))
    money = models.CharField(_("dinero recibido"), max_length=7, choices=MoneyAnswer, blank=True)
    credit = models.ForeignKey(
        Document,
        verbose_name=_("nota de crédito"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    replacement = models.ForeignKey(
        Document,
        verbose_name=_("la que la reemplaza"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    issues_itself = models.BooleanField(_("se emite por sí sola"), default=False)
    due_at = models.DateTimeField(_("próximo paso"), null=True, blank=True)
    problems = models.JSONField(_("lo que falta"), default=list, editable=False)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("iniciada por"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    started_at = models.DateTimeField(_("iniciada"), auto_now_add=True)
    ended_at = models.DateTimeField(_("terminada"), null=True, blank=True)
    ended_by = models.CharField(_("terminada por"), max_length=150, blank=True)
    end_reason = models.CharField(_("por qué se detuvo"), max_length=500, blank=True)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("corrección")
        verbose_name_plural = _("correcciones")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["original"], condition=Q(state="OPEN"), name="one_open_correction"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="correction_due"),
            models.Index(fields=["state", "-id"], name="correction_state"),
            models.Index(fields=["tenant", "-id"], name="correction_tenant"),
        ]

    def __str__(self) -> str:
        return str(_("Corrección de {document}")).format(document=self.original)
