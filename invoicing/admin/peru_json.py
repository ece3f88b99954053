"""What was typed on Peru's page, as the JSON document that the services read. Blank members are left out."""

from typing import Any

from cifras.fiscal.catalogues.sunat import IdentityType
from cifras.fiscal.catalogues.sunat_taxes import IGV_RATE, Affectation
from cifras.fiscal.document import Comprobante, Kind, PaymentTime
from cifras.fiscal.peru import series_letter
from cifras.fiscal.zones import LIMA
from invoicing.admin.invoice_choices import first_place
from invoicing.admin.invoice_json import moment
from invoicing.admin.peru_fields import (
    BY_RECEIVER,
    PeruHeadForm,
    PeruLineForm,
    PeruPaymentForm,
    PeruReceiverForm,
)
from invoicing.models import Receiver
from tenants.models import Tenant

_PLAIN = (
    "mode",
    "due_date",
    "payment_time",
    "operation_type",
    "currency",
    "exchange_rate",
    "retention_amount",
    "notes",
    "external_id",
)


def comprobante_of(
    head: PeruHeadForm, receiver: PeruReceiverForm, registered: Receiver | None
) -> Comprobante:
    """The one that was chosen; else by the customer: a RUC gets a factura."""
    chosen = head.value("document_kind")
    if chosen != BY_RECEIVER and chosen in set(Comprobante):
        return Comprobante(chosen)
    written = "" if receiver.is_registered else receiver.value("identity_type")
    identity = (registered.identity_type if registered else "") if receiver.is_registered else written
    return Comprobante.FACTURA if identity == IdentityType.RUC else Comprobante.BOLETA


def head_json(
    head: PeruHeadForm, receiver: PeruReceiverForm, tenant: Tenant | None, registered: Receiver | None
) -> dict[str, Any]:
    """The members of the document's own. Without a series chosen it is the first one for such a comprobante."""
    kind = comprobante_of(head, receiver, registered)
    place = head.value("place") or first_place(tenant, series_letter(kind))
    office, _slash, series = place.partition("/")
    data = {"kind": Kind.INVOICE.value, "document_kind": kind.value, **head.given(*_PLAIN)}
    named = {
        "tenant": str(tenant.uid) if tenant else "",
        "office": office,
        "series": series,
        "issue_date": moment(head.value("issue_date"), LIMA),
    }
    discount = head.given("discount_amount", "discount_description")
    if discount:
        data["global_discounts"] = [
            {name.removeprefix("discount_"): value for name, value in discount.items()}
        ]
    detraction = head.given(*head.detraction)
    if detraction:
        data["detraction"] = {name.removeprefix("detraction_"): value for name, value in detraction.items()}
    return data | {name: value for name, value in named.items() if value}


def receiver_json(form: PeruReceiverForm) -> dict[str, Any]:
    """`receiver`, and `ad_hoc` beside a registered one."""
    if not form.is_registered:
        return {"receiver": _written(form)}
    code = form.value("code")
    ad_hoc = {"name": form.value("adhoc_name"), "emails": form.listed("adhoc_emails")}
    given = {name: value for name, value in ad_hoc.items() if value}
    return ({"receiver": {"code": code}} if code else {}) | ({"ad_hoc": given} if given else {})


def line_json(form: PeruLineForm) -> dict[str, Any]:
    """A member of `lines`; the IGV's rate goes with the affectation."""
    data = form.given("description", "quantity", "unit", "unit_price", "unit_discount", "code", "affectation")
    affectation = form.value("affectation")
    is_taxed = Affectation.knows(affectation) and Affectation(affectation).is_taxed
    data["tax_rate"] = str(IGV_RATE) if is_taxed else "0"
    bags = form.value("icbper_bags")
    return data | ({"icbper_bags": int(bags) if bags.isdecimal() else bags} if bags else {})


def payment_json(form: PeruPaymentForm) -> dict[str, Any]:
    """A member of `payments`."""
    return form.given("method", "amount", "description")


def takes_payments(head: PeruHeadForm) -> bool:
    """On credit nothing is handed over, whatever still stands in the rows that are out of sight."""
    return head.value("payment_time") != PaymentTime.CREDIT


def _written(form: PeruReceiverForm) -> dict[str, Any]:
    identity = form.value("identity_type")
    data: dict[str, Any] = {"identity_type": "" if identity == IdentityType.NONE else identity}
    data |= form.given("identity_number", "name", "address")
    data |= {name: form.listed(name) for name in ("telephones", "emails") if form.listed(name)}
    return data | ({"withholds": True} if form.value("withholds") else {})
