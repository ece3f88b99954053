"""The cells of a report: figures that open exactly the rows they count, and the comparison of both sides, by icon and word."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.admin.badges import AMBER, GREEN, GREY, RED, Badge
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.lifecycle import BusinessStatus, LegalStatus
from invoicing.admin.figures import as_received, money
from invoicing.admin.words import legal_words
from invoicing.models.choices import LEGAL_STATUSES, Kind, Mode
from reports.services.comparison import Compared, Verdict
from reports.services.facts import end_of_month
from reports.services.queries import currencies_of

_NO_WORD_IN_LISTS = "none"
_LEGAL_WORDS = dict(LEGAL_STATUSES)
_LEGAL_ICONS = {
    LegalStatus.DGI_AUTHORIZED: ("verified", GREEN),
    LegalStatus.PAC_AUTHORIZED: ("hourglass_top", AMBER),
    LegalStatus.PAC_REJECTED: ("cancel", RED),
    LegalStatus.DGI_REJECTED: ("cancel", RED),
}
LEGAL_ORDER = [*_LEGAL_WORDS, ""]


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of documents and what they come to. `address` opens them; empty where the person may not, or there are none."""

    count: int
    amount: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The documents behind the figures of a report, for whoever looks at it."""

    staff: Staff
    first: date
    last: date
    environment: str

    def address(self, kind: str, tenant_id: int, **more: str) -> str:
        """The list that shows exactly the documents of a figure."""
        if kind not in Kind.values or not may(self.staff, f"invoicing.view_{kind.lower()}"):
            return ""
        query = {
            "tenant__id__exact": str(tenant_id),
            "mode": Mode.DGI.value,
            "reported": "yes",
            "environment": self.environment,
            "issue_date_from": str(self.first),
            "issue_date_to": str(self.last),
            **more,
        }
        return f"{reverse(f'admin:invoicing_{kind.lower()}_changelist')}?{urlencode(query)}"


def differences_address(tenant_uid: Any, first: date, last: date, **query: str) -> str:
    """The reconciliation's differences behind a figure of one whole month; nothing for any other range."""
    if first.day != 1 or last != end_of_month(first):
        return ""
    page = reverse("reports:reconciliation_tenant", args=[f"{first:%Y-%m}", tenant_uid])
    return f"{page}?{urlencode(query)}" if query else page


def legal_query(legal_status: str) -> dict[str, str]:
    """The list's filter for a legal status."""
    return {"legal": legal_status or _NO_WORD_IN_LISTS}


def voided_query() -> dict[str, str]:
    """The list's filter for what the authority knows as void."""
    return {"business": BusinessStatus.VOID.value}


def currency_query(currency: str, country: str) -> dict[str, str]:
    """The list's look-up for the currencies that a figure adds."""
    return {"currency__in": ",".join(currencies_of(currency, country))}


def legal_badge(word: str, countries: Iterable[str] = ()) -> Badge:
    """The authority's word as these countries call it; one that we don't know as it was received."""
    if not word:
        return Badge(_("Sin palabra aún"), "schedule", GREY)
    if word not in _LEGAL_WORDS:
        return Badge(f"«{as_received(word, 60)}»", "help", AMBER)
    icon, tone = _LEGAL_ICONS[LegalStatus(word)]
    return Badge(legal_words(countries)[word], icon, tone)


def kind_word(kind: str) -> Any:
    """Our word for a kind; one that we don't know as it was received."""
    if not kind:
        return _("Todas")
    return Kind(kind).label if kind in Kind.values else f"«{as_received(kind, 60)}»"


_VERDICTS = {
    Verdict.SAME: Badge(gettext_lazy("Igual"), "check_circle", GREEN),
    Verdict.DIFFERENT: Badge(gettext_lazy("Difiere"), "error", RED),
    Verdict.NOT_COMPARED: Badge(gettext_lazy("Sin comparar"), "remove", GREY),
}


def verdict_badge(line: Compared) -> Badge:
    """Same, different or not compared."""
    return _VERDICTS[line.verdict]


def signed_count(number: int) -> str:
    """A difference in documents: +2, -1, 0."""
    return f"{number:+d}" if number else "0"


def signed_money(amount: Decimal | None, currency: str) -> str:
    """A difference in money; a dash where there is no amount to compare with."""
    if amount is None:
        return "—"
    return f"+{money(amount, currency)}" if amount > 0 else money(amount, currency)
