"""A customer of a tenant, as registered; a document copies it and keeps its copy."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Receiver(models.Model):
    """Who receives documents of one tenant."""

    class Type(models.TextChoices):
        CONTRIBUYENTE = "CONTRIBUYENTE", _("Contribuyente")
        CONSUMIDOR_FINAL = "CONSUMIDOR_FINAL", _("Consumidor final")
        GOBIERNO = "GOBIERNO", _("Gobierno")
        EXTRANJERO = "EXTRANJERO", _("Extranjero")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="receivers"
    )
    code = models.CharField(_("código"), max_length=40)
    type = models.CharField(_("tipo de receptor"), max_length=16, choices=Type, default=Type.CONTRIBUYENTE)
    contributor = models.CharField(
        _("tipo de contribuyente"), max_length=8, choices=Tenant.TaxIdType, blank=True, default=""
    )
    ruc = models.CharField(_("RUC"), max_length=20, blank=True)
    identity_type = models.CharField(
        _("tipo de documento de identidad"), max_length=1, blank=True, db_default=""
    )
    dv = models.CharField(_("DV"), max_length=2, blank=True)
    name = models.CharField(_("nombre"), max_length=200)
    address = models.CharField(_("dirección"), max_length=100, blank=True)
    location = models.CharField(_("ubicación"), max_length=8, blank=True, help_text="8-8-7")
    country = models.CharField(_("país"), max_length=2, default="PA")
    telephones = models.JSONField(_("teléfonos"), default=list, blank=True)
    emails = models.JSONField(_("correos"), default=list, blank=True)
    withholds = models.BooleanField(_("retiene ITBMS"), default=False)
    retention_code = models.CharField(_("código de retención"), max_length=1, blank=True)
    foreign_number = models.CharField(_("pasaporte o número fiscal"), max_length=50, blank=True)
    foreign_country = models.CharField(_("país del documento"), max_length=50, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    objects = TenantScopedQuerySet["Receiver"].as_manager()

    class Meta:
        verbose_name = _("receptor")
        verbose_name_plural = _("receptores")
        ordering = ["tenant", "code"]
        constraints = [models.UniqueConstraint(fields=["tenant", "code"], name="receiver_code_once")]
        indexes = [models.Index(fields=["tenant", "ruc"], name="receiver_ruc")]

    def __str__(self) -> str:
        return f"{self.name} ({self.ruc})" if self.ruc else self.name
