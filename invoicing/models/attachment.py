"""A document's files: the PDF, the XML (the legal document), in Peru the CDR, and a receiver's withholding certificates."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from invoicing.models.document import Document
from invoicing.models.lines import PartQuerySet


class Attachment(models.Model):
    """One file per document, kind and content, whatever came in a race."""

    class Kind(models.TextChoices):
        PDF = "PDF", "PDF"
        XML = "XML", "XML"
        CDR = "CDR", "CDR"
        WITHHOLDING = "RET", _("Certificado de retención")
        EVIDENCE = "EVI", _("Prueba")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="attachments")
    kind = models.CharField(_("clase"), max_length=3, choices=Kind)
    filename = models.CharField(_("nombre"), max_length=100)
    file = models.FileField(_("archivo"), max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    source = models.CharField(_("origen"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("guardado"), auto_now_add=True)

    objects = PartQuerySet["Attachment"].as_manager()

    class Meta:
        verbose_name = _("archivo")
        verbose_name_plural = _("archivos")
        ordering = ["document", "kind"]
        constraints = [models.UniqueConstraint(fields=["document", "kind", "sha256"], name="attachment_once")]

    def __str__(self) -> str:
        return self.filename
