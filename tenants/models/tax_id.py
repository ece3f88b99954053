"""What the provider answered about a tax id, kept with who asked and when."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaxIdCheck(models.Model):
    """The last answer for one tax id at one provider; it is public register data, shared by all tenants."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    country = models.CharField(_("país"), max_length=2)
    environment = models.CharField(_("ambiente"), max_length=8)
    ruc = models.CharField(_("RUC"), max_length=20)
    contributor = models.CharField(_("tipo de contribuyente"), max_length=8)
    dv = models.CharField(_("DV"), max_length=2, blank=True)
    receiver_word = models.CharField(_("palabra del PAC"), max_length=60, blank=True)
    is_known = models.BooleanField(_("existe"), default=True)
    answer = models.JSONField(_("respuesta"), null=True)
    exchange_id = models.CharField(max_length=36, blank=True)
    checked_at = models.DateTimeField(_("consultado"))
    checked_by = models.CharField(_("por"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("verificación de RUC")
        verbose_name_plural = _("verificaciones de RUC")
        constraints = [
            models.UniqueConstraint(
                fields=["country", "environment", "ruc", "contributor"], name="tax_id_check_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ruc} DV {self.dv}"
