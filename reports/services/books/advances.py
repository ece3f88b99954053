"""Advances: what customers paid beforehand, how much of it their documents have taken, what is still theirs at the month's end.

An advance is applied as far as its document, once it has effect, owes as much; what came last is open first. What was returned
counts as neither. Money passed on from a document that was replaced arrives here as an advance, and says from where.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.document import ZERO
from cifras.fiscal.lifecycle import Submission
from invoicing.models import Document, Settlement
from invoicing.models.choices import Mode
from invoicing.models.document import NAMED
from invoicing.models.settlement import SettlementQuerySet
from invoicing.services.receipts import is_without_effect
from reports.services.books.balances import Balance, balances_at
from reports.services.books.shapes import Book, Column, Period, Row, amount

_COLUMNS = (
    Column(gettext_lazy("Fecha"), CellKind.DATE),
    Column(gettext_lazy("Documento"), is_link=True),
    Column(gettext_lazy("RUC o identificación")),
    Column(gettext_lazy("Receptor"), is_wide=True),
    amount(gettext_lazy("Recibido")),
    amount(gettext_lazy("Aplicado o devuelto")),
    amount(gettext_lazy("Abierto")),
    Column(gettext_lazy("Moneda")),
    Column(gettext_lazy("Origen")),
)
_SAID = (
    *NAMED, "currency", "total", "submission", "legal_status", "void_status", "receiver_name", "receiver_ruc",
)  # fmt: skip


class Advances(Book):
    """Anticipos."""

    slug = "advances"
    title = gettext_lazy("Anticipos")
    lead = gettext_lazy(
        "Los anticipos recibidos en el mes, y los anteriores que seguían abiertos al cierre de su último día. "
        "Abierto: lo que ningún documento con efecto había tomado aún."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def rows(self, period: Period) -> Iterator[Row]:
        advances = list(_advances(period))
        documents = list({advance.document_id for advance in advances})
        open_parts = _open_parts(advances, balances_at(documents, period.tenant, period.last))
        for advance in advances:
            left = open_parts[advance.pk]
            if advance.date >= period.month or left:
                yield _row(period, advance, left)


def _advances(period: Period) -> SettlementQuerySet:
    """Every advance up to the month's end: what a document has left of one is reckoned, not stored."""
    rows = Settlement.objects.standing().filter(
        kind=Settlement.Kind.ADVANCE,
        date__lte=period.last,
        document__tenant=period.tenant,
        document__environment=period.environment,
    )
    said = [f"document__{name}" for name in _SAID] + [f"moved_from__document__{name}" for name in NAMED]
    return (
        rows.select_related("document", "moved_from__document")
        .only("kind", "amount", "date", *said)
        .order_by("date", "pk")
    )


def _open_parts(advances: list[Settlement], balances: defaultdict[int, Balance]) -> dict[int, Decimal]:
    """By the advance's key: how much of it was open."""
    left_over: dict[int, Decimal] = {}
    found: dict[int, Decimal] = {}
    for advance in reversed(advances):
        document = advance.document
        left = left_over.setdefault(document.pk, _left_over(document, balances[document.pk]))
        found[advance.pk] = min(advance.amount, left)
        left_over[document.pk] = left - found[advance.pk]
    return found


def _left_over(document: Document, balance: Balance) -> Decimal:
    """What was received beyond what the document takes: all of it, where it has no effect or none yet."""
    is_pending = document.mode == Mode.PROFORM or document.submission == Submission.DRAFT
    takes = ZERO if is_pending or is_without_effect(document) else document.total - balance.credited
    return max(balance.settled - takes, ZERO)


def _row(period: Period, advance: Settlement, left: Decimal) -> Row:
    document, currency = advance.document, period.currency_of(advance.document.currency)
    origin = _("Recibido del cliente")
    if advance.moved_from:
        origin = _("Pasado de {document}").format(document=advance.moved_from.document)
    cells = (
        advance.date,
        str(document),
        document.receiver_ruc,
        document.receiver_name,
        advance.amount,
        advance.amount - left,
        left,
        currency,
        origin,
    )
    return Row(cells, currency, document)
