"""How far a company has come on its way to issuing: a stored record that anybody with sight of the tenant resumes."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from cifras.core.sealed import SealedField
from tenants.access import TenantScopedQuerySet
from tenants.models.tenant import Tenant


class Onboarding(models.Model):
    """The answers given so far and, per step, the last try with its outcome.

    `steps` maps a step's name to ``{"state", "at", "by", "notes", "answer", "exchange_id"}`` (`services.last_try` reads it);
    `data` holds what has no column and is no secret. The certificate's bytes and passwords are sealed, and erased once the
    provider accepted them.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.OneToOneField(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="onboarding"
    )
    data = models.JSONField(_("datos"), default=dict)
    steps = models.JSONField(_("pasos"), default=dict)
    certificate = SealedField(verbose_name=_("certificado"), blank=True)
    certificate_password = SealedField(verbose_name=_("contraseña del certificado"), blank=True)
    authentication_certificate = SealedField(verbose_name=_("certificado de autenticación"), blank=True)
    authentication_password = SealedField(verbose_name=_("contraseña de autenticación"), blank=True)
    company_unknown = models.BooleanField(
        _("creación sin confirmar"),
        default=False,
        help_text=_("Se pidió crear la empresa y la respuesta se perdió."),
    )
    certificate_unknown = models.BooleanField(
        _("cambio de certificado sin confirmar"),
        default=False,
        help_text=_("Se envió otro certificado y la respuesta se perdió."),
    )
    qr = models.TextField(_("código de afiliación"), blank=True)
    qr_read_at = models.DateTimeField(_("código leído"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(_("comenzado"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminado"), null=True, blank=True)

    objects = TenantScopedQuerySet["Onboarding"].as_manager()

    class Meta:
        verbose_name = _("habilitación")
        verbose_name_plural = _("habilitaciones")

    def __str__(self) -> str:
        return str(self.tenant)
