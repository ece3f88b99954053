"""Reasons why a document may not be sent, each with the page where it is mended."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cifras.core.rights import may
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.admin.document_summary import address_of
from invoicing.admin.members import member_name
from invoicing.models import Document


@dataclass(frozen=True, slots=True)
class Mending:
    """One reason, the member it is about, and a link; no address where the person may not open the page."""

    where: str
    text: str
    address: str
    link: str


def mendings(document: Document, reasons: list[RuleBroken], staff: Any) -> list[Mending]:
    """Every reason with its place."""
    return [_mending(document, reason, staff) for reason in reasons]


def _mending(document: Document, reason: RuleBroken, staff: Any) -> Mending:
    address, link = _place(document, reason.field.partition(".")[0], staff)
    where = "" if "[" in reason.field else member_name(reason.field)  # a row's sentence names its row
    return Mending(where, sentence(reason), address, link)


def _place(document: Document, member: str, staff: Any) -> tuple[str, str]:
    if member == "tenant":
        return _page(staff, "tenants", "tenant", document.tenant), _("Abrir la empresa")
    if member in {"office", "billing_point"}:
        return _page(staff, "tenants", "office", document.office), _("Abrir la sucursal")
    if member == "receiver" and document.receiver:
        return _page(staff, "invoicing", "receiver", document.receiver), _("Abrir el receptor")
    if member == "references" and document.credited:
        return address_of(document.credited), _("Abrir la factura")
    return address_of(document), _("Abrir el borrador")


def _page(staff: Any, app: str, model: str, row: Any) -> str:
    return reverse(f"admin:{app}_{model}_change", args=[row.uid]) if may(staff, f"{app}.view_{model}") else ""
