"""What a company owes for a closed month, reckoned from its closed usage; nothing is stored here.

What reaches back into an earlier month (a late authorisation, a void after the closing) is reckoned at that month's plan, price
and included documents, upon all that had been counted for it until then.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from reports.models import Charge, MonthClosing
from reports.services.billing.papers import (
    ISSUED,
    LATE,
    LATE_VOIDED,
    VOIDED,
    Draft,
    empty_usage,
)
from reports.services.billing.rating import Line, Term, documents_line, fee_line, spans
from reports.services.billing.terms import terms_of
from reports.services.closing.usage import BillableEvent, Event, billable_documents, billable_events, closed
from reports.services.facts import end_of_month, start_of
from reports.services.queries import bucket, home_currency
from tenants.models import Tenant

_EVENT_OF: Mapping[Charge, Event] = {
    Charge.USAGE: "issued",
    Charge.FORGIVEN: "voided",
    Charge.LATE: "issued",
    Charge.REFUND: "voided",
}


def draft(tenant: Tenant, month: date) -> Draft:
    """The statement as it would be issued now.

    Raises RuleBroken: sandbox_tenant; month_open; no_plan where documents are to be charged that were issued in a month without a
    plan, the month itself or an earlier one; no_price.
    """
    if not tenant.is_live:
        raise RuleBroken("sandbox_tenant", gettext_noop("Una empresa de pruebas nunca se factura."))
    events = _in_order(billable_events(tenant, month))
    closing = closed(tenant, month)
    if closing is None:  # reopened in between
        raise RuleBroken("month_open", gettext_noop("El mes no está cerrado."))
    terms = terms_of(tenant, month)
    if not terms:
        _require_nothing_issued(events, month)
    fees = [fee_line(term, month) for term in terms if term.days and term.price.monthly_fee]
    charged = list(_charged(tenant, month, events, terms))
    currency = next((term.price.currency for term in reversed(terms)), None) or next(
        (line.currency for line in charged), home_currency(tenant.country)
    )
    return Draft(
        month=month,
        closing_uid=closing.uid,
        plan_name=terms[-1].price.plan_name if terms else "",
        currency=bucket(currency, tenant.country),
        lines=[*fees, *charged],
        usage=_usage(events, month),
        country=tenant.country,
    )


def documents_of(tenant: Tenant, month: date, line: Line, closing: MonthClosing | None = None) -> Any:
    """Exactly the documents of a line, as a queryset; `closing` as for `billable_documents`."""
    rows = billable_documents(
        tenant, month, _EVENT_OF[line.charge], Kind(line.kind), line.origin_month, line.cause or None, closing
    )
    return rows.filter(_issued_within(line.first, line.last))


@dataclass(slots=True)
class _Meter:
    """How many documents of a month were counted so far, per kind and term."""

    tenant: Tenant
    month: date
    terms: list[Term]
    counted: dict[tuple[Kind, int], int] = field(default_factory=dict)

    def count(self, event: BillableEvent, booked: date) -> Iterator[Line]:
        """Count an event that the closing of `booked` brought; the lines that it makes."""
        kind, is_void = Kind(event.kind), event.event == "voided"
        for index, number in self._parts(event, booked):
            term = self.terms[index]
            if not number or (is_void and not term.price.forgives_voids):
                continue
            before = self.counted.get((kind, index), 0)
            change = -number if is_void else number
            self.counted[kind, index] = before + change
            yield documents_line(
                _charge(event, booked),
                term,
                kind,
                span=self._spans()[index],
                before=before,
                change=change,
                cause=event.cause,
                month=self.month,
            )

    def _parts(self, event: BillableEvent, booked: date) -> Iterable[tuple[int, int]]:
        """The event's documents by the term on whose days they were issued."""
        if len(self.terms) < 2:
            return [(index, event.count) for index in range(len(self.terms))]
        rows = billable_documents(
            self.tenant, booked, event.event, Kind(event.kind), self.month, event.cause or None
        )
        within = {
            f"term_{index}": Count(
                "pk",
                filter=_issued_within(first, last),
            )
            for index, (first, last) in enumerate(self._spans())
        }
        found = rows.aggregate(**within)
        return [(index, found[f"term_{index}"]) for index in range(len(self.terms))]

    def _spans(self) -> list[tuple[date, date]]:
        return spans(self.terms, self.month, end_of_month(self.month))


def _charged(tenant: Tenant, month: date, events: list[BillableEvent], terms: list[Term]) -> Iterator[Line]:
    """The lines of the month itself, then those of each earlier month."""
    own = _Meter(tenant, month, terms)
    for event in events:
        if event.origin_month == month:
            yield from own.count(event, month)
    for origin in sorted({event.origin_month for event in events} - {month}):
        meter = _caught_up(tenant, origin, month)
        if not meter.terms:
            _require_nothing_issued(events, origin)
        for event in events:
            if event.origin_month == origin:
                yield from meter.count(event, month)


def _caught_up(tenant: Tenant, origin: date, until: date) -> _Meter:
    """The meter of an earlier month as it stood before `until` was closed."""
    meter, booked = _Meter(tenant, origin, terms_of(tenant, origin)), origin
    while booked < until:
        if closed(tenant, booked) is not None:
            for event in _in_order(billable_events(tenant, booked)):
                if event.origin_month == origin:
                    list(meter.count(event, booked))
        booked = end_of_month(booked) + timedelta(days=1)
    return meter


def _require_nothing_issued(events: Iterable[BillableEvent], month: date) -> None:
    """For a month without a plan: what nobody has put a price on is never free by itself."""
    if any(event.origin_month == month and event.event == "issued" for event in events):
        raise RuleBroken(
            "no_plan",
            gettext_noop(
                "La empresa emitió documentos en {month} y no estaba en ningún plan: suscríbala desde su día, aunque sea a uno "
                "sin costo."
            ),
            month=f"{month:%m/%Y}",
        )


def _in_order(events: Iterable[BillableEvent]) -> list[BillableEvent]:
    """By month of origin, issues before voids, invoices before notes."""
    return sorted(
        events, key=lambda event: (event.origin_month, event.event, event.kind != Kind.INVOICE, event.cause)
    )


def _issued_within(first: date, last: date) -> Q:
    return Q(issue_date__gte=start_of(first), issue_date__lt=start_of(last + timedelta(days=1)))


def _charge(event: BillableEvent, booked: date) -> Charge:
    if event.event == "voided":
        return Charge.FORGIVEN if event.origin_month == booked else Charge.REFUND
    return Charge.USAGE if event.origin_month == booked else Charge.LATE


def _usage(events: Iterable[BillableEvent], month: date) -> dict[str, dict[str, int]]:
    usage = empty_usage()
    for event in events:
        if event.event == "voided":
            name = VOIDED if event.origin_month == month else LATE_VOIDED
        else:
            name = ISSUED if event.origin_month == month else LATE
        usage[name][Kind(event.kind).value] += event.count
    return usage
