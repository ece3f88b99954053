"""Whose turn it is: taking documents off the queue, in batches, by deadline and fairly between tenants.

A claim is one short transaction: rows are locked, moved to SENDING with a lease, and their attempts are written, all before the
first byte leaves. A document whose `send_by` is near goes first; for the rest the tenants take turns, so that ten thousand
documents of one of them do not keep another one waiting. Source: domain 6.2 and 6.5.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from cifras.core.rows import update_rows
from cifras.fiscal.lifecycle import Submission
from cifras.pac.contract import PacAnswer
from invoicing.models import Attempt, Document, ProviderHealth
from invoicing.models.lines import PartQuerySet
from invoicing.services import incidents, timeline
from invoicing.services.lanes import Account
from invoicing.services.leases import lease
from tenants.models import Tenant

_WAITING = Q(submission=Submission.QUEUED, held_reason="")
_WHICH_ATTEMPT = ("pk", "document_id", "started_at")
# What posting and recording need of a document, which is wide: the rest is read when somebody asks for it.
_NEEDED = (
    *("uid", "tenant", "kind", "mode", "number", "external_id", "provider", "environment", "pac_company_id"),
    *("payload", "submission", "held_reason", "due_at", "send_by", "leased_until", "last_attempt_at"),
    *("attempts_made", "cufe", "local_cufe", "protocol", "qr"),
)
_NEAR = timedelta(hours=24)
# The next tenant by one step along an index each, however long a tenant's queue is.
_TENANTS_WAITING = """
WITH RECURSIVE waiting(id) AS (
    SELECT min(tenant_id) FROM {table}
    WHERE provider = %(provider)s AND environment = %(environment)s AND submission = 'QUEUED' AND held_reason = ''
    UNION ALL
    SELECT (
        SELECT min(tenant_id) FROM {table}
        WHERE provider = %(provider)s AND environment = %(environment)s AND submission = 'QUEUED' AND held_reason = ''
        AND tenant_id > waiting.id
    )
    FROM waiting WHERE waiting.id IS NOT NULL
)
SELECT id FROM waiting WHERE id IS NOT NULL
"""


def accounts_with_work(now: datetime) -> list[Account]:
    """Every provider and environment for which something is queued and due, and whose circuit is not open."""
    due = Document.objects.filter(_WAITING, due_at__lte=now)
    found = due.order_by("provider", "environment").values_list("provider", "environment").distinct()
    closed = set(incidents.open_circuits(now))
    return [account for account in found if account not in closed]


def claim(account: Account, turns: "Turns", *, most: int, under_way: int) -> list[Document]:
    """At most `most` documents, moved to SENDING with a lease and an attempt each; none while the circuit is open."""
    with transaction.atomic():
        now = timezone.now()
        documents = _next(account, turns, min(most, _let_through(account, most, under_way, now)), now)
        if documents:
            _take(documents, now)
    return documents


def recover_lost() -> int:
    """Attempts whose worker was killed: their lease ran out without an outcome, so nobody knows. They become UNKNOWN."""
    now = timezone.now()
    lost = Document.objects.filter(submission=Submission.SENDING, leased_until__lt=now).select_related(
        "tenant"
    )
    recovered = 0
    for document in lost:
        with transaction.atomic():
            moved = Document.objects.filter(
                pk=document.pk, submission=Submission.SENDING, leased_until=document.leased_until
            ).update(submission=Submission.UNKNOWN, leased_until=None, due_at=now)
            if moved:
                recovered += 1
                finish_attempt(document, Attempt.Outcome.UNKNOWN, "lease expired")
                timeline.note(document, "attempt_lost")
    return recovered


def finish_attempt(document: Document, outcome: Attempt.Outcome, message: str, exchange_id: str = "") -> None:
    """Write how the attempt that `document` was claimed for has ended, in the caller's transaction."""
    started_at = document.last_attempt_at or timezone.now()
    _running().filter(document=document, started_at=started_at).update(
        outcome=outcome, message=message, exchange_id=exchange_id, finished_at=timezone.now()
    )


def finish_attempts(accepted: Sequence[tuple[Document, PacAnswer]]) -> None:
    """The same for many documents that the provider has accepted."""
    now = timezone.now()
    running = _running().filter(document__in=[document.pk for document, _ in accepted])
    keys = {(document, started): key for key, document, started in running.values_list(*_WHICH_ATTEMPT)}
    changes = {
        keys.get((document.pk, document.last_attempt_at)): {
            "outcome": Attempt.Outcome.DONE,
            "message": answer.raw_legal_status,
            "exchange_id": answer.exchange_id,
            "finished_at": now,
        }
        for document, answer in accepted
    }
    update_rows(Attempt, {key: change for key, change in changes.items() if key})


def _running() -> PartQuerySet[Attempt]:
    return Attempt.objects.filter(act=Attempt.Act.SUBMIT, outcome=Attempt.Outcome.RUNNING)


class Turns:
    """Whose turn it is among the tenants, as one worker remembers it: who was served least recently comes first."""

    def __init__(self) -> None:
        self._served: dict[int, int] = {}
        self._serial = count(1)

    def in_order(self, tenants: Sequence[int]) -> list[int]:
        """The tenants, those first whose last turn is longest ago."""
        return sorted(tenants, key=lambda tenant: self._served.get(tenant, 0))

    def took(self, tenant: int) -> None:
        """Remember that `tenant` had its turn."""
        self._served[tenant] = next(self._serial)


def _next(account: Account, turns: Turns, most: int, now: datetime) -> list[Document]:
    if most <= 0:
        return []
    provider, environment = account
    waiting = (
        Document.objects.select_for_update(skip_locked=True, of=("self",))
        .only(*_NEEDED)
        .filter(_WAITING, provider=provider, environment=environment, due_at__lte=now)
        .filter(Q(send_by=None) | Q(send_by__gt=now))
        .order_by(F("send_by").asc(nulls_last=True), "due_at", "pk")
    )
    found = list(waiting.filter(send_by__lte=now + _NEAR)[:most])
    tenants = turns.in_order(_tenants_waiting(account)) if len(found) < most else []
    while tenants and len(found) < most:
        tenant, share = tenants.pop(0), -(-(most - len(found)) // (len(tenants) + 1))
        rows = list(waiting.filter(tenant=tenant).exclude(pk__in=[row.pk for row in found])[:share])
        if rows:
            turns.took(tenant)
            found += rows
        if len(rows) == share:
            tenants.append(tenant)  # it has more: what others leave over is its
    tenants_by_key = Tenant.objects.in_bulk({row.tenant_id for row in found})
    for row in found:
        row.tenant = tenants_by_key[row.tenant_id]
    return found


def _tenants_waiting(account: Account) -> list[int]:
    table = connection.ops.quote_name(Document._meta.db_table)
    provider, environment = account
    with connection.cursor() as cursor:
        cursor.execute(
            _TENANTS_WAITING.format(table=table), {"provider": provider, "environment": environment}
        )
        return [tenant for (tenant,) in cursor.fetchall()]


def _let_through(account: Account, most: int, under_way: int, now: datetime) -> int:
    """How many the circuit lets through: all, none, or the one call that tries whether the provider is back."""
    provider, environment = account
    health = ProviderHealth.objects.filter(provider=provider, environment=environment).first()
    if health is None or health.open_until is None:
        return most
    return 0 if health.open_until > now or under_way else 1


def _take(documents: Sequence[Document], now: datetime) -> None:
    until = now + lease()
    queued = Document.objects.filter(pk__in=[row.pk for row in documents], submission=Submission.QUEUED)
    queued.update(
        submission=Submission.SENDING,
        leased_until=until,
        last_attempt_at=now,
        attempts_made=F("attempts_made") + 1,
        due_at=None,
    )
    Attempt.objects.bulk_create(
        Attempt(document=document, started_at=now, leased_until=until) for document in documents
    )
    for document in documents:
        document.submission, document.due_at = Submission.SENDING, None
        document.leased_until, document.last_attempt_at = until, now
        document.attempts_made += 1
