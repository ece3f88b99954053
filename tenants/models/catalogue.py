"""Code tables that a provider serves, as last received: what serves while it does not answer."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Catalogue(models.Model):
    """One code table of one provider. Public data, shared by all tenants."""

    class Name(models.TextChoices):
        GOODS = "goods", _("Bienes y servicios (CPBS)")
        LOCATIONS = "locations", _("Ubicaciones")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(_("proveedor"), max_length=20)
    environment = models.CharField(_("ambiente"), max_length=8)
    name = models.CharField(_("catálogo"), max_length=10, choices=Name)
    size = models.PositiveIntegerField(_("códigos"), default=0)
    fetched_at = models.DateTimeField(_("recibido"), null=True)
    fetched_by = models.CharField(_("pedido por"), max_length=150, blank=True)
    tried_at = models.DateTimeField(_("último intento"), null=True)
    problem = models.TextField(_("último problema"), blank=True)

    class Meta:
        verbose_name = _("catálogo")
        verbose_name_plural = _("catálogos")
        ordering = ["name", "provider", "environment"]
        permissions = [("refresh_catalogue", _("Puede pedir al PAC sus catálogos"))]
        constraints = [
            models.UniqueConstraint(fields=["provider", "environment", "name"], name="catalogue_once"),
        ]

    def __str__(self) -> str:
        return self.get_name_display()


class CatalogueEntry(models.Model):
    """One code. `words` is its name without accents or capitals, for the search."""

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    catalogue = models.ForeignKey(
        Catalogue, verbose_name=_("catálogo"), on_delete=models.CASCADE, related_name="entries"
    )
    code = models.CharField(_("código"), max_length=20)
    name = models.CharField(_("nombre"), max_length=300)
    unit = models.CharField(_("unidad"), max_length=20, blank=True)
    words = models.CharField(max_length=300, editable=False)

    class Meta:
        verbose_name = _("código de catálogo")
        verbose_name_plural = _("códigos de catálogo")
        ordering = ["catalogue", "code"]
        constraints = [
            models.UniqueConstraint(fields=["catalogue", "code"], name="catalogue_code_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
