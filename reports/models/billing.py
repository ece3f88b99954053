"""What a company owes us for a closed month: a statement once it is issued, and until then what it would say.

None of this is a fiscal document.
"""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cifras.core.append_only import AppendOnlyModel
from invoicing.models import choices
from reports.models.closing import FrozenQuerySet
from tenants.access import TenantScopedQuerySet
from tenants.models import Tenant


class Charge(models.TextChoices):
    """What a line of a statement is for."""

    FEE = "fee", _("Cuota")
    USAGE = "usage", _("Documentos del mes")
    FORGIVEN = "forgiven", _("Anuladas del mes")
    LATE = "late", _("Documentos de un mes anterior")
    REFUND = "refund", _("Anuladas de un mes anterior")


class StatementQuerySet(FrozenQuerySet["BillingStatement"]):  # type: ignore[override]
    """Statements, which are never changed."""

    def standing(self) -> "StatementQuerySet":
        """Those that have not been withdrawn."""
        return self.filter(withdrawal=None)


class LineQuerySet(FrozenQuerySet["BillingLine"]):  # type: ignore[override]
    """Lines belong to whom their statement belongs to."""

    tenant_path = "statement__tenant"


class WithdrawalQuerySet(FrozenQuerySet["StatementWithdrawal"]):  # type: ignore[override]
    """Withdrawals belong to whom their statement belongs to."""

    tenant_path = "statement__tenant"


class BillingStatement(AppendOnlyModel):
    """One issued statement, with the names and prices of that day.

    `version` counts the statements of a company's month: each one from the second on `replaces` the one before, which has been
    withdrawn. `totals` is the sum per currency; `usage` the documents counted, by what they are. `sha256` covers all of it.
    """

    uid = models.UUIDField(_("identificador"), default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("número"), max_length=40, unique=True)
    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    month = models.DateField(_("mes"))
    version = models.PositiveSmallIntegerField(_("versión"))
    replaces = models.OneToOneField(
        "self",
        verbose_name=_("reemplaza a"),
        on_delete=models.PROTECT,
        null=True,
        related_name="replaced_by",
    )
    closing_uid = models.UUIDField(_("cierre"))
    tenant_name = models.CharField(_("razón social"), max_length=200)
    tenant_tax_id = models.CharField(_("RUC"), max_length=30)
    plan_name = models.CharField(_("plan"), max_length=80, blank=True)
    totals = models.JSONField(_("totales"), default=dict)
    usage = models.JSONField(_("consumo"), default=dict)
    sha256 = models.CharField(_("huella SHA-256"), max_length=64)
    issued_at = models.DateTimeField(_("emitido"), default=timezone.now)
    issued_by = models.CharField(_("quién"), max_length=150)

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("estado de cuenta")
        verbose_name_plural = _("estados de cuenta")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month", "version"], name="billing_statement_once"),
            models.CheckConstraint(
                condition=Q(version=1, replaces=None) | Q(version__gt=1, replaces__isnull=False),
                name="billing_statement_replaces",
            ),
        ]
        indexes = [models.Index(fields=["month", "tenant"], name="billing_statement_month")]
        permissions = [
            ("view_billing", _("Puede ver la facturación del servicio")),
            ("manage_plans", _("Puede administrar planes y suscripciones")),
            ("issue_statement", _("Puede emitir y retirar estados de cuenta")),
        ]

    def __str__(self) -> str:
        return self.number


class BillingLine(AppendOnlyModel):
    """One line. `documents` were counted, and `quantity` of them are charged at `unit_price`; both are negative in a refund.

    A fee has days instead: `days` of the `days_of_month`. `first` and `last` are the days of issue that the line is about.
    """

    statement = models.ForeignKey(
        BillingStatement, verbose_name=_("estado de cuenta"), on_delete=models.PROTECT, related_name="lines"
    )
    position = models.PositiveSmallIntegerField(_("línea"))
    charge = models.CharField(_("concepto"), max_length=8, choices=Charge)
    plan_name = models.CharField(_("plan"), max_length=80)
    plan_uid = models.UUIDField(_("identificador del plan"))
    price_uid = models.UUIDField(_("identificador del precio"))
    currency = models.CharField(_("moneda"), max_length=3)
    origin_month = models.DateField(_("mes de origen"))
    first = models.DateField(_("desde"))
    last = models.DateField(_("hasta"))
    kind = models.CharField(_("clase"), max_length=7, choices=choices.Kind, blank=True)
    cause = models.CharField(_("causa"), max_length=18, blank=True)
    days = models.PositiveSmallIntegerField(_("días"), default=0)
    days_of_month = models.PositiveSmallIntegerField(_("días del mes"), default=0)
    documents = models.IntegerField(_("documentos"), default=0)
    included = models.PositiveIntegerField(_("incluidos"), default=0)
    quantity = models.IntegerField(_("cantidad"), default=0)
    unit_price = models.DecimalField(_("precio"), max_digits=12, decimal_places=6)
    amount = models.DecimalField(_("importe"), max_digits=16, decimal_places=2)

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = _("línea de un estado de cuenta")
        verbose_name_plural = _("líneas de los estados de cuenta")
        ordering = ["statement", "position"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "position"], name="billing_line_position_once")
        ]

    def __str__(self) -> str:
        return f"{self.statement} {self.position}"


class StatementWithdrawal(AppendOnlyModel):
    """A statement that no longer holds, by the decision of two persons."""

    statement = models.OneToOneField(
        BillingStatement,
        verbose_name=_("estado de cuenta"),
        on_delete=models.PROTECT,
        related_name="withdrawal",
    )
    reason = models.TextField(_("motivo"))
    proposed_by = models.CharField(_("propuso"), max_length=150)
    approved_by = models.CharField(_("aprobó"), max_length=150)
    at = models.DateTimeField(_("cuándo"), default=timezone.now)

    objects = WithdrawalQuerySet.as_manager()

    class Meta:
        verbose_name = _("estado de cuenta retirado")
        verbose_name_plural = _("estados de cuenta retirados")

    def __str__(self) -> str:
        return str(self.statement)


class BillingDraft(models.Model):
    """What the statement of a closed month would say if it were issued now: kept by the workers, for the pages.

    `content` is the draft as JSON; `problem` the refusal's code where there can be none, with its values in `content`.
    """

    tenant = models.ForeignKey(
        Tenant, verbose_name=_("empresa"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    month = models.DateField(_("mes"))
    closing_uid = models.UUIDField(_("cierre"))
    content = models.JSONField(_("contenido"), default=dict)
    problem = models.CharField(_("obstáculo"), max_length=40, blank=True)
    computed_at = models.DateTimeField(_("calculado"), default=timezone.now)

    objects = TenantScopedQuerySet["BillingDraft"].as_manager()

    class Meta:
        verbose_name = _("borrador de estado de cuenta")
        verbose_name_plural = _("borradores de estados de cuenta")
        constraints = [models.UniqueConstraint(fields=["tenant", "month"], name="billing_draft_once")]
        indexes = [models.Index(fields=["month"], name="billing_draft_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.tenant}"
