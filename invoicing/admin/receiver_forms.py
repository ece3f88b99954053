"""The forms of a registered receiver, country by country: what the law wants of each, and where the page asks for it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from cifras.core.wording import sentence
from cifras.fiscal.catalogues.dgi import Retention
from cifras.fiscal.catalogues.sunat import IdentityType
from cifras.fiscal.document import (
    Comprobante,
    Contributor,
    DocumentDraft,
    Issuer,
    Kind,
    Mode,
    Party,
    PaymentTime,
    PeruTerms,
)
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.panama.receiver import receiver_reasons as panamanian_reasons
from cifras.fiscal.peru import receiver_type
from cifras.fiscal.peru.receiver import receiver_reasons as peruvian_reasons
from cifras.fiscal.ruc import panama as ruc_rules
from invoicing.admin.peru_fields import IDENTITIES
from invoicing.models import Receiver
from invoicing.services.parties import party_of
from tenants.models import Tenant

_FOREIGN, _HOME = ("foreign_number", "foreign_country"), ("contributor", "ruc", "dv", "location")
_AT_HOME, _ABROAD = "type != 'EXTRANJERO'", "type == 'EXTRANJERO'"
_ROW = re.compile(r"\[\d+\]")


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in lines if line.strip()]


class AnyReceiverForm(forms.ModelForm):
    """What receivers of every country have.

    `country`: of the companies whose receiver this form can write; `refusals`: everything that its law refuses.
    """

    country: str
    refusals: Callable[[Party], Iterable[RuleBroken]]
    places: Mapping[str, str] = {}

    telephones = LinesField(
        label=gettext_lazy("Teléfonos"), help_text=gettext_lazy("Uno por línea, hasta tres: 999-9999.")
    )
    emails = LinesField(label=gettext_lazy("Correos"), help_text=gettext_lazy("Uno por línea, hasta tres."))

    def clean(self) -> Any:
        cleaned = super().clean() or {}
        tenant = cleaned.get("tenant") or getattr(self.instance, "tenant", None)
        others = Receiver.objects.filter(tenant=tenant, code=cleaned.get("code")).exclude(pk=self.instance.pk)
        if tenant and others.exists():
            self.add_error("code", _("La empresa ya tiene un receptor con ese código."))
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for reason in self.refusals(party_of(self.instance)):
            name = _ROW.sub("", reason.field.removeprefix("receiver."))
            field = self.places.get(name, name)
            self.add_error(field if field in self.fields else None, sentence(reason))


class PanamaReceiverForm(AnyReceiverForm):
    """What the law wants of each type of receiver; what does not belong to the type is left empty."""

    country = Tenant.Country.PANAMA
    places = {
        "foreign_id": "foreign_number",
        "foreign_id.number": "foreign_number",
        "foreign_id.country": "foreign_country",
    }

    retention_code = forms.ChoiceField(
        label=gettext_lazy("Código de retención"), required=False, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "retention_code" in self.fields:
            field: Any = self.fields["retention_code"]
            field.choices = [
                ("", _("Ninguno")),
                *((code.value, f"{code.value} · {_(code.label)}") for code in Retention),
            ]

    def clean(self) -> Any:
        cleaned = super().clean()
        is_foreign = cleaned.get("type") == Receiver.Type.EXTRANJERO
        for name in _HOME if is_foreign else _FOREIGN:
            cleaned[name] = ""
        if not is_foreign:
            cleaned["country"] = "PA"
        self._offer_dv(cleaned)
        return cleaned

    def _offer_dv(self, cleaned: dict[str, Any]) -> None:
        """A missing DV is computed and shown, for a person to compare."""
        ruc, contributor = cleaned.get("ruc"), cleaned.get("contributor")
        if not ruc or not contributor or cleaned.get("dv"):
            return
        try:
            digits = ruc_rules.check_digit(ruc, contributor)
        except RuleBroken as reason:
            self.add_error("dv", sentence(reason))
        else:
            text = _("Falta el DV. La fórmula de la DGI da {dv}: compárelo con el del cliente y escríbalo.")
            self.add_error("dv", text.format(dv=digits))

    @staticmethod
    def refusals(party: Party) -> Iterable[RuleBroken]:
        return panamanian_reasons(_draft_for(party))


class PeruReceiverForm(AnyReceiverForm):
    """A customer by an identity document of catalogue 06; what the house calls their type follows from it."""

    country = Tenant.Country.PERU
    places = {"identity_number": "ruc"}

    identity_type = forms.ChoiceField(
        label=gettext_lazy("Documento de identidad"), choices=IDENTITIES, widget=UnfoldAdminSelectWidget()
    )
    ruc = forms.CharField(
        label=gettext_lazy("Número del documento"),
        max_length=15,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("El RUC tiene once cifras y el DNI ocho."),
    )
    withholds = forms.BooleanField(
        label=gettext_lazy("Es agente de retención"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    def clean(self) -> Any:
        cleaned = super().clean()
        identity = cleaned.get("identity_type")
        if identity:
            self.instance.type = receiver_type(identity).value
            self.instance.country = "PE"
        if identity == IdentityType.NONE:
            cleaned["ruc"] = ""
        return cleaned

    @staticmethod
    def refusals(party: Party) -> Iterable[RuleBroken]:
        # A boleta takes any identity, so that only its form is judged.
        return peruvian_reasons(_draft_for(party), PeruTerms(Comprobante.BOLETA, series="B001"))


@dataclass(frozen=True, slots=True)
class ReceiverLaw:
    """One country's page of a receiver."""

    form: type[AnyReceiverForm]
    fieldsets: Any
    conditional_fields: Mapping[str, str]


def receiver_law(country: str) -> ReceiverLaw:
    """The page for receivers of companies of that country."""
    return _LAWS[country]


def _draft_for(party: Party) -> DocumentDraft:
    """A draft that says nothing but its receiver: the law asks its questions of a whole document."""
    return DocumentDraft(
        kind=Kind.INVOICE,
        mode=Mode.DGI,
        issuer=Issuer(ruc="", contributor=Contributor.JURIDICO, dv="", name=""),
        receiver=party,
        lines=(),
        payment_time=PaymentTime.CASH,
        payments=(),
        issue_date=timezone.now(),
    )


_LAWS: Mapping[str, ReceiverLaw] = {
    Tenant.Country.PANAMA: ReceiverLaw(
        PanamaReceiverForm,
        (
            (None, {"fields": ("tenant", ("code", "type"), "name")}),
            (
                gettext_lazy("Identificación"),
                {"fields": ("contributor", ("ruc", "dv"), "foreign_number", "foreign_country")},
            ),
            (
                gettext_lazy("Dónde está"),
                {"fields": ("address", "location", "country", ("telephones", "emails"))},
            ),
            (gettext_lazy("Retención"), {"fields": ("withholds", "retention_code")}),
        ),
        {
            "contributor": _AT_HOME,
            "ruc": _AT_HOME,
            "dv": _AT_HOME,
            "location": _AT_HOME,
            "withholds": "type == 'CONTRIBUYENTE' || type == 'GOBIERNO'",
            "retention_code": "type == 'CONTRIBUYENTE' || type == 'GOBIERNO'",
            "foreign_number": _ABROAD,
            "foreign_country": _ABROAD,
            "country": _ABROAD,
        },
    ),
    Tenant.Country.PERU: ReceiverLaw(
        PeruReceiverForm,
        (
            (None, {"fields": ("tenant", "code", "name")}),
            (gettext_lazy("Identificación"), {"fields": (("identity_type", "ruc"),)}),
            (gettext_lazy("Dónde está"), {"fields": ("address", ("telephones", "emails"))}),
            (gettext_lazy("Retención"), {"fields": ("withholds",)}),
        ),
        {},
    ),
}
