"""What the files of this app's lists hold."""

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from cifras.core.exports.lists import ListColumn, ListExport, columns_of
from cifras.core.exports.table import CellKind
from reports.models import ExchangeRate, Plan, PlanPrice, Subscription


def _newest(name: str) -> Subquery:
    """Of the price that was recorded last for the latest month."""
    return Subquery(
        PlanPrice._base_manager.filter(plan=OuterRef("pk")).order_by("-valid_from", "-id").values(name)[:1]
    )


PLANS = ListExport(
    "planes",
    (
        *columns_of(Plan, "name", "currency", "is_offered"),
        ListColumn(_("Precio que rige desde"), _newest("valid_from"), CellKind.DATE),
        ListColumn(_("Cuota mensual"), _newest("monthly_fee"), CellKind.MONEY),
        ListColumn(_("Facturas incluidas"), _newest("included_invoices"), CellKind.INTEGER),
        ListColumn(_("Notas de crédito incluidas"), _newest("included_credits"), CellKind.INTEGER),
        ListColumn(_("Precio por factura adicional"), _newest("invoice_price"), CellKind.NUMBER),
        ListColumn(_("Precio por nota adicional"), _newest("credit_price"), CellKind.NUMBER),
        *columns_of(Plan, "created_at", "uid"),
    ),
)
SUBSCRIPTIONS = ListExport(
    "suscripciones",
    columns_of(
        Subscription,
        "tenant__legal_name",
        "tenant__ruc",
        "plan__name",
        "plan__currency",
        "starts_on",
        "created_by__username",
        "created_at",
        "uid",
        tenant__legal_name=_("Empresa"),
        tenant__ruc=_("RUC de la empresa"),
        plan__name=_("Plan"),
    ),
)
EXCHANGE_RATES = ListExport(
    "tipos-de-cambio",
    (
        *columns_of(ExchangeRate, "date", "currency"),
        ListColumn(_("Venta"), "sale", CellKind.NUMBER),
        *columns_of(ExchangeRate, "source", "recorded_by", "recorded_at", "uid"),
    ),
)
