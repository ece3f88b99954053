"""Refunds due: what is to be given back to customers as of now, on the invoices issued up to the month's end.

A note's excess is money of its invoice, so that invoices alone say all of it, each amount once.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.document import Kind
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from invoicing.services import listing, settling
from invoicing.services.listing import Receivable
from invoicing.services.receipts import is_without_effect
from reports.services.books.paging import ORDER
from reports.services.books.population import VOID
from reports.services.books.shapes import Book, Column, Mark, Period, Row, amount
from reports.services.facts import start_of

_COLUMNS = (
    Column(gettext_lazy("Fecha de emisión"), CellKind.DATE),
    Column(gettext_lazy("Documento"), is_link=True),
    Column(gettext_lazy("RUC o identificación")),
    Column(gettext_lazy("Receptor"), is_wide=True),
    amount(gettext_lazy("Total del documento")),
    amount(gettext_lazy("Por devolver")),
    Column(gettext_lazy("Moneda")),
    Column(gettext_lazy("Por qué")),
)
_NOTE = Mark(gettext_lazy("Nota sobre lo ya cobrado"), "assignment_return", "blue")
_OVERPAID = Mark(gettext_lazy("Pagada de más (saldo a favor)"), "add_card", "amber")
_NO_EFFECT = Mark(gettext_lazy("Sin efecto"), "cancel", "grey")


class Refunds(Book):
    """Devoluciones pendientes."""

    slug = "refunds"
    title = gettext_lazy("Devoluciones pendientes")
    tab = gettext_lazy("Devoluciones")
    lead = gettext_lazy(
        "Lo que hoy está por devolver a clientes, de facturas emitidas hasta el último día del mes, con lo que sus notas "
        "de crédito dejaron a favor. Lo que ya se devolvió no figura."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def rows(self, period: Period) -> Iterator[Row]:
        issued = Document.objects.issued_by_us().filter(
            tenant=period.tenant,
            environment=period.environment,
            kind=Kind.INVOICE,
            issue_date__lt=start_of(period.last + timedelta(days=1)),
        )
        due = listing.with_receivable(issued, Receivable.REFUND).defer("payload", "pac_response")
        for document in due.select_related("tenant").order_by(*ORDER).iterator(chunk_size=2_000):
            yield _row(period, document)


def _row(period: Period, document: Document) -> Row:
    currency = period.currency_of(document.currency)
    cells = (
        local_date(document.issue_date) if document.issue_date else None,
        str(document),
        document.receiver_ruc,
        document.receiver_name,
        document.total,
        settling.business(document).refund_due,
        currency,
        _why(document),
    )
    return Row(cells, currency, document)


def _why(document: Document) -> Mark:
    if document.is_voided:
        return VOID
    if is_without_effect(document):
        return _NO_EFFECT
    return _NOTE if document.credited_total else _OVERPAID
