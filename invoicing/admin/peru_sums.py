"""What Peru's page says of a comprobante while it is written: its sums, what is pending and kept back, hints beside fields."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cifras.fiscal.document import Comprobante
from invoicing.admin import invoice_sums
from invoicing.admin.figures import money
from invoicing.services.sketching import Sketch


def rows(drawn: Sketch, currency: str) -> list[tuple[str, str]]:
    """The sums above the total, in SUNAT's words."""
    sums: Any = drawn.totals
    found = [
        (_("Op. gravadas"), sums.taxed),
        (_("Op. exoneradas"), sums.exonerated),
        (_("Op. inafectas"), sums.unaffected),
        (_("Op. de exportación"), sums.exported),
        (_("Op. gratuitas (no se cobran)"), sums.free),
        (_("ICBPER (bolsas)"), sums.icbper),
        (_("Descuento"), -sums.discount),
    ]
    shown = [(name, amount) for name, amount in found if amount]
    return [(name, money(amount, currency)) for name, amount in [*shown, (_("IGV 18 %"), sums.igv)]]


def standing(drawn: Sketch, currency: str) -> tuple[str, str]:
    """What is pending on credit; on a cash sale how the payments stand, where some were declared."""
    if drawn.owed > 0:
        return invoice_sums.BALANCED, _("Pendiente a crédito: {amount}").format(
            amount=money(drawn.owed, currency)
        )
    return invoice_sums.standing(drawn, currency) if drawn.payments else ("", "")


def notes(drawn: Sketch, currency: str) -> list[str]:
    """What the customer keeps back, and instalments that do not add up to what is pending."""
    paid = sum((row.amount for row in drawn.payments), Decimal(0))
    kept = drawn.totals.total - paid - drawn.owed if drawn.owed > 0 else Decimal(0)
    text = _("De lo pendiente ya se descontaron {amount} de detracción o retención; el total no cambia.")
    found = [text.format(amount=money(kept, currency))] if kept > 0 else []
    return [*found, *invoice_sums.unplanned(drawn, currency)]


def hints(forms: Any, data: dict[str, Any]) -> dict[str, str]:
    """Which comprobante and series it will be, and how long a baja will be possible."""
    kind, series = data.get("document_kind", ""), data.get("series", "")
    is_factura = kind == Comprobante.FACTURA
    word = _("Factura") if is_factura else _("Boleta")
    text = (
        _("{comprobante} de la serie {series}.")
        if series
        else _("{comprobante}: la empresa no tiene su serie.")
    )
    void = invoice_sums.void_hint(forms.tenant, data.get("issue_date", "")) if is_factura else ""
    return {
        "place": text.format(comprobante=word, series=series),
        "issue_date": void
        if is_factura
        else _("Una boleta no se anula por baja: se emite una nota de crédito."),
    }
