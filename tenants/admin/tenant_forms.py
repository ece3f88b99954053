"""The forms of a tenant's page: taking one in, changing what may change, and the reason for a suspension."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from cifras.core.admin.refusals import StaffDialogForm
from cifras.core.wording import sentence
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.pac.contract import Capability
from tenants.models import Tenant
from tenants.services.activation import SHORTEST_REASON
from tenants.services.providers import provider_names

# The form's member -> the sealed column that it sets and never shows.
SECRETS = {"new_pac_token": "pac_token", "new_webhook_secret": "webhook_secret"}

_IDENTITY = ("pac_provider", "environment", "country", "ruc")


def _secret_field(label: Any, help_text: Any) -> forms.CharField:
    widget = UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, help_text=help_text, required=False, strip=True, widget=widget)


class TenantForm(forms.ModelForm):
    """What staff may change on a tenant."""

    def clean_successor(self) -> Tenant | None:
        successor: Tenant | None = self.cleaned_data["successor"]
        if successor is not None and successor.pk == self.instance.pk:
            raise forms.ValidationError(_("Una empresa no puede ser su propia sucesora."))
        return successor


class TenantSecretsForm(TenantForm):
    """For those who may onboard: a secret that is filled in is set; an empty one stays as it was."""

    new_pac_token = _secret_field(
        gettext_lazy("Clave nueva del PAC"),
        gettext_lazy("Se guarda cifrada y no se vuelve a mostrar. Vacía: queda como está."),
    )
    new_webhook_secret = _secret_field(
        gettext_lazy("Secreto nuevo del webhook"),
        gettext_lazy(
            "Durante una rotación, el anterior y el nuevo separados por comas. Vacío: queda como está."
        ),
    )


class NewTenantForm(forms.ModelForm):
    """Who is to be onboarded; the onboarding's service judges it. An empty DV is computed."""

    pac_provider = forms.ChoiceField(label=gettext_lazy("Proveedor"), widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider: Any = self.fields["pac_provider"]
        provider.choices = provider_names(Capability.ONBOARD)
        self.fields["dv"].help_text = _("Vacío: se calcula. Si se escribe, se comprueba.")

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        if cleaned.get("ruc") and cleaned.get("ruc_type") and not cleaned.get("dv"):
            try:
                cleaned["dv"] = ruc_rules.check_digit(cleaned["ruc"], cleaned["ruc_type"])
            except RuleBroken as reason:
                field = "dv" if isinstance(reason, CannotVerifyLocally) else reason.field
                self.add_error(field if field in self.fields else None, sentence(reason))
        self._check_taken(cleaned)
        return cleaned

    def _check_taken(self, cleaned: dict[str, Any]) -> None:
        """The company that is there already, in words instead of a constraint's name."""
        entered = {name: cleaned.get(name) for name in _IDENTITY}
        if Tenant.objects.exclude(state=Tenant.State.CLOSED).filter(**entered).exists():
            self.add_error("ruc", _("Ya hay una empresa con ese RUC, proveedor y ambiente."))


class ReasonForm(StaffDialogForm):
    """Why: it stays in the audit trail."""

    reason = forms.CharField(
        label=gettext_lazy("Motivo"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "maxlength": 1000}),
        help_text=gettext_lazy("Al menos 15 caracteres; queda en la auditoría."),
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"].strip()
        if len(reason) < SHORTEST_REASON:
            text = _("El motivo tiene {length} caracteres: escriba al menos {minimum}.")
            raise forms.ValidationError(text.format(length=len(reason), minimum=SHORTEST_REASON))
        return reason
