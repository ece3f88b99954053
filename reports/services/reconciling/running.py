"""Runs: asked for on a page or by a command, carried out by a worker, kept as they ended.

What persons accepted or disputed in the run before stays decided as long as both sides still say the same.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.waking import wake
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.errors import PacError
from invoicing.models.choices import Kind
from reports.models import Difference, Reconciliation
from reports.models.reconciliation import Decision
from reports.services.facts import end_of_month
from reports.services.reconciling.comparing import compare_month
from reports.services.reconciling.rows import Found
from reports.services.statements import Heard, Scope, fetch, last_heard
from tenants.models import Tenant

_LEASE = timedelta(minutes=30)
_STANDS = (Decision.ACCEPT, Decision.DISPUTE)
_OPEN_STATES = (Reconciliation.State.WAITING, Reconciliation.State.RUNNING)
_TRIES = 2  # of the statement, beyond the transport's own


def request_run(tenant: Tenant, month: date, *, actor: Staff | None) -> Reconciliation:
    """Have a month reconciled by a worker; a run that still waits is enough. Raises RuleBroken for a tenant unknown there."""
    _require_registered(tenant)
    with transaction.atomic():
        waiting = (
            Reconciliation.objects.filter(tenant=tenant, month=month, state__in=_OPEN_STATES)
            .order_by("-pk")
            .first()
        )
        run = waiting or _new(tenant, month, actor)
        if waiting is None:
            audit.record(
                "reconciliation.requested",
                actor=actor,
                tenant_uid=tenant.uid,
                target=run,
                after={"month": month, "run": run.run},
            )
    wake("reports.reconcile")
    return run


def request_month(tenants: Iterable[Tenant], month: date, *, actor: Staff | None) -> int:
    """Have the month of all these tenants reconciled, but where a run waits already; answers how many were asked for."""
    kept = Reconciliation.objects.filter(month=month)
    waiting = set(kept.filter(state__in=_OPEN_STATES).values_list("tenant", flat=True))
    last = {
        (tenant, environment): number
        for tenant, environment, number in kept.order_by()
        .values_list("tenant", "environment")
        .annotate(Max("run"))
    }
    now = timezone.now()
    rows = [
        Reconciliation(
            tenant=tenant,
            month=month,
            environment=tenant.environment,
            run=last.get((tenant.pk, tenant.environment), 0) + 1,
            asked_by=actor,
            due_at=now,
        )
        for tenant in tenants
        if tenant.pk not in waiting and tenant.pac_company_id
    ]
    with transaction.atomic():
        # Whoever asks at the same moment has made the same runs.
        Reconciliation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        audit.record(
            "reconciliation.month_requested",
            actor=actor,
            after={"month": month, "tenants": [str(row.tenant.uid) for row in rows]},
        )
    wake("reports.reconcile")
    return len(rows)


def run_due(*, limit: int = 200) -> int:
    """Carry out the runs that wait; answers how many. A sweep."""
    done = 0
    due = Reconciliation.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        now = timezone.now()
        claimed = Reconciliation.objects.filter(pk=pk, due_at__lte=now).update(
            due_at=now + _LEASE, state=Reconciliation.State.RUNNING
        )
        if claimed:
            _carry_out(Reconciliation.objects.select_related("tenant", "asked_by").get(pk=pk), asks=True)
            done += 1
    return done


def reconcile(
    tenant: Tenant, month: date, *, only_cached: bool = False, actor: Staff | None = None
) -> Reconciliation:
    """Reconcile now. `only_cached`: with the last kept statement, and nothing is asked. Raises RuleBroken, PacError."""
    _require_registered(tenant)
    with transaction.atomic():
        run = _new(tenant, month, actor)
        Reconciliation.objects.filter(pk=run.pk).update(
            due_at=timezone.now() + _LEASE, state=Reconciliation.State.RUNNING
        )
    error = _carry_out(run, asks=not only_cached)
    run.refresh_from_db()
    if error is not None and not run.summary:
        raise error
    return run


def subject_of(tenant: Tenant, month: date, found: Found) -> str:
    """What makes a difference the same one in every run."""
    named = [str(found.document_uid or ""), found.document_id]
    group = [] if any(named) else [found.ours.get("day"), found.kind, found.legal_status]
    text = json.dumps([str(tenant.uid), str(month), found.difference.value, named, group])
    return hashlib.sha256(text.encode()).hexdigest()


def _require_registered(tenant: Tenant) -> None:
    if not tenant.pac_company_id:
        raise RuleBroken(
            "tenant_not_registered",
            gettext_noop("La empresa aún no existe en el PAC: no hay con qué conciliar."),
            "tenant",
        )


def _new(tenant: Tenant, month: date, actor: Staff | None) -> Reconciliation:
    """The next run of the month, numbered under the tenant's lock."""
    Tenant.objects.select_for_update(no_key=True).filter(pk=tenant.pk).first()
    rows = Reconciliation.objects.filter(tenant=tenant, month=month, environment=tenant.environment)
    number = (rows.aggregate(last=Max("run"))["last"] or 0) + 1
    return Reconciliation.objects.create(
        tenant=tenant,
        month=month,
        environment=tenant.environment,
        run=number,
        asked_by=actor,
        due_at=timezone.now(),
    )


def _carry_out(run: Reconciliation, *, asks: bool) -> PacError | RuleBroken | None:
    """Compare and keep; what stood in the way is kept, too, and answered."""
    try:
        heard = _hear(run, asks=asks)
        compared = compare_month(run.tenant, run.month, heard, asks=asks, tell=partial(_tell, run))
    except (PacError, RuleBroken) as error:
        Reconciliation.objects.filter(pk=run.pk).update(
            state=Reconciliation.State.FAILED, error=sentence(error), due_at=None, done_at=timezone.now()
        )
        return error
    by_class = Counter(each.difference.value for each in compared.found)
    with transaction.atomic():
        Difference.objects.filter(reconciliation=run).delete()  # of a worker that was lost half-way
        Difference.objects.bulk_create(_rows(run, compared.found), batch_size=500)
        is_done = compared.is_complete
        Reconciliation.objects.filter(pk=run.pk).update(
            state=Reconciliation.State.DONE if is_done else Reconciliation.State.FAILED,
            error="" if is_done else sentence(_incomplete()),
            statement_batch=heard.statements[0].batch,
            statement_at=heard.fetched_at,
            summary=compared.summary,
            by_class=dict(by_class),
            due_at=None,
            done_at=timezone.now(),
        )
        audit.record(
            "reconciliation.done",
            actor=run.asked_by,
            tenant_uid=run.tenant.uid,
            target=run,
            after={"month": run.month, "run": run.run, "by_class": dict(by_class), "complete": is_done},
        )
    return None


def _tell(run: Reconciliation, done: int, of: int, rows: int) -> None:
    """How far a run has come; whoever waits for it reads this."""
    Reconciliation.objects.filter(pk=run.pk).update(progress={"done": done, "of": of, "rows": rows})


def _hear(run: Reconciliation, *, asks: bool) -> Heard:
    scope, last = Scope.of(run.tenant), end_of_month(run.month)
    if not asks:
        heard = last_heard(scope, run.month, last, by_day=True) or last_heard(scope, run.month, last)
        if heard is None:
            raise RuleBroken(
                "no_statement",
                gettext_noop("No hay cifras guardadas del PAC para este rango: pídalas sin --cached."),
                "pac",
            )
        return heard
    for _again in range(_TRIES - 1):
        try:
            return fetch(scope, run.month, last, by_day=True, actor=run.asked_by)
        except PacError:
            continue
    return fetch(scope, run.month, last, by_day=True, actor=run.asked_by)


def _incomplete() -> RuleBroken:
    return RuleBroken(
        "reconciliation_incomplete",
        gettext_noop(
            "El PAC no respondió a todas las consultas: la conciliación quedó incompleta. Repítala."
        ),
        "pac",
    )


def _rows(run: Reconciliation, found: Iterable[Found]) -> list[Difference]:
    before = {row.subject: row for row in _of_run_before(run)}
    rows = []
    for each in found:
        row = Difference(
            reconciliation=run,
            tenant=run.tenant,
            difference_class=each.difference,
            kind=each.kind if each.kind in Kind.values else "",
            legal_status=each.legal_status[:60],
            document_uid=each.document_uid,
            pac_document_id=each.document_id,
            ours=audit.plain_json(each.ours),
            pac=audit.plain_json(each.pac),
            reason_key=each.reason,
            reason_values=audit.plain_json(each.values),
            subject=subject_of(run.tenant, run.month, each),
        )
        _keep_decision(row, before.get(row.subject))
        rows.append(row)
    return rows


def _of_run_before(run: Reconciliation) -> Iterable[Any]:
    before = (
        Reconciliation.objects.filter(
            tenant=run.tenant, month=run.month, environment=run.environment, run__lt=run.run
        )
        .exclude(summary={})
        .order_by("-run")
        .first()
    )
    return Difference.objects.filter(reconciliation=before) if before else ()


def _keep_decision(row: Difference, before: Difference | None) -> None:
    if before is None:
        return
    row.assignee_id = before.assignee_id
    is_same = (row.ours, row.pac) == (before.ours, before.pac)
    if is_same and before.decision in _STANDS:
        row.decision, row.decision_reason = before.decision, before.decision_reason
        row.decided_by_id, row.decided_at = before.decided_by_id, before.decided_at
