"""A company that issues documents through us."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cifras.core.sealed import SealedField
from tenants.access import TenantScopedQuerySet


class TenantQuerySet(TenantScopedQuerySet["Tenant"]):
    """Tenants themselves are their own tenant."""

    tenant_path = "pk"


class Tenant(models.Model):
    """A company with its account at a provider. A new RUC is a new tenant."""

    class State(models.TextChoices):
        ONBOARDING = "onboarding", _("Por habilitar")
        ACTIVE = "active", _("Activa")
        SUSPENDED = "suspended", _("Suspendida")
        CLOSED = "closed", _("Cerrada")

    class Environment(models.TextChoices):
        SANDBOX = "sandbox", _("Pruebas")
        LIVE = "live", _("Producción")

    class Country(models.TextChoices):
        PANAMA = "PA", _("Panamá")
        PERU = "PE", _("Perú")

    class MailLanguage(models.TextChoices):
        SPANISH = "es-pa", _("Español")
        ENGLISH = "en", _("Inglés")

    class TaxIdType(models.TextChoices):
        NATURAL = "NATURAL", _("Persona natural")
        JURIDICO = "JURIDICO", _("Persona jurídica")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    country = models.CharField(_("país"), max_length=2, choices=Country, default=Country.PANAMA)
    environment = models.CharField(
        _("ambiente"), max_length=8, choices=Environment, default=Environment.SANDBOX
    )
    state = models.CharField(_("estado"), max_length=12, choices=State, default=State.ONBOARDING)
    ruc = models.CharField(_("RUC"), max_length=20)
    ruc_type = models.CharField(
        _("tipo de contribuyente"), max_length=8, choices=TaxIdType, default=TaxIdType.JURIDICO
    )
    dv = models.CharField(_("DV"), max_length=2, blank=True)
    legal_name = models.CharField(_("razón social"), max_length=200)
    trade_name = models.CharField(_("nombre comercial"), max_length=200, blank=True)
    logo_url = models.URLField(_("logo"), blank=True)
    logo = models.FileField(_("logo guardado aquí"), max_length=200, blank=True, editable=False)
    email = models.EmailField(_("correo"), blank=True)
    contact_name = models.CharField(_("persona de contacto"), max_length=120, blank=True)
    contact_telephone = models.CharField(_("teléfono de contacto"), max_length=30, blank=True)
    pac_provider = models.CharField(_("proveedor"), max_length=20, default="alanube")
    pac_company_id = models.CharField(_("identificador en el PAC"), max_length=255, null=True, blank=True)
    pac_base_url = models.URLField(
        _("dirección del PAC"), blank=True, help_text=_("Vacía: la de la configuración.")
    )
    pac_options = models.JSONField(
        _("opciones del proveedor"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Lo que solo este proveedor pregunta, como el formato de los envíos."),
    )
    pac_token = SealedField(verbose_name=_("clave del PAC"), blank=True)
    webhook_secret = SealedField(
        verbose_name=_("secreto del webhook"),
        blank=True,
        help_text=_("Varios durante una rotación, separados por comas."),
    )
    affiliated = models.CharField(
        _("afiliación"), max_length=40, blank=True, help_text=_("La palabra del PAC.")
    )
    may_issue_live = models.BooleanField(_("afiliada"), default=False, editable=False)
    affiliation_read_at = models.DateTimeField(_("afiliación leída"), null=True, blank=True, editable=False)
    affiliation_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    affiliation_lapsed_at = models.DateTimeField(
        _("afiliación caducada"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Desde cuándo el PAC o la DGI ya no la reconocen como afiliada."),
    )
    lookup_missing_until = models.DateTimeField(
        _("sin búsqueda por número hasta"), null=True, blank=True, editable=False
    )
    grace_days = models.PositiveSmallIntegerField(_("días de gracia"), default=30)
    max_backdate_days = models.PositiveSmallIntegerField(
        _("días hacia atrás al emitir"), null=True, blank=True, help_text=_("Vacío: el de la configuración.")
    )
    discounts_after_tax = models.BooleanField(_("descuento global después del impuesto"), default=False)
    mails_receivers = models.BooleanField(
        _("correo al receptor desde Cifras"),
        default=False,
        help_text=_(
            "Con el PDF, al autorizar la DGI; desde que se activa. El PAC puede enviar además el suyo."
        ),
    )
    mail_language = models.CharField(
        _("idioma de los correos"), max_length=5, choices=MailLanguage, default=MailLanguage.SPANISH
    )
    mail_text = models.TextField(
        _("texto del correo"),
        blank=True,
        help_text=_(
            "Vacío: el nuestro. Se pueden usar {receptor}, {empresa}, {documento}, {numero}, {fecha}, {total} y {cufe}."
        ),
    )
    four_eyes_void = models.BooleanField(
        _("dos personas para anular"),
        default=False,
        help_text=_("Una persona la pide y otra la aprueba, dentro del plazo."),
    )
    four_eyes_void_above = models.DecimalField(
        _("desde qué monto"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Dos personas solo si el total pasa de este monto. Vacío: en todos los documentos."),
    )
    successor = models.ForeignKey(
        "self",
        verbose_name=_("sucesora"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessors",
    )
    closed_at = models.DateTimeField(_("cerrada"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificada"), auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("empresa")
        verbose_name_plural = _("empresas")
        ordering = ["legal_name", "pk"]
        permissions = [
            ("onboard_tenant", _("Puede habilitar empresas ante el PAC")),
            ("override_tax_id", _("Puede conservar un DV que el PAC contradice")),
            ("suspend_tenant", _("Puede suspender y reactivar empresas")),
            ("close_tenant", _("Puede cerrar empresas y sucursales")),
            ("set_four_eyes", _("Puede decidir qué actos piden dos personas")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pac_provider", "environment", "pac_company_id"],
                condition=Q(pac_company_id__isnull=False),
                name="tenant_pac_company_once",
            ),
            models.CheckConstraint(
                condition=Q(four_eyes_void_above=None) | Q(four_eyes_void_above__gte=0),
                name="four_eyes_amount_is_positive",
            ),
            models.UniqueConstraint(
                fields=["pac_provider", "environment", "country", "ruc"],
                condition=~Q(state="closed"),
                name="tenant_tax_id_once",
            ),
        ]

    def __str__(self) -> str:
        return self.trade_name or self.legal_name or self.ruc

    @property
    def is_live(self) -> bool:
        """Whether its documents are legally binding."""
        return self.environment == self.Environment.LIVE


class Certificate(models.Model):
    """A signing certificate's public face. Its bytes and password live in the onboarding record until accepted."""

    class Purpose(models.TextChoices):
        SIGNATURE = "signature", _("Firma")
        AUTHENTICATION = "authentication", _("Autenticación")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="certificates"
    )
    purpose = models.CharField(_("uso"), max_length=16, choices=Purpose, default=Purpose.SIGNATURE)
    subject = models.CharField(_("titular"), max_length=500)
    serial_number = models.CharField(_("número de serie"), max_length=64)
    fingerprint = models.CharField(_("huella SHA-256"), max_length=64)
    not_before = models.DateTimeField(_("válido desde"))
    not_after = models.DateTimeField(_("válido hasta"))
    accepted_at = models.DateTimeField(_("aceptado por el PAC"), null=True, blank=True)
    replaced_at = models.DateTimeField(_("reemplazado"), null=True, blank=True)

    objects = TenantScopedQuerySet["Certificate"].as_manager()

    class Meta:
        verbose_name = _("certificado")
        verbose_name_plural = _("certificados")
        ordering = ["-not_after"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "purpose", "fingerprint"], name="certificate_once"),
        ]

    def __str__(self) -> str:
        return self.subject
