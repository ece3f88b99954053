"""Plans: what companies pay, with the history of their prices."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from cifras.core.admin.badges import GREEN, GREY, Badge
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.fiscal.errors import RuleBroken
from invoicing.admin.figures import money, price
from reports.admin import exports
from reports.admin.plan_forms import PRICE_FIELDS, NewPlanForm, PriceForm
from reports.admin.rights import BillingRightsMixin
from reports.models import Plan, PlanPrice
from reports.services.billing.plans import MANAGE, add_price, change_plan, create_plan
from tenants.admin.act_page import Act, ActPageMixin
from tenants.admin.actors import actor_of


@admin.register(Plan)
class PlanPage(BillingRightsMixin, ActPageMixin, StaffAdmin):
    """A plan is made with its first prices; later ones are added from a month on, and none is ever changed."""

    list_export = exports.PLANS
    audits_changes = False
    list_display = ("name", "currency", "fee", "units", "since", "offered")
    list_filter = ("is_offered", "currency")
    list_filter_submit = True
    search_fields = ("name",)
    search_help_text = gettext_lazy("Nombre del plan")
    readonly_fields = ("currency_word", "history")
    actions_detail = ("new_price",)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css", "cifras/billing.css")}

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_price"
        door: Any = self.guarded_view(self.price_view)
        return [path("<path:object_id>/price/", door, name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Any:
        prices = PlanPrice.objects.order_by("-valid_from", "-id")
        return super().get_queryset(request).prefetch_related(Prefetch("prices", prices))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewPlanForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("name", "currency", *PRICE_FIELDS)
        return ("name", "currency_word", "is_offered", "history")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        actor = actor_of(request)
        if change:
            plan = Plan.objects.get(pk=obj.pk)
            change_plan(plan, name=obj.name, is_offered=obj.is_offered, actor=actor)
            return
        month = form.cleaned_data["valid_from"]
        plan = create_plan(obj.name, obj.currency, valid_from=month, prices=form.prices(), actor=actor)
        obj.pk, obj.uid = plan.pk, plan.uid

    def has_new_price_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request)

    @action(
        description=gettext_lazy("Precios nuevos"),
        icon="sell",
        permissions=["new_price"],
        extra_options={"handles_get": True},
    )
    def new_price(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.price_view(request, object_id)

    def price_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """New prices from a month that is open for every company on the plan."""
        plan = self.permitted(request, object_id, MANAGE)
        newest = next(iter(plan.prices.all()), None)
        initial = {
            name: _plain(getattr(newest, name)) for name in PRICE_FIELDS if newest and name != "valid_from"
        }
        form = PriceForm(request.POST if request.method == "POST" else None, initial=initial)
        if form.is_valid():
            try:
                month = form.cleaned_data["valid_from"]
                row = add_price(plan, valid_from=month, prices=form.prices(), actor=actor_of(request))
                done = _("Rige desde {month}.").format(month=f"{row.valid_from:%m/%Y}")
                return self.act_done(request, plan, done)
            except RuleBroken as refusal:
                form.refuse(refusal)
        act = Act(
            title=_("Precios nuevos"),
            submit=_("Guardar"),
            facts=[(_("Plan"), plan.name), (_("Moneda"), plan.get_currency_display())],
            consequences=[
                _("Los meses cerrados y los estados de cuenta emitidos no cambian."),
                _("Valen para todas las empresas con este plan."),
            ],
        )
        return self.act_page(request, plan, act, form)

    @display(description=gettext_lazy("cuota mensual"))
    def fee(self, plan: Plan) -> str:
        newest = _newest(plan)
        return money(newest.monthly_fee, plan.currency) if newest else "—"

    @display(description=gettext_lazy("adicionales"))
    def units(self, plan: Plan) -> Any:
        newest = _newest(plan)
        if newest is None:
            return "—"
        return format_html(
            '{} {}<span class="cf-small">{} {}</span>',
            _("factura"),
            price(newest.invoice_price),
            _("nota"),
            price(newest.credit_price),
        )

    @display(description=gettext_lazy("precios desde"))
    def since(self, plan: Plan) -> str:
        newest = _newest(plan)
        return f"{newest.valid_from:%m/%Y}" if newest else "—"

    @display(description=gettext_lazy("se ofrece"), ordering="is_offered")
    def offered(self, plan: Plan) -> Badge:
        return (
            Badge(_("Se ofrece"), "check_circle", GREEN)
            if plan.is_offered
            else Badge(_("Ya no se ofrece"), "block", GREY)
        )

    @display(description=gettext_lazy("moneda"))
    def currency_word(self, plan: Plan) -> str:
        return plan.get_currency_display()

    @display(description=gettext_lazy("precios"))
    def history(self, plan: Plan) -> str:
        rows = [
            (row, money(row.monthly_fee, plan.currency), price(row.invoice_price), price(row.credit_price))
            for row in plan.prices.all()
        ]
        subscriptions = f"{reverse('admin:reports_subscription_changelist')}?plan__id__exact={plan.pk}"
        return render_to_string(
            "admin/reports/billing_prices.html", {"rows": rows, "subscriptions": subscriptions}
        )


def _plain(value: Any) -> Any:
    """A price without idle zeros, but with its cents."""
    return price(value).replace(",", "") if isinstance(value, Decimal) else value


def _newest(plan: Plan) -> PlanPrice | None:
    return next(iter(plan.prices.all()), None)
