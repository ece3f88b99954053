"""Adding up an entry before anything is stored: what the form shows while somebody is still writing."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from cifras.fiscal import panama, totals
from cifras.fiscal.document import (
    ZERO,
    Contributor,
    DocumentDraft,
    Instalment,
    Issuer,
    Kind,
    Mode,
    Party,
    Payment,
    ReceiverType,
)
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.money import largest_remainder
from cifras.fiscal.panama import RetentionDue
from cifras.fiscal.totals import Rounding, Totals
from invoicing.models import Document, Receiver
from invoicing.services import drafting, issuing, peruvian
from invoicing.services.entry import DocumentEntry
from invoicing.services.laws import law_of
from invoicing.services.parties import issuer_of, party_of
from tenants.models import Tenant

_NOBODY = Issuer(ruc="", contributor=Contributor.JURIDICO, dv="", name="")
_ANYBODY = Party(type=ReceiverType.CONSUMIDOR_FINAL)


@dataclass(frozen=True, slots=True)
class Sketch:
    """An entry added up, in its currency.

    `other_itbms` is the ITBMS under the other way of rounding, where it differs; `retention` is None when nothing is withheld
    or its code is missing; `owed` is the part on credit, `planned` what the instalments cover of it; `missing` is what the
    payments lack to the total, negative when they exceed it.
    """

    totals: Totals
    other_itbms: Decimal | None
    retention: RetentionDue | None
    owed: Decimal
    planned: Decimal
    payments: tuple[Payment, ...]
    missing: Decimal

    def fill(self, index: int) -> Decimal:
        """The amount with which the payment at `index` completes the total; zero when the others already do."""
        return max(self.payments[index].amount + self.missing, ZERO)


def sketch(entry: DocumentEntry, tenant: Tenant | None) -> Sketch:
    """Add the entry up as it would be if it were stored now.

    Raises RuleBroken when a global discount is larger than the lines it reduces.
    """
    draft = draft_of_entry(entry, tenant)
    law = law_of(tenant or Tenant())
    sums = law.compute(draft)
    other = totals.compute(draft, itbms_rounding=_other_rounding()) if law.has_cufe else sums
    return Sketch(
        totals=sums,
        other_itbms=other.itbms if other.itbms != sums.itbms else None,
        retention=_retention(draft, sums),
        owed=law.credit_part(draft, sums),
        planned=sum((part.amount for part in entry.instalments), ZERO),
        payments=entry.payments,
        missing=sums.total - sums.received,
    )


def draft_of_entry(entry: DocumentEntry, tenant: Tenant | None) -> DocumentDraft:
    """The entry as the law sees it, without number or office, its global discounts not yet spread."""
    return DocumentDraft(
        kind=entry.kind,
        mode=Mode(entry.mode),
        issuer=issuer_of(tenant) if tenant else _NOBODY,
        receiver=_receiver(entry, tenant),
        lines=peruvian.lines_of(entry) if entry.peru else entry.lines,
        payment_time=entry.payment_time,
        payments=entry.payments,
        issue_date=timezone.localtime(entry.issue_date),
        due_date=entry.due_date,
        instalments=entry.instalments,
        global_discounts=entry.global_discounts,
        discounts_after_tax=bool(tenant and tenant.discounts_after_tax),
        freight=entry.freight,
        insurance=entry.insurance,
        retention_code=entry.retention_code,
        retention_amount=entry.retention_amount,
        peru=peruvian.draft_terms(entry),
    )


def equal_instalments(owed: Decimal, count: int, first: date) -> tuple[Instalment, ...]:
    """`owed` in `count` parts, alike to the cent, due every month from `first` on (a shorter month's last day at most).

    Raises RuleBroken when nothing is owed.
    """
    amounts = largest_remainder(owed, [Decimal(1)] * count)
    return tuple(
        Instalment(sequence=number + 1, due_date=_months_later(first, number), amount=amount)
        for number, amount in enumerate(amounts)
    )


def a_month_after(day: date) -> date:
    """The same day of the next month, or its last one."""
    return _months_later(day, 1)


def void_deadline(issue_date: datetime, tenant: Tenant) -> datetime | None:
    """Until when an invoice of `tenant` with this date could be voided; None where its provider voids nothing."""
    blank = Document(tenant=tenant, kind=Kind.INVOICE)
    return issuing.void_deadline(blank, timezone.localtime(issue_date))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _receiver(entry: DocumentEntry, tenant: Tenant | None) -> Party:
    if entry.receiver_code and tenant:
        registered = Receiver.objects.filter(tenant=tenant, code=entry.receiver_code).first()
        return party_of(registered) if registered else _ANYBODY
    return drafting.with_check_digit(entry.receiver) if entry.receiver else _ANYBODY


def _retention(draft: DocumentDraft, sums: Totals) -> RetentionDue | None:
    try:
        return panama.retention_of(draft, sums)
    except RuleBroken:
        return None


def _other_rounding() -> Rounding:
    return "total" if settings.PAC_ITBMS_ROUNDING == "line" else "line"
