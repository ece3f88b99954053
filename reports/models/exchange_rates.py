"""What a foreign currency was worth in soles on a day, as the authority published it."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PLACES = 3


class ExchangeRate(models.Model):
    """The rate of sale (venta) of a day: soles for one unit of the currency, as the SUNAT publishes the SBS's.

    A day without a row has no rate. The SUNAT publishes one for holidays, too: the last one again.
    """

    class Currency(models.TextChoices):
        DOLLAR = "USD", _("Dólares (USD)")
        EURO = "EUR", _("Euros (EUR)")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    date = models.DateField(_("fecha"))
    currency = models.CharField(_("moneda"), max_length=3, choices=Currency, default=Currency.DOLLAR)
    sale = models.DecimalField(
        _("venta"),
        max_digits=9,
        decimal_places=PLACES,
        help_text=_("Soles por una unidad, con tres decimales."),
    )
    source = models.CharField(
        _("fuente"), max_length=60, default="SUNAT", help_text=_("Quién lo publicó, o en qué norma.")
    )
    recorded_at = models.DateTimeField(_("registrado"), default=timezone.now, editable=False)
    recorded_by = models.CharField(_("quién"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("tipo de cambio")
        verbose_name_plural = _("tipos de cambio")
        ordering = ["-date", "currency"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "date"], name="exchange_rate_once"),
            models.CheckConstraint(condition=Q(sale__gt=0), name="exchange_rate_positive"),
        ]
        permissions = [("manage_exchange_rates", _("Puede registrar tipos de cambio"))]

    def __str__(self) -> str:
        return f"{self.currency} {self.date:%d/%m/%Y}: {self.sale}"
