"""Reading a provider's list: a page at a time, each written with the place where the next one begins.

Whatever stops a run, the next turn goes on at the page that was not written. A run whose token leads in a circle is given up and
begun anew; what it listed stays. After the first whole list, runs ask for the last days only, and for all of it once a week.
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.context import act_context
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import Submission
from cifras.pac.contract import Capability, ListedDocument, ListedPage
from cifras.pac.errors import Incident, NotFound, PacError, Refused, Unsettled
from invoicing.models import Document, Mirror, MirroredRow
from invoicing.services import incidents
from invoicing.services.asking import ask_all
from invoicing.services.lanes import Account
from invoicing.services.leases import lease, queue_wait
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for, require
from tenants.services.providers import provider_names

logger = logging.getLogger(__name__)

TASK = "invoicing.mirror"
EVERY = timedelta(minutes=10)
WHOLE_EVERY = timedelta(days=7)
# A document may be issued with the date of some days ago, and lists are filtered by that date.
OVERLAP = timedelta(days=7)
_PAGES_A_TURN = 20
_MOST_PAGES = 10_000
_MOST_FAILURES = 1_000
_AFTER_REFUSAL = timedelta(minutes=15)

State = MirroredRow.State


class _TurnTaken(Exception):
    """Somebody else moved the turn: nothing of this page is written."""


def pull_due(*, limit: int = 50) -> int:
    """Read on in the lists whose turn has come; answers how many there were."""
    now = timezone.now()
    _open_missing(now)
    due = Q(due_at__lte=now) & ~Q(tenant__state=Tenant.State.CLOSED)
    for provider, environment in incidents.open_circuits(now):
        due &= ~Q(tenant__pac_provider=provider, tenant__environment=environment)
    waiting = Mirror.objects.select_related("tenant").filter(due).order_by("due_at", "pk")
    return ask_all(waiting[:limit], account_of, _take_turn)


def pull_now(tenant: Tenant, *, whole: bool = False, actor: Staff | None) -> Mirror:
    """Have the workers read the list now, `whole` from its beginning; nothing is called here.

    Raises NotSupported where the provider has no list, RuleBroken for a tenant unknown there or closed.
    """
    require(tenant, Capability.MIRROR)
    company_id(tenant)
    if tenant.state in {Tenant.State.CLOSED, Tenant.State.ONBOARDING}:
        raise RuleBroken(
            "tenant_not_active",
            gettext_noop("La empresa no está activa: no se traen sus documentos."),
            "tenant",
        )
    with transaction.atomic():
        mirror, _made = Mirror.objects.get_or_create(tenant=tenant)
        changes: dict[str, Any] = {"due_at": timezone.now()}
        if whole:
            changes |= {"is_wanted_whole": True, "is_running": False}
        Mirror.objects.filter(pk=mirror.pk).update(**changes)
        held = MirroredRow.objects.filter(tenant=tenant, state=State.HELD)
        again = held.update(state=State.WAITING, due_at=timezone.now())
        after = {"whole": whole, "held_again": again}
        audit.record("mirror.requested", actor=actor, tenant_uid=tenant.uid, target=mirror, after=after)
        wake(TASK)
    mirror.refresh_from_db()
    return mirror


def account_of(row: Mirror | MirroredRow) -> Account:
    """At which account a list or a document is asked for."""
    return row.tenant.pac_provider, row.tenant.environment


def _open_missing(now: datetime) -> None:
    """Every active tenant of a provider with such a list has its mirror, from the day it became active."""
    keys = [key for key, _name in provider_names(Capability.MIRROR)]
    missing = Tenant.objects.filter(
        pac_provider__in=keys, state=Tenant.State.ACTIVE, pac_company_id__isnull=False, mirror=None
    )
    Mirror.objects.bulk_create(
        [Mirror(tenant=tenant, due_at=now) for tenant in missing.only("pk")], ignore_conflicts=True
    )


def _take_turn(mirror: Mirror) -> bool:
    """Some pages of one list, under a lease that every page renews."""
    if not _claim(mirror):
        return False
    with act_context():
        try:
            if not mirror.is_running:
                _begin(mirror)
            for _ in range(_PAGES_A_TURN):
                if not _read_page(mirror):
                    return True
            _release(mirror, timezone.now())
        except PacError as error:
            logger.warning("The list of %s could not be read: %s", mirror.tenant.uid, error.code)
            _fail(mirror, error)
        except _TurnTaken:
            logger.info("The turn of the list of %s was taken away", mirror.tenant.uid)
        except Exception:
            # One list that cannot be understood must not stop those behind it.
            logger.exception("The list of %s broke off", mirror.tenant.uid)
            _fail(mirror, Unsettled())
    return True


def _claim(mirror: Mirror) -> bool:
    until = timezone.now() + lease()
    if not Mirror.objects.filter(pk=mirror.pk, due_at=mirror.due_at).update(due_at=until):
        return False
    mirror.due_at = until
    return True


def _begin(mirror: Mirror) -> None:
    now = timezone.now()
    is_stale = mirror.whole_at is None or now - mirror.whole_at > WHOLE_EVERY
    since = None if is_stale or mirror.is_wanted_whole else _overlapped(mirror.listed_until)
    began: dict[str, Any] = {
        "run": mirror.run + 1,
        "is_running": True,
        "is_wanted_whole": False,
        "since": since,
        "token": "",
        "pages_read": 0,
        "rows_read": 0,
        "rows_new": 0,
        "problem": None,
        "started_at": now,
    }
    _require_ours(mirror, began)


def _overlapped(until: datetime | None) -> date | None:
    return timezone.localdate(until - OVERLAP) if until else None


def _read_page(mirror: Mirror) -> bool:
    """Read one page and write it; whether more are to come."""
    provider = provider_for(mirror.tenant)
    page = provider.page_of_issued(company_id(mirror.tenant), token=mirror.token, since=mirror.since)
    with transaction.atomic():
        new, is_circle = _keep(mirror, page)
        changes: dict[str, Any] = {
            "pages_read": mirror.pages_read + 1,
            "rows_read": mirror.rows_read + len(page.rows),
            "rows_new": mirror.rows_new + new,
            "token": page.next_token,
        }
        if mirror.failures:
            changes["problem"] = None
        if is_circle or mirror.pages_read >= _MOST_PAGES:
            changes |= _given_up(mirror, _circle())
        elif page.next_token:
            changes |= {"failures": 0, "due_at": timezone.now() + lease()}
        else:
            changes |= _completed(mirror)
        if any(not row.document_id for row in page.rows):
            changes["problem"] = problem_of(_without_id())
        _require_ours(mirror, changes)
        if not mirror.is_running and not mirror.failures:
            _note_completion(mirror)
        if new:
            wake(TASK)
    return mirror.is_running


def _completed(mirror: Mirror) -> dict[str, Any]:
    now = timezone.now()
    done: dict[str, Any] = {
        "is_running": False,
        "completed_at": now,
        "listed_until": mirror.started_at,
        "failures": 0,
        "due_at": now + EVERY,
    }
    return done | ({"whole_at": mirror.started_at} if mirror.since is None else {})


def _given_up(mirror: Mirror, error: RuleBroken) -> dict[str, Any]:
    """This run leads nowhere, and what it listed stays: another one begins later."""
    logger.warning("The list of %s was given up: %s", mirror.tenant.uid, error.code)
    failures = min(mirror.failures + 1, _MOST_FAILURES)
    return {
        "is_running": False,
        "failures": failures,
        "problem": problem_of(error),
        "due_at": timezone.now() + queue_wait(failures),
    }


def _note_completion(mirror: Mirror) -> None:
    """One row of the audit trail for a run that brought something, and for the whole lists."""
    if not mirror.rows_new and mirror.since is not None:
        return
    after = {
        "run": mirror.run,
        "since": mirror.since,
        "pages": mirror.pages_read,
        "listed": mirror.rows_read,
        "new": mirror.rows_new,
    }
    audit.record("mirror.listed", actor=None, tenant_uid=mirror.tenant.uid, target=mirror, after=after)


def _keep(mirror: Mirror, page: ListedPage) -> tuple[int, bool]:
    """(How many documents of the page are new, whether it is a page of a circle.)"""
    tenant, now = mirror.tenant, timezone.now()
    rows = {row.document_id: row for row in page.rows if row.document_id}
    known = {row.pac_document_id: row for row in _known(tenant, rows)}
    is_circle = page.next_token != "" and page.next_token == mirror.token
    if rows and page.next_token and all(each in known and known[each].run == mirror.run for each in rows):
        is_circle = True
    MirroredRow.objects.filter(pk__in=[row.pk for row in known.values()]).update(run=mirror.run)
    for document_id, row in known.items():
        _note_change(row, rows[document_id], now)
    company = company_id(tenant)
    fresh = [_row(mirror, row, company, now) for document_id, row in rows.items() if document_id not in known]
    MirroredRow.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh), is_circle


def _known(tenant: Tenant, rows: Mapping[str, ListedDocument]) -> Any:
    return MirroredRow.objects.filter(tenant=tenant, pac_document_id__in=list(rows))


def _row(mirror: Mirror, row: ListedDocument, company: str, now: datetime) -> MirroredRow:
    made = MirroredRow(
        tenant=mirror.tenant,
        pac_document_id=row.document_id,
        run=mirror.run,
        raw_kind=row.raw_kind[:40],
        number=row.number[:40],
        raw_legal_status=row.raw_legal_status[:60],
        due_at=now,
    )
    if row.company_id and row.company_id != company:
        made.state, made.due_at = State.HELD, None
        made.problem = problem_of(other_company())
    elif row.kind is None:
        made.state, made.due_at = State.OTHER_KIND, None
    return made


def _note_change(row: MirroredRow, said: ListedDocument, now: datetime) -> None:
    """The provider says something else of a document than when it was listed before: it is read again, at the one door."""
    word = said.raw_legal_status[:60]
    if word == row.raw_legal_status:
        return
    MirroredRow.objects.filter(pk=row.pk).update(raw_legal_status=word)
    accepted = Document.objects.filter(
        tenant=row.tenant_id, document_id=row.pac_document_id, submission=Submission.ACCEPTED
    )
    if accepted.exists():
        accepted.exclude(raw_legal_status=word).update(due_at=now)
    elif row.state in {State.BROUGHT, State.OURS, State.HELD}:
        # What was rejected there may have been taken in by now.
        MirroredRow.objects.filter(pk=row.pk).update(state=State.WAITING, due_at=now)


def _require_ours(mirror: Mirror, changes: dict[str, Any]) -> None:
    """Write, unless the turn was taken away meanwhile: then nothing of it stays."""
    if not Mirror.objects.filter(pk=mirror.pk, due_at=mirror.due_at).update(**changes):
        raise _TurnTaken
    for name, value in changes.items():
        setattr(mirror, name, value)


def _release(mirror: Mirror, due_at: datetime, **changes: Any) -> None:
    Mirror.objects.filter(pk=mirror.pk, due_at=mirror.due_at).update(due_at=due_at, **changes)


def _fail(mirror: Mirror, error: PacError) -> None:
    """The token stays, so that the next turn goes on there; a token that is refused may have expired, so the list begins anew."""
    failures = min(mirror.failures + 1, _MOST_FAILURES)
    wait = queue_wait(failures)
    changes: dict[str, Any] = {"failures": failures, "problem": problem_of(error)}
    if error.retry_after is not None:
        wait = max(wait, timedelta(seconds=error.retry_after))
    if isinstance(error, Incident):
        incidents.open_incident(mirror.tenant, error)
        wait = _AFTER_REFUSAL
    elif isinstance(error, Refused | NotFound):
        wait = _AFTER_REFUSAL if not mirror.token else wait
        changes["is_running"] = False
    _release(mirror, timezone.now() + wait, **changes)


def problem_of(error: PacError | RuleBroken) -> dict[str, Any]:
    """What stands in the way, as it is kept; the sentence is a template, to be said in the reader's language."""
    return {
        "code": error.code,
        "message": error.template,
        "values": audit.plain_json(dict(error.values)),
        "words": getattr(error, "provider_words", "")[:500],
        "exchange_id": getattr(error, "exchange_id", ""),
    }


def other_company() -> RuleBroken:
    """The same account lists companies that are not ours to serve here."""
    return RuleBroken(
        "other_company", gettext_noop("El documento es de otra empresa de la misma cuenta: no se trae.")
    )


def _circle() -> RuleBroken:
    return RuleBroken(
        "list_in_a_circle",
        gettext_noop("La lista del PAC da vueltas: su última página no llegó. Se empieza de nuevo."),
    )


def _without_id() -> RuleBroken:
    return RuleBroken(
        "row_without_id",
        gettext_noop("La lista del PAC trae un documento sin identificador: ese no se puede traer."),
    )
