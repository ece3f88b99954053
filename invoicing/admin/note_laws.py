"""What a credit note says besides amounts, country by country: in Peru its series and a reason of catalogue 09."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cifras.fiscal.catalogues.sunat import EXPORTS, WITHOUT_AMOUNT, CreditReason
from cifras.fiscal.document import Comprobante
from cifras.fiscal.peru import is_series
from invoicing.admin.invoice_fields import labelled
from invoicing.models import Document
from invoicing.services.peruvian_notes import note_series
from tenants.models import BillingPoint, Tenant
from tenants.services.accounts import provider_spec

type Choices = list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class NoteLaw:
    """One country's. `own`: the fields beside those of every note; `text`: the member that holds the reason in words.

    All of them are arguments of `composing_notes.note_json`. `usual`: what stands in them before anything was chosen.
    """

    own: tuple[str, ...]
    text: str
    choices: Callable[[Document], dict[str, Choices]]
    usual: Callable[[Document], dict[str, str]]
    said_by: Callable[[Document], dict[str, str]]


def note_law(invoice: Document) -> NoteLaw:
    """The law of notes over `invoice`."""
    return _LAWS[provider_spec(invoice.provider or invoice.tenant).country]


def _reasons(invoice: Document) -> Choices:
    """The reasons that a note over it may have: those that take an amount back, and for exports their own."""
    left_out = {CreditReason.IVAP_ADJUSTMENT, *WITHOUT_AMOUNT}
    if (invoice.peru or {}).get("operation_type") not in EXPORTS:
        left_out.add(CreditReason.EXPORT_ADJUSTMENT)
    usual = ("", _("El usual: 01 por completo, 07 por líneas, 09 por importe"))
    return [usual, *(row for row in labelled(CreditReason) if row[0] not in left_out)]


def _series(invoice: Document) -> Choices:
    """The series of its establishment for notes over such a comprobante; its own is one of them."""
    points = BillingPoint.objects.filter(office=invoice.office).values_list("code", flat=True)
    kind = Comprobante((invoice.peru or {})["document_kind"])
    codes = {invoice.billing_point, *(code for code in points if is_series(code, kind))}
    return [(code, code) for code in sorted(codes)]


def _said_by(note: Document) -> dict[str, str]:
    terms = note.peru or {}
    return {
        "reason_code": terms.get("reason_code", ""),
        "series": note.billing_point,
        "notes": terms.get("reason", ""),
    }


_LAWS: Mapping[str, NoteLaw] = {
    Tenant.Country.PANAMA: NoteLaw(
        own=(),
        text="notes",
        choices=lambda _invoice: {},
        usual=lambda _invoice: {},
        said_by=lambda note: {"notes": note.notes},
    ),
    Tenant.Country.PERU: NoteLaw(
        own=("reason_code", "series"),
        text="reason",
        choices=lambda invoice: {"reason_code": _reasons(invoice), "series": _series(invoice)},
        usual=lambda invoice: {"series": note_series(invoice)},
        said_by=_said_by,
    ),
}
