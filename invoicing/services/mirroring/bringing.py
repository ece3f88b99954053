"""Bringing listed documents: each is read whole and becomes a document of ours, once, or is known as one that already is.

By its id at the provider, else by its number: what waits for the answer to our own post is proven by `tracking.adopt` or left
until that answer is here; a number that another document of ours bears is for a person. News about what was brought enters by
the one door, `tracking`; its files are fetched by the poll.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cifras.core import wake
from cifras.core.context import act_context
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.contract import Capability, IssuedDocument
from cifras.pac.errors import Busy, Incident, NotDelivered, PacError, Unsettled
from invoicing.models import Document, MirroredRow
from invoicing.services import incidents, timeline, tracking
from invoicing.services.asking import ask_all
from invoicing.services.leases import lease, queue_wait
from invoicing.services.mirroring import building
from invoicing.services.mirroring.linking import link
from invoicing.services.mirroring.pulling import account_of, other_company, problem_of
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for, provider_spec

logger = logging.getLogger(__name__)

State = MirroredRow.State

_PASSING = (Unsettled, NotDelivered, Busy)
_AFTER_REFUSAL = timedelta(minutes=15)
# Their outcome will say whether the number is ours: until then nobody else's document is made of it.
_IN_FLIGHT = (Submission.SENDING, Submission.UNKNOWN)


class _NotYet(Exception):
    """A document of ours with this number waits for its answer."""


def bring_due(*, limit: int = 50) -> int:
    """Bring the listed documents whose turn has come; answers how many were looked at."""
    now = timezone.now()
    due = Q(due_at__lte=now, state=State.WAITING) & ~Q(tenant__state=Tenant.State.CLOSED)
    for provider, environment in incidents.open_circuits(now):
        due &= ~Q(tenant__pac_provider=provider, tenant__environment=environment)
    waiting = MirroredRow.objects.select_related("tenant").filter(due).order_by("due_at", "pk")
    return ask_all(waiting[:limit], account_of, _take_turn)


def bring_one(tenant: Tenant, document_id: str) -> Document | None:
    """The provider's document of an id that is new here, brought now or known as one of ours. None where there is neither.

    Raises PacError where it cannot be read.
    """
    if not provider_spec(tenant).can(Capability.MIRROR):
        return None
    whole = provider_for(tenant).issued_document(company_id(tenant), document_id)
    with transaction.atomic():
        # Due after this turn, should it break off: the queue brings it then.
        row, _made = MirroredRow.objects.get_or_create(
            tenant=tenant, pac_document_id=document_id, defaults={"due_at": timezone.now() + lease()}
        )
    try:
        return _settle(row, whole, source="webhook")
    except RuleBroken as error:
        _hold(row, error)
    except _NotYet:
        _later(row, queue_wait(1))
    return None


def _take_turn(row: MirroredRow) -> bool:
    if not _claim(row):
        return False
    with act_context():
        try:
            provider = provider_for(row.tenant)
            _settle(
                row, provider.issued_document(company_id(row.tenant), row.pac_document_id), source="mirror"
            )
        except (_NotYet, OperationalError):
            _later(row, queue_wait(row.attempts))
        except PacError as error:
            _fail(row, error)
        except RuleBroken as error:
            _hold(row, error)
        except Exception:
            # One document that cannot be understood must not stop those behind it.
            logger.exception("Listed document %s of %s could not be brought", row.pk, row.tenant.uid)
            _hold(row, _not_understood())
    return True


def _claim(row: MirroredRow) -> bool:
    until = timezone.now() + lease()
    mine = MirroredRow.objects.filter(pk=row.pk, state=State.WAITING, due_at=row.due_at)
    if not mine.update(due_at=until, attempts=F("attempts") + 1):
        return False
    row.due_at, row.attempts = until, row.attempts + 1
    return True


def _settle(row: MirroredRow, whole: IssuedDocument, *, source: str) -> Document | None:
    """Make the document, or find that it is known; None for a kind that is not kept. Raises RuleBroken for a person."""
    tenant = row.tenant
    _require_its_own(tenant, whole)
    if whole.answer.document_id != row.pac_document_id:
        raise _not_understood()
    row.raw_kind, row.number = whole.raw_kind[:40], whole.answer.number[:40]
    # Where the list has said a word already, that one stays: its next one is compared with it.
    row.raw_legal_status = row.raw_legal_status or whole.answer.raw_legal_status[:60]
    if whole.kind is None:
        _close(row, State.OTHER_KIND)
        return None
    known = Document.objects.filter(
        tenant=tenant,
        provider=tenant.pac_provider,
        environment=tenant.environment,
        document_id=row.pac_document_id,
    ).first() or _ours_by_number(row, whole)
    if known is not None and known.is_mirrored:
        return _renew(row, known, whole)
    if known is not None:
        _close(row, State.OURS, known)
        return known
    try:
        return _bring(row, whole, source=source)
    except IntegrityError:
        # Somebody was faster with the same number or id: whoever looks again finds it.
        logger.info("Listed document %s of %s met another one", row.pk, tenant.uid)
        raise _NotYet from None


def _bring(row: MirroredRow, whole: IssuedDocument, *, source: str) -> Document:
    with transaction.atomic():
        document = building.build(row.tenant, whole)
        timeline.note(
            document,
            "mirrored",
            detail={"source": source, "document_id": document.document_id, "number": document.number},
            exchange_id=whole.answer.exchange_id,
        )
        document = tracking.apply(document, whole.answer, source="mirror", fetches_files=False)
        link(row, document, whole)
        # Its files: the poll reads it again, for links that are fresh then.
        accepted = Document.objects.filter(pk=document.pk, submission=Submission.ACCEPTED)
        if accepted.update(due_at=timezone.now()):
            wake("invoicing.pac_status_poll")
        _close(row, State.BROUGHT, document)
    return document


def _renew(row: MirroredRow, document: Document, whole: IssuedDocument) -> Document:
    """Apply what is said of a document that was brought before. One that was rejected at first may be taken in by now."""
    was_refused = document.submission == Submission.REFUSED
    try:
        with transaction.atomic():
            document = tracking.apply(document, whole.answer, source="mirror", fetches_files=False)
            if was_refused and document.submission == Submission.ACCEPTED:
                link(row, document, whole)
            _close(row, State.BROUGHT, document)
    except IntegrityError:
        raise _number_taken(document) from None
    return document


def _require_its_own(tenant: Tenant, whole: IssuedDocument) -> None:
    """Raises RuleBroken unless the document names the tenant as its issuer: one token opens every company of an account."""
    is_other = (whole.company_id and whole.company_id != tenant.pac_company_id) or (
        whole.issuer_tax_id and whole.issuer_tax_id != tenant.ruc
    )
    if is_other:
        raise other_company()
    if not whole.company_id and not whole.issuer_tax_id:
        raise RuleBroken(
            "issuer_not_named",
            gettext_noop("El PAC no dice de qué empresa es el documento: no se trae sin saberlo."),
        )


def _ours_by_number(row: MirroredRow, whole: IssuedDocument) -> Document | None:
    """Our own document with this number, proven to be this one; None where nobody bears it."""
    tenant = row.tenant
    if building.reasons(whole):
        return None  # said again, one by one, when it is built
    bearers = Document.objects.issued_by_us().filter(
        tenant=tenant,
        billing_point=whole.series,
        series=whole.document_type,
        number=building.number_of(tenant, whole),
    )
    holder = bearers.exclude(is_mirrored=True, legal_status=LegalStatus.PAC_REJECTED).first()
    if holder is None or holder.document_id == row.pac_document_id:
        return holder  # the answer to our own post may have come just now
    adopted = tracking.adopt(tenant, Kind(holder.kind), whole.answer, source="mirror")
    if adopted is not None:
        return adopted
    if holder.submission in _IN_FLIGHT and not holder.flag:
        raise _NotYet
    if whole.answer.legal_status == LegalStatus.PAC_REJECTED:
        return None  # it has not used the number that the other one bears
    raise _number_taken(holder)


def _close(row: MirroredRow, state: State, document: Document | None = None) -> None:
    row.state, row.document, row.due_at, row.problem = state, document, None, None
    row.save(
        update_fields=[
            "state", "document", "due_at", "problem", "raw_kind", "number", "raw_legal_status", "refers_to",
        ]
    )  # fmt: skip


def _fail(row: MirroredRow, error: PacError) -> None:
    logger.warning("Listed document %s of %s could not be read: %s", row.pk, row.tenant.uid, error.code)
    if isinstance(error, _PASSING):
        wait = queue_wait(row.attempts)
        if error.retry_after is not None:
            wait = max(wait, timedelta(seconds=error.retry_after))
        _later(row, wait, problem=problem_of(error))
    elif isinstance(error, Incident):
        incidents.open_incident(row.tenant, error)
        _later(row, _AFTER_REFUSAL, problem=problem_of(error))
    else:
        _hold(row, error)


def _later(row: MirroredRow, wait: timedelta, **changes: Any) -> None:
    due_at: datetime = timezone.now() + wait
    _mine(row).update(state=State.WAITING, due_at=due_at, **changes)


def _hold(row: MirroredRow, error: RuleBroken | PacError) -> None:
    """For a person: it is not tried again by itself, unless the provider says something else of it."""
    _mine(row).update(
        state=State.HELD,
        due_at=None,
        problem=problem_of(error),
        raw_kind=row.raw_kind,
        number=row.number,
        raw_legal_status=row.raw_legal_status,
    )


def _mine(row: MirroredRow) -> QuerySet[MirroredRow]:
    """The row, unless somebody has taken its turn or closed it meanwhile."""
    return MirroredRow.objects.filter(pk=row.pk, due_at=row.due_at)


def _number_taken(holder: Document) -> RuleBroken:
    return RuleBroken(
        "mirrored_number_taken",
        gettext_noop("Su número {number} ya es de otro documento de la empresa en Cifras: compare los dos."),
        number=holder.printed_number,
    )


def _not_understood() -> RuleBroken:
    return RuleBroken(
        "mirrored_not_understood",
        gettext_noop(
            "Lo que el PAC dice de este documento no se pudo leer: avise a soporte con su identificador."
        ),
    )
