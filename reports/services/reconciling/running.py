"""Runs: asked for on a page or by a command, carried out by a worker, kept as they ended.

What persons accepted or disputed in the run before stays decided as long as both sides still say the same.
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
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
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.facts import end_of_month
from reports.services.locking import lock_tenant
from reports.services.reconciling.comparing import Compared, compare_month
from reports.services.reconciling.lease import Lease, LeaseLost
from reports.services.reconciling.rows import Found
from reports.services.statements import Heard, Scope, fetch, last_heard
from tenants.models import Tenant

logger = logging.getLogger(__name__)

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
        lease = Lease(pk)
        if lease.take():
            run = Reconciliation.objects.select_related("tenant", "asked_by").get(pk=pk)
            _carry_out(run, lease, asks=True)
            done += 1
    return done


def reconcile(
    tenant: Tenant, month: date, *, only_cached: bool = False, actor: Staff | None = None
) -> Reconciliation:
    """Reconcile now. `only_cached`: with the last kept statement, and nothing is asked. Raises RuleBroken, PacError."""
    _require_registered(tenant)
    with transaction.atomic():
        run = _new(tenant, month, actor)
        lease = Lease(run.pk)
        lease.take()
    error = _carry_out(run, lease, asks=not only_cached)
    run.refresh_from_db()
    if error is not None and not run.summary:
        raise error
    return run


def subject_of(tenant: Tenant, month: date, found: Found) -> str:
    """What makes a difference the same one in every run, and no two of a run alike.

    Of a document it is the class, but for what nothing explains: there may be several reasons for that. Of a group it is also the
    word under which the provider counts, and the currency where there are several.
    """
    named = [str(found.document_uid or ""), found.document_id]
    group = [] if any(named) else [found.ours.get("day"), found.kind, found.legal_status]
    more = [found.reason] if found.difference == DifferenceClass.UNEXPLAINED else []
    word = found.pac.get("legal_status") or ""
    if not any(named) and word != found.legal_status:
        more.append(f"as {word}")
    if not any(named) and (currency := found.ours.get("currency")):
        more.append(currency)
    text = json.dumps([str(tenant.uid), str(month), found.difference.value, named, group, *more])
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
    lock_tenant(tenant.pk)
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


def _carry_out(run: Reconciliation, lease: Lease, *, asks: bool) -> PacError | RuleBroken | None:
    """Compare and keep; what stood in the way is kept, too, and answered. A run that was taken over is the other worker's."""
    try:
        heard = _hear(run, asks=asks)
        compared = compare_month(run.tenant, run.month, heard, asks=asks, tell=lease.tell)
        _keep(run, lease, heard, compared)
    except LeaseLost:
        logger.warning(
            "Reconciliation %s went on for too long and was taken over by another worker.", run.uid
        )
    except (PacError, RuleBroken) as error:
        with suppress(LeaseLost):
            lease.end(state=Reconciliation.State.FAILED, error=sentence(error))
        return error
    return None


def _keep(run: Reconciliation, lease: Lease, heard: Heard, compared: Compared) -> None:
    """The run as it ended, with its differences: all of it or nothing. Raises LeaseLost."""
    by_class = Counter(each.difference.value for each in compared.found)
    is_done = compared.is_complete
    with transaction.atomic():
        lock_tenant(run.tenant_id)  # whoever decides meanwhile is either carried over or told of this run
        lease.end(
            state=Reconciliation.State.DONE if is_done else Reconciliation.State.FAILED,
            error="" if is_done else sentence(_incomplete()),
            statement_batch=heard.statements[0].batch,
            statement_at=heard.fetched_at,
            summary=compared.summary,
            by_class=dict(by_class),
        )
        Difference.objects.bulk_create(_rows(run, compared.found), batch_size=500)
        audit.record(
            "reconciliation.done",
            actor=run.asked_by,
            tenant_uid=run.tenant.uid,
            target=run,
            after={"month": run.month, "run": run.run, "by_class": dict(by_class), "complete": is_done},
        )


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
    is_same = _says_still(row.ours, before.ours) and _says_still(row.pac, before.pac)
    if is_same and before.decision in _STANDS:
        row.decision, row.decision_reason = before.decision, before.decision_reason
        row.decided_by_id, row.decided_at = before.decided_by_id, before.decided_at


def _says_still(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a side is as it was, as far as the earlier run kept it."""
    return bool(now) == bool(before) and all(now.get(name) == value for name, value in before.items())
