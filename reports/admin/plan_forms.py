"""The forms of a plan: its name, and its prices from a month on."""

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from reports.models import Plan
from reports.services.billing.plans import Prices
from tenants.admin.wizard.fields import StepForm


class MonthField(forms.CharField):
    """A month as 2026-12; cleans to its first day."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextInputWidget({"placeholder": "2026-12", "pattern": "[0-9]{4}-[0-9]{2}"})
        widget.input_type = "month"
        super().__init__(max_length=7, widget=widget, **kwargs)

    def clean(self, value: Any) -> date | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
        except ValueError:
            raise forms.ValidationError(_("Escriba el mes como AAAA-MM.")) from None


def _number(label: Any, places: int, help_text: Any = "") -> forms.DecimalField:
    widget = UnfoldAdminDecimalFieldWidget({"step": "any", "min": "0"})
    return forms.DecimalField(
        label=label, min_value=0, max_digits=12, decimal_places=places, help_text=help_text, widget=widget
    )


def _whole(label: Any) -> forms.IntegerField:
    widget = UnfoldAdminDecimalFieldWidget({"step": "1", "min": "0"})
    return forms.IntegerField(label=label, min_value=0, max_value=10**8, widget=widget)


class PricesMixin(forms.Form):
    """The prices from a month on."""

    valid_from = MonthField(label=gettext_lazy("Rige desde el mes"))
    monthly_fee = _number(gettext_lazy("Cuota mensual"), 2)
    included_invoices = _whole(gettext_lazy("Facturas incluidas al mes"))
    included_credits = _whole(gettext_lazy("Notas de crédito incluidas al mes"))
    invoice_price = _number(gettext_lazy("Precio por factura adicional"), 6)
    credit_price = _number(gettext_lazy("Precio por nota adicional"), 6)
    forgives_voids = forms.BooleanField(
        label=gettext_lazy("No cobra lo anulado"),
        required=False,
        help_text=gettext_lazy("Lo que se anule se descuenta, o se devuelve al precio al que se cobró."),
        widget=UnfoldBooleanSwitchWidget(),
    )

    def prices(self) -> Prices:
        """What was typed, for the service."""
        return Prices(**{name: self.cleaned_data[name] for name in Prices.__dataclass_fields__})


PRICE_FIELDS = tuple(PricesMixin.base_fields)


class NewPlanForm(PricesMixin, forms.ModelForm):
    """A plan with its first prices."""

    class Meta:
        model = Plan
        fields = ("name", "currency")


class PriceForm(PricesMixin, StepForm):
    """New prices of a plan."""
