"""A branch and its billing points."""

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.access import TenantScopedQuerySet
from tenants.models.tenant import Tenant


class Office(models.Model):
    """A branch. A closed one freezes its series; its notes and voids go on."""

    class Type(models.TextChoices):
        MAIN = "main", _("Principal")
        ASSOCIATED = "associated", _("Asociada")

    class Registration(models.TextChoices):
        PENDING = "pending", _("Pendiente")
        UNKNOWN = "unknown", _("Sin confirmar")
        DONE = "done", _("Registrada")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="offices"
    )
    code = models.CharField(
        _("código"),
        max_length=4,
        validators=[RegexValidator(r"^[0-9A-Z]{4}$", _("Cuatro cifras o mayúsculas."))],
    )
    type = models.CharField(_("tipo"), max_length=12, choices=Type, default=Type.MAIN)
    address = models.CharField(_("dirección"), max_length=100)
    telephone = models.CharField(_("teléfono"), max_length=12, blank=True)
    coordinates = models.CharField(
        _("coordenadas"), max_length=22, blank=True, help_text="+9.0017832,-79.5275519"
    )
    location = models.CharField(
        _("ubicación"),
        max_length=8,
        blank=True,
        help_text=_("Provincia-distrito-corregimiento: 8-8-11; en el Perú, el ubigeo: 150101."),
    )
    email = models.EmailField(_("correo"), max_length=50, blank=True)
    pac_office_id = models.CharField(_("identificador en el PAC"), max_length=50, blank=True)
    registration = models.CharField(
        _("registro"), max_length=8, choices=Registration, default=Registration.PENDING
    )
    closed_at = models.DateTimeField(_("cerrada"), null=True, blank=True)

    objects = TenantScopedQuerySet["Office"].as_manager()

    class Meta:
        verbose_name = _("sucursal")
        verbose_name_plural = _("sucursales")
        ordering = ["tenant", "code"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="office_code_once"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(type="main"), name="office_main_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.tenant}"


class BillingPointQuerySet(TenantScopedQuerySet["BillingPoint"]):
    tenant_path = "office__tenant"


class BillingPoint(models.Model):
    """A point of an office with its own numbering, which starts at `first_number` for every type of document."""

    office = models.ForeignKey(
        Office, verbose_name=_("sucursal"), on_delete=models.PROTECT, related_name="billing_points"
    )
    code = models.CharField(
        _("código"),
        max_length=4,
        validators=[
            RegexValidator(
                r"^((?!000)[0-9]{3}|[A-Z0-9]{4})$",
                _("Tres cifras, de 001 a 999; en el Perú la serie, como F001."),
            )
        ],
    )
    first_number = models.PositiveBigIntegerField(_("primer número"), default=1)

    objects = BillingPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("punto de facturación")
        verbose_name_plural = _("puntos de facturación")
        ordering = ["office", "code"]
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="billing_point_once")]

    def __str__(self) -> str:
        return self.code
