"""The fields of the page that writes an invoice, part by part.

They only carry what was typed: whether it is right is the services' business, whose refusals name members of the JSON
document. So nearly every field is a text that may be empty, and each part knows which field shows which member.
"""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    RADIO_CLASSES,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from cifras.fiscal.catalogues.dgi import INCOTERMS, ITBMS_CODES, Oti, PaymentMethod, Retention
from invoicing.models import Receiver
from invoicing.models.choices import Mode, PaymentTime
from tenants.models import Tenant

# Each posted field counts against Django's limit of a thousand.
MOST_LINES, MOST_PAYMENTS, MOST_INSTALMENTS = 40, 10, 36
OTI_SLOTS = (1, 2)
NO_CHOICE = ("", "—")


def text(
    label: Any, help_text: Any = "", *, kind: str = "text", longest: int = 0, **attrs: Any
) -> forms.CharField:
    """A line of text. `kind` is the input's type; `longest` only helps whoever types."""
    given = {name.replace("_", "-"): value for name, value in attrs.items()}
    widget = UnfoldAdminTextInputWidget(
        {"autocomplete": "off", **({"maxlength": longest} if longest else {}), **given}
    )
    widget.input_type = kind
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget)


def figure(label: Any, help_text: Any = "", **attrs: Any) -> forms.CharField:
    """An amount or a quantity, kept as it was typed."""
    return text(label, help_text, inputmode="decimal", longest=20, **{"class": "inv-amount", **attrs})


def select(label: Any, choices: Any, help_text: Any = "", initial: str = "") -> forms.CharField:
    """One of `choices`."""
    widget = UnfoldAdminSelectWidget(choices=list(choices))
    return forms.CharField(label=label, help_text=help_text, required=False, widget=widget, initial=initial)


def radios(label: Any, choices: Any, initial: str) -> forms.CharField:
    """One of a few, all in sight."""
    widget = forms.RadioSelect(attrs={"class": " ".join(RADIO_CLASSES)}, choices=list(choices))
    return forms.CharField(label=label, required=False, widget=widget, initial=initial)


def labelled(codes: Any) -> list[tuple[str, Any]]:
    """The rows of a code table as choices: "02 · Efectivo"."""
    return [(code.value, format_lazy("{} · {}", code.value, _(code.label))) for code in codes]


class PartForm(forms.Form):
    """A part of the page. `places`: the field that shows a member of the JSON document, where their names differ."""

    places: Mapping[str, str] = {}

    def field_for(self, member: str) -> str:
        """The field that shows `member`; empty when none does."""
        name = self.places.get(member, member)
        return name if name in self.fields else ""

    def value(self, name: str) -> str:
        """What was typed, or what is shown before anything was."""
        source = self.cleaned_data if self.is_bound else self.initial
        return str(source.get(name) or ("" if self.is_bound else self.fields[name].initial or ""))

    def given(self, *names: str) -> dict[str, Any]:
        """The members that were typed."""
        return {name: self.value(name) for name in names if self.value(name)}

    def has_any(self, *names: str) -> bool:
        """Whether any of these fields says or is refused something."""
        return any(self[name].value() or name in self.errors for name in names)


class HeadForm(PartForm):
    """Who issues, when, how it is paid, and what belongs to the whole document."""

    tenant = select(_("Empresa"), [])
    place = select(_("Sucursal y punto"), [])
    mode = radios(
        _("Modo"),
        [(Mode.DGI.value, _("Ante la DGI")), (Mode.PROFORM.value, _("Proforma, no válida como factura"))],
        Mode.DGI.value,
    )
    issue_date = text(
        _("Fecha de emisión"), _("Vacía: el momento en que se emite. Hora de Panamá."), kind="datetime-local"
    )
    due_date = text(_("Vencimiento"), kind="date")
    payment_time = radios(_("Momento de pago"), PaymentTime.choices, PaymentTime.CASH.value)
    retention_code = select(
        _("Código de retención"),
        [NO_CHOICE, *labelled(Retention)],
        _("Vacío: el usual del receptor registrado."),
    )
    retention_amount = figure(_("Importe retenido"), _("Solo con el código 8."))
    discount_amount = figure(_("Descuento global"), _("Se reparte entre las líneas antes del ITBMS."))
    discount_description = text(_("Motivo del descuento"), longest=500)
    freight = figure(_("Flete"), _("Sin ITBMS. Si debe pagarlo, póngalo como una línea más."))
    insurance = figure(_("Seguro"), _("Sin ITBMS. Si debe pagarlo, póngalo como una línea más."))
    notes = forms.CharField(
        label=_("Notas"),
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "maxlength": 5000}),
    )
    external_id = text(
        _("Referencia externa"), _("El número de pedido o de su sistema: no se repite."), longest=100
    )

    places = {
        "office": "place",
        "billing_point": "place",
        "global_discounts": "discount_amount",
        "global_discounts[0].amount": "discount_amount",
        "global_discounts[0].description": "discount_description",
    }
    more = ("discount_amount", "discount_description", "freight", "insurance")

    @property
    def opens_more(self) -> bool:
        return self.has_any(*self.more)

    @property
    def opens_retention(self) -> bool:
        return self.has_any("retention_code", "retention_amount")


class ReceiverChoice(PartForm):
    """Who receives: a registered one by its code, or one written by hand, with the fields of its country."""

    mode = radios(
        _("Receptor"), [("registered", _("Registrado")), ("written", _("Escrito a mano"))], "registered"
    )
    code = text(
        _("Receptor registrado"),
        _("Busque por nombre, RUC o código."),
        longest=40,
        data_suggest="receivers",
        placeholder=_("Nombre, RUC o código"),
    )
    adhoc_name = text(_("Nombre en esta factura"), longest=200)
    adhoc_emails = text(_("Correos en esta factura"), longest=160)

    adhoc: tuple[str, ...] = ()

    def field_for(self, member: str) -> str:
        """A registered receiver's own data are mended at its page: here its code stands for them all."""
        first = re.split(r"[.\[]", member)[0]
        if self.is_registered:
            is_here = f"adhoc_{first}" in self.fields and self.value(f"adhoc_{first}")
            return f"adhoc_{first}" if is_here else "code"
        return super().field_for(member) or super().field_for(first)

    @property
    def is_registered(self) -> bool:
        return self.value("mode") != "written"

    @property
    def opens_adhoc(self) -> bool:
        return self.has_any(*self.adhoc)

    def listed(self, name: str) -> list[str]:
        """Telephones or addresses typed in one field."""
        return [part.strip() for part in re.split(r"[,;]", self.value(name)) if part.strip()]


class ReceiverForm(ReceiverChoice):
    """Panama's: which fields there are follows from the type of receiver."""

    adhoc_ruc = text(_("RUC en esta factura"), longest=20)
    type = select(_("Tipo de receptor"), Receiver.Type.choices, initial=Receiver.Type.CONTRIBUYENTE.value)
    contributor = select(_("Tipo de contribuyente"), reversed(Tenant.TaxIdType.choices), initial="JURIDICO")
    ruc = text(_("RUC"), longest=20, placeholder="155596713-2-2015")
    dv = text(_("DV"), _("Vacío: se calcula."), longest=2, inputmode="numeric")
    name = text(_("Nombre o razón social"), longest=200)
    address = text(_("Dirección"), longest=100)
    location = text(
        _("Ubicación"),
        _("Busque el corregimiento, o escriba el código."),
        longest=40,
        data_suggest="locations",
        placeholder="8-8-7",
    )
    telephones = text(
        _("Teléfonos"), _("Hasta tres, separados por comas."), longest=40, placeholder="200-0000"
    )
    emails = text(_("Correos"), _("Hasta tres, separados por comas."), longest=160)
    withholds = forms.BooleanField(label=_("Retiene ITBMS"), required=False, widget=UnfoldBooleanWidget())
    foreign_number = text(_("Pasaporte o número tributario"), longest=50)
    foreign_country = text(_("País del documento"), longest=50)
    buys = radios(_("Dónde compra"), [("HOME", _("En Panamá")), ("ABROAD", _("En el extranjero"))], "HOME")
    country = text(_("País de destino"), _("Dos letras, como US."), longest=2)

    places = {
        "foreign_id": "foreign_number",
        "foreign_id.number": "foreign_number",
        "foreign_id.country": "foreign_country",
    }
    adhoc = ("adhoc_name", "adhoc_ruc", "adhoc_emails")

    @property
    def is_abroad(self) -> bool:
        return self.value("type") == Receiver.Type.EXTRANJERO and self.value("buys") == "ABROAD"

    @property
    def has_check_digit(self) -> bool:
        """Whether a RUC typed here goes with its DV."""
        taxpayers = {Receiver.Type.CONTRIBUYENTE, Receiver.Type.GOBIERNO}
        return not self.is_registered and self.value("type") in taxpayers


class ExportationForm(PartForm):
    """What a sale abroad says besides."""

    incoterm = select(_("Incoterm"), [NO_CHOICE, *((word, word) for word in sorted(INCOTERMS))])
    currency = text(_("Moneda"), longest=3)
    amount = figure(_("Monto en esa moneda"))
    exchange_rate = figure(_("Tipo de cambio"), _("Vacío: 1."))
    port = text(_("Puerto de embarque"), longest=50)

    def field_for(self, member: str) -> str:
        return super().field_for(member or "incoterm")


class RowForm(PartForm):
    """A row that somebody may have left blank. `telling`: the fields whose values make it a row."""

    telling: tuple[str, ...] = ()

    @property
    def is_left_out(self) -> bool:
        return bool(self.value("DELETE")) or not any(self.value(name) for name in self.telling)


class LineForm(RowForm):
    """One line; what few need stands in its expandable part."""

    description = text(_("Descripción"), longest=500)
    quantity = figure(_("Cantidad"))
    unit = text(_("Unidad"), longest=20, list="inv-units")
    unit_price = figure(_("Precio unitario"))
    unit_discount = figure(_("Desc. unitario"))
    tax_rate = select(
        _("ITBMS"),
        [(f"{rate:f}", f"{rate:f} %") for rate in ITBMS_CODES],
        initial="7",
    )
    code = text(_("Código"), longest=50)
    cpbs_code = text(_("Código CPBS"), longest=10, placeholder="8010", data_suggest="goods")
    cpbs_unit = text(_("Unidad CPBS"), longest=20, placeholder="und")
    isc_rate = figure(_("ISC %"))
    isc_amount = figure(_("ISC, importe"))

    places = {
        "isc": "isc_amount",
        "isc.amount": "isc_amount",
        "isc.rate": "isc_rate",
        **{
            f"oti[{slot - 1}].{member}": f"oti_{member}_{slot}"
            for slot in OTI_SLOTS
            for member in ("code", "amount")
        },
    }
    telling = ("description", "unit_price", "unit_discount", "code", "cpbs_code", "isc_amount")
    extras = (
        "code",
        "isc_rate",
        "isc_amount",
        *(f"oti_{what}_{slot}" for slot in OTI_SLOTS for what in ("code", "amount")),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [NO_CHOICE, *labelled(Oti)]
        for slot in OTI_SLOTS:
            self.fields[f"oti_code_{slot}"] = select(_("Otro impuesto (OTI)"), codes)
            self.fields[f"oti_amount_{slot}"] = figure(_("OTI, importe"))

    @property
    def opens_extras(self) -> bool:
        return self.has_any(*self.extras)


class PaymentForm(RowForm):
    """One declared means of payment."""

    method = select(
        _("Forma de pago"),
        [NO_CHOICE, *labelled(PaymentMethod)],
    )
    amount = figure(_("Monto"))
    description = text(_("Descripción"), longest=100)

    telling = ("method", "amount", "description")


class InstalmentForm(RowForm):
    """One part of what is owed."""

    due_date = text(_("Vence"), kind="date")
    amount = figure(_("Monto"))
    information = text(_("Información"), longest=200)

    telling = ("due_date", "amount", "information")


class SplitForm(PartForm):
    """Into how many monthly instalments, and when the first one is due."""

    count = text(_("Cuotas"), kind="number", min=1, max=MOST_INSTALMENTS)
    first = text(_("La primera vence"), _("Vacía: dentro de un mes."), kind="date")


class DoubtForm(PartForm):
    """The question that a doubt, such as a possible duplicate, asks before the document is issued."""

    is_settled = forms.BooleanField(
        label=_("Lo revisé: emitir de todos modos"), required=False, widget=UnfoldBooleanWidget()
    )
    reason = text(_("Por qué se emite de todos modos"), longest=500)

    @property
    def answer(self) -> str:
        """The reason, once the box is ticked too."""
        return self.value("reason") if self.cleaned_data.get("is_settled") else ""
