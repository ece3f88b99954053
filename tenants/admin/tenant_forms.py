"""The forms of a tenant's page: taking one in, changing what may change, and the reason for a suspension."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextareaWidget

from cifras.core.admin.refusals import StaffDialogForm
from tenants.models import Tenant
from tenants.services.activation import SHORTEST_REASON
from tenants.services.mail_text import LONGEST_TEXT, unknown_places

# The form's member -> the sealed column that it sets and never shows.
SECRETS = {"new_pac_token": "pac_token", "new_webhook_secret": "webhook_secret"}


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

    def clean_mail_text(self) -> str:
        text: str = self.cleaned_data["mail_text"].strip()
        if unknown := unknown_places(text):
            names = ", ".join(f"{{{name}}}" for name in unknown)
            raise forms.ValidationError(_("No se sabe qué poner en {names}.").format(names=names))
        if len(text) > LONGEST_TEXT:
            raise forms.ValidationError(_("El texto pasa de {limit} caracteres.").format(limit=LONGEST_TEXT))
        return text


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
