"""What a Peruvian credit note says besides its amounts: its series, and why it is issued (SUNAT's catalogue 09)."""

from typing import Any

from cifras.fiscal.catalogues.sunat import CreditReason
from cifras.fiscal.document import Comprobante, Kind
from cifras.fiscal.peru import is_series, series_letter
from invoicing.models import Document
from tenants.models import BillingPoint

_USUAL = "C"  # FC01, BC01: how series of credit notes are usually called


def note_series(invoice: Document) -> str:
    """The series of the next note on `invoice`: that of the last one at its office, else the first one meant for notes.

    A note follows its document's letter (F or B). Without a series of its own it may bear the document's: SUNAT counts by type.
    """
    comprobante = Comprobante((invoice.peru or {})["document_kind"])
    points = BillingPoint.objects.filter(office=invoice.office_id).order_by("code")
    fitting = [code for code in points.values_list("code", flat=True) if is_series(code, comprobante)]
    last = (
        Document.objects.filter(tenant=invoice.tenant_id, kind=Kind.CREDIT, office=invoice.office_id)
        .filter(billing_point__in=fitting, queued_at__isnull=False)
        .order_by("-pk")
        .values_list("billing_point", flat=True)
        .first()
    )
    meant = [code for code in fitting if code.startswith(series_letter(comprobante) + _USUAL)]
    own: str = invoice.billing_point
    return last or next(iter(meant), own)


def note_terms(invoice: Document, *, series: str, reason_code: str, reason: str) -> dict[str, Any]:
    """The members that the note adds in its JSON form; what is left empty is filled in."""
    return {
        "series": series or note_series(invoice),
        "reason_code": reason_code,
        "reason": reason or next((each.label for each in CreditReason if each == reason_code), ""),
    }


def usual_reason(*, is_whole: bool, is_by_line: bool) -> str:
    """The code that goes without saying: all of it is annulled, some units come back, or the value falls."""
    if is_whole:
        return CreditReason.ANNULMENT.value
    return CreditReason.LINE_RETURN.value if is_by_line else CreditReason.LOWER_VALUE.value
