"""Hearing what the providers say that we issued: their counts, asked for by a worker or a command, kept verbatim.

A range longer than the provider allows is asked in parts; their rows are added up. Every answer is stored with its hash before
anything is made of it, and never changed.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Subquery

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, StatementAnswer, StatementRow
from reports.models import Statement, StatementFigure
from reports.models.statements import ALL_ENVIRONMENTS
from tenants.models import Tenant
from tenants.services.accounts import (
    company_id,
    provider_for,
    provider_spec,
    provider_without_tenant,
    require,
)

LONGEST_RANGE = 3 * 366  # days


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures are asked for: a tenant's, or those of every company of an account that serves `environment`."""

    provider: str
    environment: str
    tenant: Tenant | None = None

    @classmethod
    def of(cls, tenant: Tenant) -> "Scope":
        """The tenant's own."""
        return cls(tenant.pac_provider, tenant.environment, tenant)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a provider said: the figures, when it said so, and the answers they stand in."""

    scope: Scope
    figures: Sequence[StatementFigure]
    statements: Sequence[Statement]

    @property
    def fetched_at(self) -> datetime:
        """When the oldest of the answers came."""
        return min(statement.fetched_at for statement in self.statements)


def account_scopes(environment: str = "") -> list[Scope]:
    """The accounts of the settings that serve tenants of `environment` (empty: any), each once."""
    rows = Tenant.objects.exclude(pac_company_id=None).order_by()
    if environment:
        rows = rows.filter(environment=environment)
    return scopes_of(rows.values_list("pac_provider", "environment").distinct())


def scopes_of(served: Iterable[tuple[str, str]]) -> list[Scope]:
    """The accounts of the settings that serve these providers and environments, each once.

    None of a provider at which every company has an account of its own.
    """
    found = {
        (provider, ALL_ENVIRONMENTS if _one_account_serves_both() else environment)
        for provider, environment in served
        if provider_spec(provider).can(Capability.STATEMENT) and not provider_spec(provider).account
    }
    return [Scope(provider, environment) for provider, environment in sorted(found)]


def fetch(
    scope: Scope, first: date, last: date, *, by_day: bool = False, actor: Staff | None = None
) -> Heard:
    """Ask now; keep and answer what was said. Raises PacError, and RuleBroken for a range that makes no sense."""
    require_range(first, last)
    ask = _asker(scope, by_day=by_day)
    parts = [(start, end, ask(start, end)) for start, end in split(first, last, _longest(scope))]
    batch = uuid.uuid4()
    with transaction.atomic():
        statements, kept = [], []
        for start, end, answer in parts:
            statement = _statement(scope, answer, start, end)
            statement.batch, statement.asked_from, statement.asked_to = batch, first, last
            statement.by_day, statement.fetched_by = by_day, actor.uid if actor else None
            statement.save()
            statements.append(statement)
            kept += _figures(statement, scope, answer.rows)
        StatementFigure.objects.bulk_create(kept)
    return Heard(scope, kept, statements)


def last_heard(scope: Scope, first: date, last: date, *, by_day: bool = False) -> Heard | None:
    """The newest kept answer to this very question; None when it was never asked."""
    asked = Statement.objects.filter(asked_from=first, asked_to=last, by_day=by_day)
    if scope.tenant:
        asked = asked.filter(tenant_uid=scope.tenant.uid)
    else:
        asked = asked.filter(tenant_uid=None, provider=scope.provider, environment=scope.environment)
    newest = asked.order_by("-pk").values("batch")[:1]
    statements = list(Statement.objects.filter(batch=Subquery(newest)).order_by("pk"))
    if not statements:
        return None
    figures = StatementFigure.objects.filter(statement__in=statements).select_related("tenant").order_by("pk")
    return Heard(scope, list(figures), statements)


def require_range(first: date, last: date) -> None:
    """Raises RuleBroken unless the range is in order and at most three years long."""
    if first > last:
        raise RuleBroken(
            "range_backwards", gettext_noop("La fecha «desde» es posterior a «hasta»."), "from_date"
        )
    if (last - first).days >= LONGEST_RANGE:
        raise RuleBroken(
            "range_too_long",
            gettext_noop("El rango es demasiado largo: pida a lo sumo tres años."),
            "to_date",
        )


def split(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """The range in parts of at most `days` days, both ends of each included."""
    while first <= last:
        end = min(first + timedelta(days=days - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def with_own_account(tenants: QuerySet[Tenant]) -> list[Tenant]:
    """Those of `tenants` that an account of the settings does not speak for: they have a token or an address of their own."""
    rows = tenants.exclude(pac_company_id=None).exclude(pac_base_url="", pac_token="")
    return [tenant for tenant in rows if provider_spec(tenant).can(Capability.STATEMENT)]


def _one_account_serves_both() -> bool:
    """Without an account of its own, the sandbox tenants speak under that of the live ones."""
    sandbox = (settings.PAC_SANDBOX_BASE_URL, settings.PAC_SANDBOX_API_KEY)
    live = (settings.PAC_BASE_URL, settings.PAC_API_KEY)
    return (sandbox[0] or live[0], sandbox[1] or live[1]) == live


def _asker(scope: Scope, *, by_day: bool) -> Callable[[date, date], StatementAnswer]:
    if scope.tenant:
        require(scope.tenant, Capability.STATEMENT)
        return partial(provider_for(scope.tenant).statement, company_id(scope.tenant), by_day=by_day)
    environment = Tenant.Environment.LIVE if scope.environment == ALL_ENVIRONMENTS else scope.environment
    return provider_without_tenant(scope.provider, environment).statement_all_companies


def _longest(scope: Scope) -> int:
    return provider_spec(scope.provider).statement_days


def _statement(scope: Scope, answer: StatementAnswer, first: date, last: date) -> Statement:
    return Statement(
        tenant_uid=scope.tenant.uid if scope.tenant else None,
        provider=scope.provider,
        environment=scope.environment,
        from_date=first,
        to_date=last,
        text=answer.raw_text,
        sha256=hashlib.sha256(answer.raw_text.encode()).hexdigest(),
        exchange_uid=uuid.UUID(answer.exchange_id) if answer.exchange_id else None,
    )


def _figures(statement: Statement, scope: Scope, rows: Iterable[StatementRow]) -> list[StatementFigure]:
    owners = _owners(scope, rows)
    return [
        StatementFigure(
            statement=statement,
            tenant=scope.tenant or owners.get(row.company_id),
            pac_company_id=row.company_id,
            day=row.day,
            kind=row.kind.value if row.kind else "",
            raw_kind=row.raw_kind,
            legal_status=row.legal_status.value if row.legal_status else "",
            raw_legal_status=row.raw_legal_status,
            count=row.count,
            total=_storable(row.total),
        )
        for row in rows
    ]


def _owners(scope: Scope, rows: Iterable[StatementRow]) -> dict[str, Tenant]:
    """Whose the companies are, by their id at the provider."""
    if scope.tenant:
        return {}
    found = Tenant.objects.filter(
        pac_provider=scope.provider, pac_company_id__in={row.company_id for row in rows if row.company_id}
    )
    if scope.environment != ALL_ENVIRONMENTS:
        found = found.filter(environment=scope.environment)
    return {tenant.pac_company_id or "": tenant for tenant in found}


def _storable(total: Decimal | None) -> Decimal | None:
    return total if total is None or total.copy_abs() < Decimal(10) ** 18 else None
