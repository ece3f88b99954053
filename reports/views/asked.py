"""What an address of the reports asks for. What it says wrong is told above the report, which then shows the running month."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import local_date
from invoicing.admin.words import legal_words
from invoicing.models.choices import LEGAL_STATUSES, Kind
from reports.services.facts import end_of_month
from reports.services.queries import Filters, Grouping
from reports.services.statements import require_range
from tenants.models import Tenant

NO_WORD = "NONE"
GROUPINGS: Mapping[str, Any] = {
    Grouping.KIND: gettext_lazy("Clase"),
    Grouping.STATUS: gettext_lazy("Estado legal"),
    Grouping.DAY: gettext_lazy("Día"),
    Grouping.MONTH: gettext_lazy("Mes"),
    Grouping.OFFICE: gettext_lazy("Sucursal"),
    Grouping.RECEIVER: gettext_lazy("Receptor"),
}
_LEGAL = frozenset({*dict(LEGAL_STATUSES), NO_WORD})


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a report; `problems` are sentences."""

    first: date
    last: date
    kind: str = ""
    legal: str = ""
    group_by: Grouping = Grouping.KIND
    tenant: Tenant | None = None
    environment: str = ""
    problems: list[str] = field(default_factory=list)

    def filters(self, environment: str) -> Filters:
        """For the queries."""
        legal = None if not self.legal else "" if self.legal == NO_WORD else self.legal
        return Filters(kind=self.kind, legal_status=legal, environment=environment)

    def query(self, **changes: Any) -> str:
        """The address's query, with these changes; empty values are left out."""
        values = {
            "tenant": self.tenant.uid if self.tenant else "",
            "from": self.first,
            "to": self.last,
            "docType": self.kind,
            "legalStatus": self.legal,
            "groupBy": "" if self.group_by is Grouping.KIND else self.group_by.value,
            "environment": self.environment,
            **changes,
        }
        return urlencode({name: value for name, value in values.items() if value})


def read(given: Mapping[str, str], tenants: list[Tenant]) -> Asked:
    """What `given` asks for. Raises Http404 for a tenant that is not among `tenants`."""
    today = local_date(timezone.now())
    problems: list[str] = []
    first = _day(given.get("from"), today.replace(day=1), problems)
    last = _day(given.get("to"), end_of_month(first), problems)
    try:
        require_range(first, last)
    except RuleBroken as error:
        problems.append(sentence(error))
        first, last = today.replace(day=1), end_of_month(today)
    return Asked(
        first,
        last,
        _one_of(given.get("docType"), Kind.values),
        _one_of(given.get("legalStatus"), list(_LEGAL)),
        Grouping(_one_of(given.get("groupBy"), [each.value for each in Grouping]) or Grouping.KIND),
        _tenant(given.get("tenant"), tenants),
        _one_of(given.get("environment"), Tenant.Environment.values),
        problems,
    )


def legal_choices(tenants: Iterable[Tenant]) -> list[tuple[str, str]]:
    """The authority's words, as the countries of these companies call them."""
    words = legal_words({tenant.country for tenant in tenants})
    return [*words.items(), (NO_WORD, _("Sin palabra aún"))]


def default_environment(tenants: QuerySet[Tenant] | list[Tenant]) -> str:
    """Live once the person sees a live tenant."""
    is_any_live = any(tenant.is_live for tenant in tenants)
    return (Tenant.Environment.LIVE if is_any_live else Tenant.Environment.SANDBOX).value


def _day(text: str | None, default: date, problems: list[str]) -> date:
    if not text:
        return default
    try:
        found = date.fromisoformat(text)
    except ValueError:
        problems.append(_("«{text}» no es una fecha.").format(text=text[:20]))
        return default
    return found if date(2000, 1, 1) <= found <= date(2100, 1, 1) else default


def _one_of(text: str | None, known: list[Any]) -> str:
    return text if text in known and text else ""


def _tenant(text: str | None, tenants: list[Tenant]) -> Tenant | None:
    if not text:
        return tenants[0] if len(tenants) == 1 else None
    try:
        wanted = uuid.UUID(text)
    except ValueError:
        raise Http404 from None
    for tenant in tenants:
        if tenant.uid == wanted:
            return tenant
    raise Http404
