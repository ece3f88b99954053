"""Each country's law behind one face: what the services ask of it, whatever the country of the tenant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django.conf import settings

from cifras.fiscal import panama, peru, totals
from cifras.fiscal.document import DocumentDraft
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.totals import Totals
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Law:
    """One country. `number_digits`: how long a number is as it is stored; `currency`: of what names none.

    `send_by` answers until when a queued document may leave, None where the law sets no day.
    """

    country: str
    currency: str
    number_digits: int
    has_cufe: bool
    reasons: Callable[..., list[RuleBroken]] = field(repr=False)
    warnings: Callable[[DocumentDraft], list[RuleBroken]] = field(repr=False)
    compute: Callable[[DocumentDraft], Totals] = field(repr=False)
    spread_discounts: Callable[[DocumentDraft], DocumentDraft] = field(repr=False)
    document_type: Callable[[DocumentDraft], str] = field(repr=False)
    credit_part: Callable[[DocumentDraft, Any], Any] = field(repr=False)
    send_by: Callable[[DocumentDraft], datetime | None] = field(repr=False)


def law_of(tenant: Tenant) -> Law:
    """The law under which the tenant issues."""
    return _LAWS[tenant.country]


def days_back(tenant: Tenant) -> int:
    """How many days a document of the tenant may be backdated: its own figure, or the configured one."""
    own: int | None = tenant.max_backdate_days
    return settings.PAC_MAX_BACKDATE_DAYS if own is None else own


def itbms_rounding() -> totals.Rounding:
    """Whether the ITBMS is rounded line by line or on the total, as configured."""
    return cast(totals.Rounding, settings.PAC_ITBMS_ROUNDING)


def rounding_of(tenant: Tenant) -> totals.Rounding:
    """Where the tax of the tenant's documents is rounded: SUNAT reckons the IGV on the sum of the bases."""
    return itbms_rounding() if law_of(tenant).has_cufe else "total"


def _panamanian_reasons(
    draft: DocumentDraft, *, now: datetime, sums: Totals | None = None, max_backdate_days: int
) -> list[RuleBroken]:
    return panama.reasons(draft, now=now, max_backdate_days=max_backdate_days, totals=sums)


def _peruvian_reasons(
    draft: DocumentDraft, *, now: datetime, sums: Totals | None = None, **_of_elsewhere: object
) -> list[RuleBroken]:
    """How far back is the law's own matter there: until the last day on which the document may be sent."""
    return peru.reasons(draft, now=now, totals=cast("peru.PeruTotals | None", sums))


def _peruvian_type(draft: DocumentDraft) -> str:
    terms = draft.peru
    return str(peru.document_type(draft.kind, terms.document_kind)) if terms else ""


_LAWS: Mapping[str, Law] = {
    Tenant.Country.PANAMA: Law(
        country="PA",
        currency="PAB",
        number_digits=10,
        has_cufe=True,
        reasons=_panamanian_reasons,
        warnings=panama.warnings,
        compute=lambda draft: totals.compute(draft, itbms_rounding=itbms_rounding()),
        spread_discounts=totals.spread_discounts,
        document_type=panama.document_type,
        credit_part=panama.credit_part,
        send_by=lambda _draft: None,
    ),
    Tenant.Country.PERU: Law(
        country="PE",
        currency="PEN",
        number_digits=8,
        has_cufe=False,
        reasons=_peruvian_reasons,
        warnings=peru.warnings,
        compute=peru.compute,
        spread_discounts=peru.spread_discounts,
        document_type=_peruvian_type,
        credit_part=peru.credit_part,
        send_by=lambda draft: (
            peru.send_by(draft.issue_date, draft.peru.document_kind) if draft.peru else None
        ),
    ),
}
