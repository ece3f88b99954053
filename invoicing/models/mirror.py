"""What is issued at a provider without us, on its way here: where the list of each tenant stands, and a row per document.

The rows are the queue: each is brought with one reading of the document, under a lease of its own. A document stands in the
books once it is whole, so that nothing half-known is ever counted.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Mirror(models.Model):
    """Where one tenant's list stands. `token` and the counts of the run are written with the rows of each page.

    A run reads the whole list, or what was issued since a day; it is complete once the last page came. `run` numbers them.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.OneToOneField(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="mirror"
    )
    run = models.PositiveIntegerField(_("vuelta"), default=0)
    is_running = models.BooleanField(_("en curso"), default=False)
    since = models.DateField(_("desde"), null=True, blank=True)
    token = models.TextField(blank=True, editable=False)
    pages_read = models.PositiveIntegerField(_("páginas leídas"), default=0)
    rows_read = models.PositiveIntegerField(_("documentos listados"), default=0)
    rows_new = models.PositiveIntegerField(_("documentos nuevos"), default=0)
    started_at = models.DateTimeField(_("comenzó"), null=True, blank=True)
    completed_at = models.DateTimeField(_("última vuelta completa"), null=True, blank=True)
    listed_until = models.DateTimeField(_("al día hasta"), null=True, blank=True)
    whole_at = models.DateTimeField(_("lista entera leída"), null=True, blank=True)
    problem = models.JSONField(_("problema"), null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(_("fallos seguidos"), default=0)
    is_wanted_whole = models.BooleanField(default=False, editable=False)
    due_at = models.DateTimeField(_("próxima vuelta"), null=True, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    objects = TenantScopedQuerySet["Mirror"].as_manager()

    class Meta:
        verbose_name = _("copia de lo emitido en el PAC")
        verbose_name_plural = _("copias de lo emitido en el PAC")
        ordering = ["-id"]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="mirror_due")]

    def __str__(self) -> str:
        return str(self.tenant)


class MirroredRow(models.Model):
    """One document of the list. `refers_to` names the invoice of a note whose invoice has not come yet, as type-series-number."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("Por traer")
        BROUGHT = "BROUGHT", _("Traído")
        OURS = "OURS", _("Emitido desde Cifras")
        OTHER_KIND = "OTHER_KIND", _("De una clase que no se lleva aquí")
        HELD = "HELD", _("Necesita a una persona")

    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="mirrored_rows"
    )
    pac_document_id = models.CharField(_("identificador en el PAC"), max_length=255)
    document = models.ForeignKey(
        Document, verbose_name=_("documento"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING)
    run = models.PositiveIntegerField(default=0)
    raw_kind = models.CharField(_("clase"), max_length=40, blank=True)
    number = models.CharField(_("número"), max_length=40, blank=True)
    raw_legal_status = models.CharField(_("palabra del PAC"), max_length=60, blank=True)
    refers_to = models.CharField(max_length=20, blank=True)
    problem = models.JSONField(_("problema"), null=True, blank=True)
    attempts = models.PositiveIntegerField(_("intentos"), default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("visto"), auto_now_add=True)

    objects = TenantScopedQuerySet["MirroredRow"].as_manager()

    class Meta:
        verbose_name = _("documento listado por el PAC")
        verbose_name_plural = _("documentos listados por el PAC")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "pac_document_id"], name="mirrored_row_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="mirrored_row_due"),
            models.Index(fields=["tenant", "state"], name="mirrored_row_state"),
            models.Index(
                fields=["tenant", "refers_to"], condition=~Q(refers_to=""), name="mirrored_row_refers"
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.pac_document_id
