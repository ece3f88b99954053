"""Statements on demand and every night: the wish is a row, a worker carries it out, the page follows.

A provider that does not answer is asked again a few times, further and further apart; what it said last stays on the row.
"""

from datetime import date, datetime, timedelta

from django.db.models import F
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.waking import wake
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import local_date
from cifras.pac.contract import Capability
from cifras.pac.errors import PacError
from reports.models import StatementRequest
from reports.services.facts import end_of_month
from reports.services.statements import Scope, account_scopes, fetch, require_range
from tenants.models import Tenant
from tenants.services.accounts import provider_spec, require

_LEASE = timedelta(minutes=15)
_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_NIGHT_BEGINS_AT = 2  # o'clock, local
_LAST_MONTH_UNTIL = 10  # day of the month until which the month before is asked for, too


def request_statement(
    scope: Scope, first: date, last: date, *, by_day: bool = False, actor: Staff | None
) -> StatementRequest:
    """Have the provider asked by a worker; a wish like it that still waits is enough. Raises RuleBroken for a bad range."""
    require_range(first, last)
    if scope.tenant:
        require(scope.tenant, Capability.STATEMENT)
    wish = {
        "tenant": scope.tenant,
        "provider": scope.provider,
        "environment": scope.environment,
        "by_day": by_day,
        "from_date": first,
        "to_date": last,
    }
    waiting = StatementRequest.objects.filter(**wish, done_at=None, due_at__isnull=False).first()
    if waiting is not None:
        StatementRequest.objects.filter(pk=waiting.pk, attempts__gt=0, error__gt="").update(
            due_at=timezone.now()
        )
    else:
        waiting = StatementRequest.objects.create(**wish, asked_by=actor)
        audit.record(
            "statement.requested",
            actor=actor,
            tenant_uid=scope.tenant.uid if scope.tenant else None,
            target=waiting,
            after={"from": first, "to": last, "environment": scope.environment},
        )
    wake("reports.statements")
    return waiting


def last_request(scope: Scope, first: date, last: date, *, by_day: bool = False) -> StatementRequest | None:
    """The newest wish for these figures."""
    rows = StatementRequest.objects.filter(
        tenant=scope.tenant,
        provider=scope.provider,
        environment=scope.environment,
        from_date=first,
        to_date=last,
        by_day=by_day,
    )
    return rows.order_by("-pk").first()


def fetch_due(*, limit: int = 1_000) -> int:
    """Carry out the wishes whose time has come; answers how many. A sweep."""
    done = 0
    due = StatementRequest.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        done += _carry_out(pk)
    return done


def _carry_out(pk: int) -> int:
    """One wish; the claim is a short update, the network comes after it."""
    now = timezone.now()
    claimed = StatementRequest.objects.filter(pk=pk, due_at__lte=now).update(
        due_at=now + _LEASE, attempts=F("attempts") + 1
    )
    if not claimed:
        return 0
    wish = StatementRequest.objects.select_related("tenant", "asked_by").get(pk=pk)
    scope = Scope(wish.provider, wish.environment, wish.tenant)
    try:
        fetch(scope, wish.from_date, wish.to_date, by_day=wish.by_day, actor=wish.asked_by)
    except (PacError, RuleBroken) as error:
        _put_off(wish, error)
    else:
        StatementRequest.objects.filter(pk=pk).update(done_at=timezone.now(), due_at=None, error="")
    return 1


def _put_off(wish: StatementRequest, error: PacError | RuleBroken) -> None:
    now = timezone.now()
    is_over = isinstance(error, RuleBroken) or wish.attempts > len(_WAITS)
    StatementRequest.objects.filter(pk=wish.pk).update(
        error=sentence(error),
        due_at=None if is_over else now + _WAITS[wish.attempts - 1],
        done_at=now if is_over else None,
    )


def plan_night(now: datetime | None = None) -> None:
    """Once a night, wish for every company's running month, and for the one before while it may still move. A sweep."""
    now = now or timezone.now()
    if timezone.localtime(now).hour < _NIGHT_BEGINS_AT:
        return
    today = local_date(now)
    if StatementRequest.objects.filter(night__startswith=f"{today}:").exists():
        return
    months = [today.replace(day=1)]
    if today.day <= _LAST_MONTH_UNTIL:
        months.append((months[0] - timedelta(days=1)).replace(day=1))
    wishes = [_of_night(scope, month, today) for month in months for scope in _scopes_of_night()]
    StatementRequest.objects.bulk_create(wishes, ignore_conflicts=True, batch_size=500)


def _scopes_of_night() -> list[Scope]:
    tenants = Tenant.objects.filter(state=Tenant.State.ACTIVE).exclude(pac_company_id=None)
    asked = [Scope.of(tenant) for tenant in tenants if provider_spec(tenant).can(Capability.STATEMENT)]
    return [*account_scopes(), *asked]


def _of_night(scope: Scope, month: date, today: date) -> StatementRequest:
    whose = scope.tenant.pk if scope.tenant else "all"
    return StatementRequest(
        night=f"{today}:{scope.provider}:{scope.environment}:{whose}:{month}",
        tenant=scope.tenant,
        provider=scope.provider,
        environment=scope.environment,
        from_date=month,
        to_date=end_of_month(month),
    )
