"""The forms of the import pages: a file to import, a document issued elsewhere, and what verifying or deleting one asks."""

from collections.abc import Set
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from cifras.core.models import Staff
from cifras.core.uploads import LARGEST_FILE
from invoicing.admin.invoice_choices import find_offered, tenant_choices
from invoicing.models.receiver import Receiver
from tenants.models import Tenant

PAPERS = ("pdf", "xml")


def _text(
    label: Any, *, longest: int = 200, required: bool = False, help_text: Any = "", **attrs: Any
) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=longest,
        required=required,
        help_text=help_text,
        widget=UnfoldAdminTextInputWidget(attrs=attrs),
    )


def _file(label: Any, accept: str, *, required: bool = False, help_text: Any = "") -> forms.FileField:
    return forms.FileField(
        label=label,
        required=required,
        help_text=help_text,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": accept}),
    )


class TenantForm(forms.Form):
    """A form about one of the tenants that the person may see, with files that may have been too large."""

    tenant = forms.ChoiceField(label=gettext_lazy("Empresa"), widget=UnfoldAdminSelectWidget)

    def __init__(self, staff: Staff, *args: Any, too_large: Set[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.staff, self.too_large = staff, too_large
        tenant: Any = self.fields["tenant"]
        tenant.choices = tenant_choices(staff)

    def chosen(self) -> Tenant | None:
        """The tenant that was chosen so far, whatever else is wrong."""
        return find_offered(self.staff, str(self["tenant"].value() or ""))

    def clean_tenant(self) -> Tenant | None:
        chosen = self.cleaned_data["tenant"]
        return find_offered(self.staff, chosen) if chosen else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.too_large & self.fields.keys():
            self.errors.pop(name, None)
            text = _("El archivo pasa de {limit} MiB: redúzcalo o repártalo.").format(
                limit=LARGEST_FILE // 1024**2
            )
            self.add_error(name, text)
        return cleaned


class UploadForm(TenantForm):
    """A file of rows. Whose they are is asked where the file does not say."""

    tenant = forms.ChoiceField(
        label=gettext_lazy("Empresa"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("De quién son las filas. Vacía: la que diga el archivo."),
    )
    file = _file(
        gettext_lazy("Archivo"),
        ".csv,.xlsx,.json,.jsonl,.txt",
        required=True,
        help_text=gettext_lazy("CSV, XLSX, JSON o líneas JSON; hasta 20 MiB y 50 000 filas."),
    )


class RegisterForm(TenantForm):
    """A document issued elsewhere: its CUFE, its files, and what its XML would say where there is none."""

    cufe = _text(
        gettext_lazy("CUFE"), longest=80, required=True, autocomplete="off", spellcheck="false", size="70"
    )
    xml = _file(
        gettext_lazy("XML de la factura"),
        ".xml",
        help_text=gettext_lazy("Con él no hace falta escribir importes."),
    )
    pdf = _file(gettext_lazy("PDF"), ".pdf")
    external_id = _text(gettext_lazy("Referencia externa"), longest=100)
    net = _text(gettext_lazy("Subtotal"), longest=20, inputmode="decimal")
    itbms = _text(gettext_lazy("ITBMS"), longest=20, inputmode="decimal")
    total = _text(gettext_lazy("Total"), longest=20, inputmode="decimal")
    receiver_type = forms.ChoiceField(
        label=gettext_lazy("Tipo de receptor"),
        required=False,
        choices=[("", "—"), *Receiver.Type.choices],
        widget=UnfoldAdminSelectWidget,
    )
    receiver_contributor = forms.ChoiceField(
        label=gettext_lazy("Tipo de contribuyente"),
        required=False,
        choices=[("", "—"), *Tenant.TaxIdType.choices],
        widget=UnfoldAdminSelectWidget,
    )
    receiver_ruc = _text(gettext_lazy("RUC del receptor"), longest=20)
    receiver_dv = _text(gettext_lazy("DV del receptor"), longest=2)
    receiver_name = _text(gettext_lazy("Nombre del receptor"))
    issuer_name = _text(
        gettext_lazy("Nombre del emisor"), help_text=gettext_lazy("Solo de un documento recibido.")
    )
    reference = _text(
        gettext_lazy("CUFE de la factura que la nota rebaja"),
        longest=80,
        help_text=gettext_lazy("Solo de una nota de crédito."),
    )

    def entry(self) -> dict[str, Any]:
        """The JSON form of what was typed; what was left empty is absent."""
        said = self.cleaned_data
        totals = {name: said[name] for name in ("net", "itbms", "total") if said[name]}
        members = ("type", "contributor", "ruc", "dv", "name")
        receiver = {name: said[f"receiver_{name}"] for name in members if said[f"receiver_{name}"]}
        optional = {
            "external_id": said["external_id"],
            "totals": totals,
            "receiver": receiver,
            "issuer": {"name": said["issuer_name"]} if said["issuer_name"] else None,
            "references": {"cufe": said["reference"]} if said["reference"] else None,
        }
        return {
            "tenant": str(said["tenant"].uid),
            "mode": "DGI_IMPORT",
            "cufe": said["cufe"].strip(),
            **{name: value for name, value in optional.items() if value},
        }

    def papers(self) -> tuple[bytes, ...]:
        """The files' contents."""
        return tuple(self.cleaned_data[name].read() for name in PAPERS if self.cleaned_data.get(name))


class ImportedReasonForm(forms.Form):
    """Why a document issued elsewhere is verified or its registration deleted."""

    reason = forms.CharField(
        label=gettext_lazy("Motivo: qué consta y dónde se vio"),
        max_length=1000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class VerifyForm(ImportedReasonForm):
    """With the evidence, where there is a file of it."""

    evidence = _file(gettext_lazy("Prueba (PDF o XML, opcional)"), ".pdf,.xml")
