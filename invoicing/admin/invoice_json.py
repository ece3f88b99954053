"""What was typed on the page, as the JSON document that the services read. Blank members are left out."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any

from cifras.fiscal.catalogues.places import require_location
from cifras.fiscal.document import ZERO, Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import PANAMA
from invoicing.admin.invoice_choices import find_locations
from invoicing.admin.invoice_fields import (
    OTI_SLOTS,
    ExportationForm,
    HeadForm,
    InstalmentForm,
    LineForm,
    PaymentForm,
    ReceiverForm,
)
from invoicing.models import Receiver
from invoicing.services.half_written import read_half_written
from invoicing.services.sketching import sketch
from tenants.models import Tenant

_LOCATION_LENGTH = 8


def head_json(form: HeadForm, tenant: Tenant | None) -> dict[str, Any]:
    """The members of the document's own."""
    office, _slash, point = form.value("place").partition("/")
    plain = (
        "mode",
        "due_date",
        "payment_time",
        "retention_code",
        "retention_amount",
        "freight",
        "insurance",
        "notes",
        "external_id",
    )
    data = {"kind": Kind.INVOICE.value, **form.given(*plain)}
    named = {
        "tenant": str(tenant.uid) if tenant else "",
        "office": office,
        "billing_point": point,
        "issue_date": moment(form.value("issue_date"), PANAMA),
    }
    discount = form.given("discount_amount", "discount_description")
    if discount:
        data["global_discounts"] = [
            {name.removeprefix("discount_"): value for name, value in discount.items()}
        ]
    return data | {name: value for name, value in named.items() if value}


def receiver_json(form: ReceiverForm) -> dict[str, Any]:
    """`receiver`, and `ad_hoc` beside a registered one; only what the type of receiver has."""
    if not form.is_registered:
        return {"receiver": _written_receiver(form)}
    code = form.value("code")
    ad_hoc: dict[str, Any] = {name: form.value(f"adhoc_{name}") for name in ("name", "ruc")}
    ad_hoc["emails"] = form.listed("adhoc_emails")
    given = {name: value for name, value in ad_hoc.items() if value}
    return ({"receiver": {"code": code}} if code else {}) | ({"ad_hoc": given} if given else {})


def exportation_json(form: ExportationForm, receiver: ReceiverForm) -> dict[str, Any]:
    """`exportation`, where a receiver written by hand is abroad, or where it was filled in for a registered one."""
    block = form.given("incoterm", "currency", "amount", "exchange_rate", "port")
    is_meant = bool(block) if receiver.is_registered else receiver.is_abroad
    return {"exportation": block} if is_meant else {}


def line_json(form: LineForm) -> dict[str, Any]:
    """A member of `lines`."""
    data = form.given(
        "description",
        "quantity",
        "unit",
        "unit_price",
        "unit_discount",
        "tax_rate",
        "code",
        "cpbs_code",
        "cpbs_unit",
    )
    isc = form.given("isc_rate", "isc_amount")
    if isc:
        data["isc"] = {name.removeprefix("isc_"): value for name, value in isc.items()}
    oti = [form.given(f"oti_code_{slot}", f"oti_amount_{slot}") for slot in OTI_SLOTS]
    if any(oti):
        data["oti"] = [{name.split("_")[1]: value for name, value in row.items()} for row in oti if row]
    return data


def payment_json(form: PaymentForm) -> dict[str, Any]:
    """A member of `payments`."""
    return form.given("method", "amount", "description")


def instalment_json(form: InstalmentForm, sequence: int) -> dict[str, Any]:
    """A member of `instalments`."""
    return {"sequence": sequence, **form.given("due_date", "amount", "information")}


def settle_rest(
    data: dict[str, Any], rows: Sequence[PaymentForm], tenant: Tenant | None
) -> list[PaymentForm]:
    """Let the one payment without an amount be the rest of the total; answers the rows that are left.

    Where nothing is left to pay it goes, unless it is the only one.
    """
    payments = data["payments"]
    blank = [index for index, row in enumerate(payments) if "amount" not in row]
    half = read_half_written(data) if len(blank) == 1 else None
    if half is None or half.entry is None:
        return list(rows)
    index = blank[0]
    try:
        rest = sketch(half.entry, tenant).missing
    except RuleBroken:
        rest = ZERO  # no total to complete; why, is said where it is wrong
    if rest > 0 or len(payments) == 1:
        payments[index]["amount"] = str(max(rest, 0))
        return list(rows)
    del payments[index]
    return [row for position, row in enumerate(rows) if position != index]


def _written_receiver(form: ReceiverForm) -> dict[str, Any]:
    kind = form.value("type")
    data: dict[str, Any] = form.given("type", "name", "address")
    data |= {name: form.listed(name) for name in ("telephones", "emails") if form.listed(name)}
    if kind == Receiver.Type.EXTRANJERO:
        foreign = form.given("foreign_number", "foreign_country")
        if foreign:
            data["foreign_id"] = {name.removeprefix("foreign_"): value for name, value in foreign.items()}
        return data | {"country": form.value("country").upper() if form.is_abroad else "PA"}
    if form.value("location"):
        data["location"] = _location(form.value("location"))
    if kind == Receiver.Type.CONSUMIDOR_FINAL:
        return data | form.given("ruc") | ({"contributor": "NATURAL"} if form.value("ruc") else {})
    return data | form.given("contributor", "ruc", "dv") | {"withholds": bool(form.value("withholds"))}


def _location(typed: str) -> str:
    """The code that was typed, or that of the only place with such a name."""
    try:
        return require_location(typed)
    except RuleBroken:
        found = find_locations(typed)
        return found[0]["value"] if len(found) == 1 else typed[:_LOCATION_LENGTH]


def moment(typed: str, zone: tzinfo) -> str:
    """A local date and time with its offset; whatever else was typed as it is, to be refused."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).isoformat() if typed else ""
    except ValueError:
        return typed
