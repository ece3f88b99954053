"""Receivables at the month's end, by receiver and currency, and by how long they had been due: an instalment by its own day.

The documents are those of the sales books up to that day; what was paid or credited later does not count.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import batched
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.exports import CellKind
from cifras.fiscal.document import ZERO, Instalment, Kind
from cifras.fiscal.lifecycle import Facts, LegalStatus, VoidStatus, open_parts
from cifras.fiscal.zones import local_date
from invoicing.models import Document
from invoicing.models.document import DocumentQuerySet
from invoicing.models.lines import Instalment as InstalmentRow
from reports.services.books.balances import AT_ONCE, balances_at, perhaps_open_at
from reports.services.books.population import IN_THE_BOOKS
from reports.services.books.shapes import Book, Column, Period, Row, amount, count
from reports.services.facts import counted, start_of

_SAID = (
    "uid", "kind", "number", "billing_point", "peru", "issue_date", "due_date", "receiver_name", "receiver_ruc", "currency",
    "total", "legal_status",
    "is_received", "created_at",
)  # fmt: skip
# The last day of each span; what is not due yet stands before them, what is older than all behind.
_SPANS = (30, 60, 90)
_SPAN_COLUMNS = (
    amount(gettext_lazy("Por vencer")),
    amount(gettext_lazy("1 a 30 días")),
    amount(gettext_lazy("31 a 60 días")),
    amount(gettext_lazy("61 a 90 días")),
    amount(gettext_lazy("Más de 90 días")),
    amount(gettext_lazy("Saldo")),
)
_COLUMNS = (
    Column(gettext_lazy("Receptor"), is_wide=True, is_link=True),
    Column(gettext_lazy("RUC o identificación")),
    count(gettext_lazy("Facturas")),
    *_SPAN_COLUMNS,
    Column(gettext_lazy("Moneda")),
)
_DETAIL = (
    Column(gettext_lazy("Número"), is_link=True),
    Column(gettext_lazy("Fecha de emisión"), CellKind.DATE),
    Column(gettext_lazy("Vencimiento más antiguo"), CellKind.DATE),
    Column(gettext_lazy("Receptor"), is_wide=True),
    amount(gettext_lazy("Total de la factura")),
    *_SPAN_COLUMNS,
    Column(gettext_lazy("Moneda")),
)


@dataclass(slots=True)
class Spans:
    """What is open, by how long it has been due."""

    amounts: list[Decimal] = field(default_factory=lambda: [ZERO] * (len(_SPANS) + 2))

    def add(self, due: date, day: date, open_amount: Decimal) -> None:
        """An open part, `day` being the day of the ageing."""
        late = (day - due).days
        position = 0 if late <= 0 else 1 + sum(late > span for span in _SPANS)
        self.amounts[position] += open_amount

    def cells(self) -> tuple[Decimal, ...]:
        """The spans and their sum."""
        return (*self.amounts, sum(self.amounts, ZERO))


@dataclass(frozen=True, slots=True)
class Owed:
    """An invoice that was open, with its open parts."""

    document: Document
    parts: Sequence[tuple[date, Decimal]]

    def spans(self, day: date) -> Spans:
        """By age."""
        spans = Spans()
        for due, open_amount in self.parts:
            spans.add(due, day, open_amount)
        return spans


class Ageing(Book):
    """Antigüedad de saldos, by receiver."""

    slug = "ageing"
    title = gettext_lazy("Antigüedad de saldos")
    tab = gettext_lazy("Antigüedad")
    lead = gettext_lazy(
        "Lo que cada receptor debía al cierre del último día del mes, según su vencimiento. Los cobros y las notas posteriores "
        "no cuentan; lo anulado no se debe, aunque se anulara después."
    )

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _COLUMNS

    def rows(self, period: Period) -> Iterator[Row]:
        groups: defaultdict[tuple[str, str], list[Owed]] = defaultdict(list)
        for each in receivables(period):
            groups[receiver_key(each.document), period.currency_of(each.document.currency)].append(each)
        for (receiver, currency), owed in sorted(groups.items(), key=lambda item: _by_name(item[1], item[0])):
            newest = owed[-1].document
            spans = Spans(
                [sum(column, ZERO) for column in zip(*(_amounts(each, period) for each in owed), strict=True)]
            )
            cells = (newest.receiver_name or "—", newest.receiver_ruc, len(owed), *spans.cells(), currency)
            yield Row(cells, currency, opens=urlencode({"receiver": receiver, "currency": currency}))


class AgeingOfReceiver(Book):
    """The open invoices of one receiver in one currency: the rows behind a line of the ageing."""

    slug = "ageing"
    title = gettext_lazy("Antigüedad de saldos")
    lead = Ageing.lead

    def __init__(self, *, receiver: str, currency: str) -> None:
        self.receiver, self.currency = receiver, currency

    def columns(self, period: Period) -> tuple[Column, ...]:
        return _DETAIL

    def rows(self, period: Period) -> Iterator[Row]:
        for each in receivables(period):
            document, currency = each.document, period.currency_of(each.document.currency)
            if (receiver_key(document), currency) != (self.receiver, self.currency):
                continue
            cells = (
                document.printed_number,
                local_date(document.issue_date) if document.issue_date else None,
                each.parts[0][0],
                document.receiver_name,
                document.total,
                *each.spans(period.last).cells(),
                currency,
            )
            yield Row(cells, currency, document)

    def title_of(self, period: Period) -> str:
        return _("Antigüedad de saldos: {receiver}").format(receiver=self.receiver)


def receivables(period: Period) -> Iterator[Owed]:
    """The invoices that were open at the end of the month, oldest first: four queries for the first ten thousand."""
    invoices = perhaps_open_at(_invoices(period), period.tenant, period.last).only(*_SAID)
    documents = list(invoices.order_by("issue_date", "number", "pk"))
    keys = [document.pk for document in documents]
    balances, instalments = balances_at(keys, period.tenant, period.last), _instalments(keys)
    for document in documents:
        balance = balances[document.pk]
        open_then = open_parts(
            Facts(
                kind=Kind.INVOICE,
                total=document.total,
                issued_on=local_date(document.issue_date or document.created_at),
                legal=LegalStatus(document.legal_status),
                credited=balance.credited,
                settled=balance.settled,
                due_date=document.due_date,
                grace_days=period.tenant.grace_days,
                instalments=tuple(instalments.get(document.pk, ())),
            )
        )
        if open_then:
            yield Owed(document, open_then)


def receiver_key(document: Document) -> str:
    """Whom a document is owed by: the tax id, or the name of somebody without one."""
    return document.receiver_ruc or document.receiver_name or "—"


def _invoices(period: Period) -> DocumentQuerySet:
    """The invoices of the books up to the month's end."""
    rows = counted().filter(
        IN_THE_BOOKS,
        tenant=period.tenant,
        environment=period.environment,
        kind=Kind.INVOICE,
        issue_date__lt=start_of(period.last + timedelta(days=1)),
    )
    return rows.exclude(void_status=VoidStatus.VOIDED)


def _instalments(documents: Sequence[int]) -> Mapping[int, Sequence[Instalment]]:
    found: defaultdict[int, list[Instalment]] = defaultdict(list)
    for keys in batched(documents, AT_ONCE):
        parts: Any = InstalmentRow.objects.filter(document__in=keys).order_by()
        for key, sequence, due, part in parts.values_list("document", "sequence", "due_date", "amount"):
            found[key].append(Instalment(sequence, due, part))
    return found


def _amounts(each: Owed, period: Period) -> list[Decimal]:
    return each.spans(period.last).amounts


def _by_name(owed: Sequence[Owed], key: Sequence[str]) -> tuple[str, ...]:
    return (owed[-1].document.receiver_name.casefold(), *key)
