"""What a company agreed to pay us: plans with their prices, and which company is on which plan from which day."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel, AppendOnlyQuerySet
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Plan(models.Model):
    """A plan and the currency it is charged in, which never changes; its prices have a history of their own."""

    class Currency(models.TextChoices):
        BALBOA = "PAB", _("Balboas (PAB)")
        DOLLAR = "USD", _("Dólares (USD)")
        SOL = "PEN", _("Soles (PEN)")

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("nombre"), max_length=80, unique=True)
    currency = models.CharField(_("moneda"), max_length=3, choices=Currency, default=Currency.BALBOA)
    is_offered = models.BooleanField(
        _("se ofrece"), default=True, help_text=_("Uno que ya no se ofrece sigue rigiendo donde se contrató.")
    )
    created_at = models.DateTimeField(_("creado"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("planes")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PlanPrice(AppendOnlyModel):
    """The prices of a plan from a month on. Of several from the same month the one recorded last holds.

    Documents included in the fee are counted per kind, each kind for itself. `forgives_voids`: what was voided is not charged,
    and refunded where it had been charged.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="prices")
    valid_from = models.DateField(_("rige desde"))
    monthly_fee = models.DecimalField(_("cuota mensual"), max_digits=10, decimal_places=2)
    included_invoices = models.PositiveIntegerField(_("facturas incluidas"))
    included_credits = models.PositiveIntegerField(_("notas de crédito incluidas"))
    invoice_price = models.DecimalField(_("precio por factura adicional"), max_digits=12, decimal_places=6)
    credit_price = models.DecimalField(_("precio por nota adicional"), max_digits=12, decimal_places=6)
    forgives_voids = models.BooleanField(_("no cobra lo anulado"))
    recorded_at = models.DateTimeField(_("registrado"), default=timezone.now)
    recorded_by = models.CharField(_("quién"), max_length=150, blank=True)

    objects = AppendOnlyQuerySet["PlanPrice"].as_manager()

    class Meta:
        verbose_name = _("precio de un plan")
        verbose_name_plural = _("precios de los planes")
        ordering = ["plan", "-valid_from", "-id"]
        indexes = [models.Index(fields=["plan", "-valid_from", "-id"], name="plan_price_valid")]
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_fee__gte=0, invoice_price__gte=0, credit_price__gte=0),
                name="plan_price_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.valid_from:%Y-%m}"


class Subscription(models.Model):
    """From `starts_on` on the company is on `plan`, or on none when it is empty, until its next row starts.

    Two plans on one day cannot be said: that is why there is no last day.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    plan = models.ForeignKey(
        Plan,
        verbose_name=_("plan"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="subscriptions",
        help_text=_("Vacío: ninguno desde ese día."),
    )
    starts_on = models.DateField(_("desde"), help_text=_("Fecha local; rige hasta el siguiente cambio."))
    created_at = models.DateTimeField(_("registrada"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("quién"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    objects = TenantScopedQuerySet["Subscription"].as_manager()

    class Meta:
        verbose_name = _("suscripción")
        verbose_name_plural = _("suscripciones")
        ordering = ["-starts_on", "-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "starts_on"], name="subscription_day_once")]

    def __str__(self) -> str:
        return f"{self.tenant}: {self.plan or _('sin plan')} ({self.starts_on:%d/%m/%Y})"
