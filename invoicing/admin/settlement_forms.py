"""What is asked when money is recorded, taken back, passed on, or its certificate comes in."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.document import Kind
from cifras.fiscal.zones import local_date
from invoicing.models import Document, Settlement
from invoicing.services import receipts

_PAPER = ".pdf,.png,.jpg,.jpeg"


def day_field(label: Any, *, required: bool = True) -> forms.DateField:
    """A day, as the browser's own picker sends it."""
    widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
    return forms.DateField(label=label, required=required, widget=widget, localize=False)


def amount_field(label: Any) -> forms.DecimalField:
    """An amount; its rules are the service's."""
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.DecimalField(label=label, widget=widget, max_digits=20, localize=False)


class SettleForm(forms.Form):
    """One movement. Its token makes a form that is sent twice one movement; `confirmed` is asked only where there is a doubt."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Qué fue"), widget=UnfoldAdminSelectWidget)
    amount = amount_field(gettext_lazy("Monto"))
    day = day_field(gettext_lazy("Fecha"))
    method = forms.ChoiceField(
        label=gettext_lazy("Forma de pago"), required=False, widget=UnfoldAdminSelectWidget
    )
    certificate_number = forms.CharField(
        label=gettext_lazy("Número del certificado de retención"),
        help_text=gettext_lazy("Solo en una retención. Vacío: queda pendiente de recibir."),
        max_length=50,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    certificate_date = day_field(gettext_lazy("Fecha del certificado"), required=False)
    certificate = forms.FileField(
        label=gettext_lazy("Certificado (PDF, PNG o JPEG)"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": _PAPER}),
    )
    note = forms.CharField(
        label=gettext_lazy("Nota (opcional)"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    confirmed = forms.BooleanField(
        label=gettext_lazy("Lo he leído: regístrese así"), required=False, widget=UnfoldBooleanWidget
    )

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = document
        kinds = kinds_for(document)
        kind: Any = self.fields["kind"]
        method: Any = self.fields["method"]
        kind.choices = kinds
        method.choices = [
            ("", "—"),
            *((row.value, _(row.label)) for row in PaymentMethod if row is not PaymentMethod.CREDIT),
        ]
        self.fields["token"].initial = uuid.uuid4()
        self.fields["day"].initial = local_date(timezone.now()).isoformat()
        if not any(kind == Settlement.Kind.WITHHOLDING for kind, _label in kinds):
            for name in ("certificate_number", "certificate_date", "certificate"):
                del self.fields[name]
        self.order_fields(["token", "confirmed"])  # what is asked after a warning stands right below it

    def without_confirmation(self) -> None:
        """Nothing has to be confirmed."""
        self.fields.pop("confirmed", None)

    @property
    def known_amount(self) -> Decimal | None:
        """The amount, as far as it can be read yet."""
        return getattr(self, "cleaned_data", {}).get("amount")


class CertificateForm(forms.Form):
    """The certificate of a withholding."""

    certificate_number = forms.CharField(
        label=gettext_lazy("Número del certificado de retención"),
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
    )
    certificate_date = day_field(gettext_lazy("Fecha del certificado"), required=False)
    certificate = forms.FileField(
        label=gettext_lazy("Certificado (PDF, PNG o JPEG)"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": _PAPER}),
    )


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label=gettext_lazy("Por qué"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class MoveForm(forms.Form):
    """Where the balance goes, and how much of it."""

    target = forms.CharField(
        label=gettext_lazy("A qué factura"),
        help_text=gettext_lazy(
            "Su número, su referencia o su CUFE; de la misma empresa y el mismo receptor."
        ),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
    )
    amount = amount_field(gettext_lazy("Monto"))


def kinds_for(document: Document) -> list[tuple[str, Any]]:
    """The kinds of movement that the document takes."""
    if document.kind == Kind.CREDIT or receipts.is_without_effect(document):
        return [(Settlement.Kind.REFUND.value, Settlement.Kind.REFUND.label)]
    return list(Settlement.Kind.choices)
