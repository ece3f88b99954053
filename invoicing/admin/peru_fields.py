"""The fields of the page that writes a comprobante of Peru, part by part; the twins of those in `invoice_fields`."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldBooleanWidget

from cifras.fiscal.catalogues.dgi import PaymentMethod
from cifras.fiscal.catalogues.sunat import CURRENCIES, DETRACTIONS, SOLES, IdentityType, Operation
from cifras.fiscal.catalogues.sunat_taxes import Affectation
from cifras.fiscal.document import Comprobante
from invoicing.admin.invoice_fields import (
    NO_CHOICE,
    PartForm,
    PaymentForm,
    ReceiverChoice,
    RowForm,
    figure,
    labelled,
    radios,
    select,
    text,
)
from invoicing.models.choices import Mode, PaymentTime

BY_RECEIVER = "AUTO"
IDENTITIES = [
    (code.value, format_lazy("{} · {}", code.value, _(code.label)))
    for code in dict.fromkeys((IdentityType.RUC, IdentityType.DNI, *IdentityType))
]


def operations(offered: Iterable[str] | None) -> list[tuple[str, Any]]:
    """The choices of catalogue 51 that a provider takes; None: the whole table."""
    codes = set(Operation) if offered is None else set(offered)
    return [row for row in labelled(Operation) if row[0] in codes]


def takes_detractions(offered: Iterable[str] | None) -> bool:
    """Whether a provider takes operations that are subject to detraction."""
    return offered is None or bool(DETRACTIONS & set(offered))


class PeruHeadForm(PartForm):
    """Which comprobante, from which series, when, how it is paid, and what belongs to the whole document."""

    tenant = select(_("Empresa"), [])
    document_kind = radios(
        _("Comprobante"),
        [
            (BY_RECEIVER, _("Según el cliente: con RUC, factura; los demás, boleta")),
            (Comprobante.FACTURA.value, _("Factura")),
            (Comprobante.BOLETA.value, _("Boleta")),
        ],
        BY_RECEIVER,
    )
    place = select(_("Establecimiento y serie"), [])
    operation_type = select(_("Tipo de operación"), operations(None), initial=Operation.INTERNAL_SALE.value)
    currency = select(
        _("Moneda"),
        [(code, format_lazy("{} · {}", code, _(name))) for code, name in CURRENCIES.items()],
        initial=SOLES,
    )
    exchange_rate = figure(
        _("Tipo de cambio"),
        _("Soles por una unidad. Solo hace falta en boletas sin cliente, en otra moneda."),
    )
    mode = radios(
        _("Modo"),
        [
            (Mode.DGI.value, _("Ante la SUNAT")),
            (Mode.PROFORM.value, _("Proforma, no válida como comprobante")),
        ],
        Mode.DGI.value,
    )
    issue_date = text(
        _("Fecha de emisión"), _("Vacía: el momento en que se emite. Hora de Lima."), kind="datetime-local"
    )
    due_date = text(_("Vencimiento"), kind="date")
    payment_time = radios(_("Forma de pago"), PaymentTime.choices, PaymentTime.CASH.value)
    retention_amount = figure(
        _("Retención del IGV"),
        _("Lo que retiene el cliente. No cambia el total y se descuenta de las cuotas."),
    )
    detraction_goods_code = text(
        _("Código del bien o servicio"), _("De la tabla de detracciones."), longest=3
    )
    detraction_percent = figure(_("Porcentaje"))
    detraction_amount = figure(
        _("Importe de la detracción"), _("En la moneda del comprobante. Se descuenta de las cuotas.")
    )
    detraction_account = text(_("Cuenta en el Banco de la Nación"), longest=30)
    discount_amount = figure(_("Descuento global"), _("Se reparte entre las líneas antes del IGV."))
    discount_description = text(_("Motivo del descuento"), longest=500)
    notes = forms.CharField(
        label=_("Notas"), required=False, widget=UnfoldAdminTextareaWidget({"rows": 3, "maxlength": 5000})
    )
    external_id = text(
        _("Referencia externa"), _("El número de pedido o de su sistema: no se repite."), longest=100
    )

    detraction = (
        "detraction_goods_code",
        "detraction_percent",
        "detraction_amount",
        "detraction_account",
    )
    places = {
        "office": "place",
        "billing_point": "place",
        "series": "place",
        "detraction": "detraction_amount",
        **{name.replace("_", ".", 1): name for name in detraction},
        "global_discounts": "discount_amount",
        "global_discounts[0].amount": "discount_amount",
        "global_discounts[0].description": "discount_description",
    }
    more = ("discount_amount", "discount_description")

    @property
    def opens_more(self) -> bool:
        return self.has_any(*self.more)

    @property
    def opens_kept_back(self) -> bool:
        return self.has_any("retention_amount", *self.detraction)


class PeruReceiverForm(ReceiverChoice):
    """Who receives: a registered customer by its code, or one written by hand by an identity document."""

    identity_type = select(_("Documento de identidad"), IDENTITIES, initial=IdentityType.RUC.value)
    identity_number = text(_("Número"), longest=15, placeholder="20100070970")
    name = text(_("Nombre o razón social"), longest=200)
    address = text(_("Dirección"), longest=100)
    telephones = text(_("Teléfonos"), _("Hasta tres, separados por comas."), longest=40)
    emails = text(_("Correos"), _("Hasta tres, separados por comas."), longest=160)
    withholds = forms.BooleanField(
        label=_("Es agente de retención"), required=False, widget=UnfoldBooleanWidget()
    )

    places = {"type": "identity_type", "ruc": "identity_number"}
    adhoc = ("adhoc_name", "adhoc_emails")


class PeruLineForm(RowForm):
    """One line; the affectation says whether it pays IGV, and so its rate."""

    description = text(_("Descripción"), longest=500)
    quantity = figure(_("Cantidad"))
    unit = text(_("Unidad"), longest=3, list="inv-units")
    unit_price = figure(_("Valor unitario (sin IGV)"))
    unit_discount = figure(_("Desc. unitario"))
    affectation = select(
        _("Afectación del IGV"),
        [(code.value, format_lazy("{} · {}", code.value, _(code.label))) for code in Affectation],
        initial=Affectation.TAXED.value,
    )
    code = text(_("Código"), longest=50)
    icbper_bags = text(_("Bolsas con ICBPER"), longest=4, inputmode="numeric")

    places = {"tax_rate": "affectation"}
    telling = ("description", "unit_price", "unit_discount", "code", "icbper_bags")

    @property
    def opens_extras(self) -> bool:
        return self.has_any("icbper_bags")


class PeruPaymentForm(PaymentForm):
    """Money handed over at once. What is left on credit is no payment here: SUNAT wants its instalments."""

    method = select(
        _("Cómo se pagó"),
        [NO_CHOICE, *(row for row in labelled(PaymentMethod) if row[0] != PaymentMethod.CREDIT)],
    )
    amount = figure(_("Monto"))
    description = text(_("Descripción"), longest=100)
