"""What persons make of a difference: adopt the provider's side, have it asked again, accept it, or dispute it.

Nothing is adopted past the doors that exist: news enters by tracking, an unconfirmed document by its verdict. Whoever decides
anything of a month takes no part in its closing (domain 12), however often others decide the same difference after them.
"""

from collections.abc import Callable, Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.proposals import LONGEST_REASON, require_reason
from cifras.core.rights import may
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import Submission
from invoicing.models import Document
from invoicing.services import tracking, watching
from invoicing.services.mirroring.bringing import bring_one
from invoicing.services.unknown_verdicts import settle_by_look_up
from reports.models import Difference, DifferenceComment, MonthClosing, Reconciliation
from reports.models.reconciliation import Decision, DifferenceClass
from reports.services.locking import lock_tenant
from tenants.access import tenants_for
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for

RECONCILE = "reports.reconcile"
ADOPT = "invoicing.decide_document"  # what a verdict takes, taken here
_OF_STATUS = (DifferenceClass.STATUS, DifferenceClass.PENDING)


def may_be_adopted(difference: Difference) -> bool:
    """Whether the provider's side can be taken over here; anything else is settled on the document's page."""
    if difference.document_uid:
        return difference.difference_class in _OF_STATUS and bool(difference.pac)
    return (
        difference.difference_class == DifferenceClass.MISSING_HERE
        and bool(difference.pac_document_id)
        and bool(difference.kind)
    )


def decide(difference: Difference, decision: Decision, *, reason: str, actor: Staff) -> None:
    """Decide one difference of the newest run of an open month.

    Raises RuleBroken with what stands in the way, and PacError when adopting asks.
    """
    _require_decidable(difference.reconciliation)
    clean = require_reason(reason) if decision in _WITH_REASON else reason.strip()[:LONGEST_REASON]
    _ACTS.get(decision, _nothing)(difference, clean, actor)
    with transaction.atomic():
        lock_tenant(difference.tenant_id)
        # Once more: whoever closes the month has looked at who decided.
        _require_decidable(difference.reconciliation)
        this = Difference.objects.filter(pk=difference.pk)
        before = this.values_list("decision", flat=True).get()  # somebody else may have decided meanwhile
        this.update(decision=decision, decision_reason=clean, decided_by=actor, decided_at=timezone.now())
        _say(difference, clean, actor, decision)
        audit.record(
            "difference.decided",
            actor=actor,
            tenant_uid=difference.tenant.uid,
            target=difference,
            before={"decision": before},
            after={"decision": decision, "class": difference.difference_class},
            reason=clean,
        )


def assign(difference: Difference, assignee: Staff | None, *, actor: Staff) -> None:
    """Give a difference to somebody who sees the tenant and may decide, or to nobody."""
    if assignee is not None and not _may_decide(difference, assignee):
        raise RuleBroken(
            "assignee_may_not",
            gettext_noop("{person} no puede conciliar esta empresa: elija a otra persona."),
            "assignee",
            person=assignee.username,
        )
    with transaction.atomic():
        Difference.objects.filter(pk=difference.pk).update(assignee=assignee)
        audit.record(
            "difference.assigned",
            actor=actor,
            tenant_uid=difference.tenant.uid,
            target=difference,
            after={"assignee": assignee.username if assignee else None},
        )


def comment(difference: Difference, text: str, *, actor: Staff) -> None:
    """Say something about a difference; it stays through later runs."""
    clean = text.strip()
    if not clean or len(clean) > LONGEST_REASON:
        raise RuleBroken(
            "comment_length",
            gettext_noop("Escriba un comentario de hasta {maximum} caracteres."),
            "text",
            maximum=LONGEST_REASON,
        )
    _say(difference, clean, actor)


def has_decided(person: Staff, tenant: Tenant, month: date) -> bool:
    """Whether the person ever decided a difference of the month, in any of its runs, whoever decided it again since."""
    rows = Difference.objects.filter(
        reconciliation__in=Reconciliation.objects.filter(
            tenant=tenant, month=month, environment=tenant.environment
        )
    )
    said = DifferenceComment.objects.filter(
        tenant_uid=tenant.uid, author_uid=person.uid, decision__gt="", subject__in=rows.values("subject")
    )
    return said.exists() or rows.filter(decided_by=person).exists()


def _require_decidable(run: Reconciliation) -> None:
    """Raises RuleBroken for a month that is closed, and for a run that another one has followed."""
    named = {"tenant": run.tenant_id, "month": run.month, "environment": run.environment}
    if MonthClosing.objects.filter(**named, state=MonthClosing.State.CLOSED).exists():
        raise RuleBroken(
            "month_closed",
            gettext_noop("El mes ya está cerrado: lo que cambie va como ajuste del mes abierto."),
        )
    rows = Reconciliation.objects.filter(**named)
    if rows.filter(run__gt=run.run).exclude(summary={}).exists():
        raise RuleBroken(
            "older_run",
            gettext_noop("Hay una corrida más nueva de este mes: decida sobre sus diferencias."),
        )


def _say(difference: Difference, text: str, actor: Staff, decision: str = "") -> None:
    DifferenceComment.objects.create(
        tenant_uid=difference.tenant.uid,
        subject=difference.subject,
        author_uid=actor.uid,
        author_name=actor.username,
        decision=decision,
        text=text,
    )


def _may_decide(difference: Difference, person: Staff) -> bool:
    return may(person, RECONCILE) and tenants_for(person).filter(pk=difference.tenant_id).exists()


def _nothing(_difference: Difference, _reason: str, _actor: Staff) -> None:
    return None


def _look_again(difference: Difference, _reason: str, actor: Staff) -> None:
    watching.look_now(_document(difference), actor=actor)


def _adopt(difference: Difference, reason: str, actor: Staff) -> None:
    if not may(actor, ADOPT) or not may_be_adopted(difference):
        raise RuleBroken(
            "not_adoptable",
            gettext_noop("Esto no se adopta desde la conciliación: resuélvalo en la página del documento."),
        )
    if not difference.document_uid:
        _adopt_stranger(difference)
        return
    document = _document(difference)
    if document.submission == Submission.UNKNOWN:
        told = str(difference.pac.get("cufe") or "")
        settle_by_look_up(
            document.uid, pac_id=difference.pac_document_id, cufe=told, reason=reason, actor=actor
        )
    else:
        watching.look_now(document, actor=actor)


def _adopt_stranger(difference: Difference) -> None:
    """What only the provider has may be one of ours that still waits for its answer, or was issued there without us."""
    tenant, kind = difference.tenant, Kind(difference.kind)
    answer = provider_for(tenant).read(kind, company_id(tenant), difference.pac_document_id)
    known = tracking.adopt(tenant, kind, answer, source="manual")
    if known is None and bring_one(tenant, difference.pac_document_id) is None:
        raise RuleBroken(
            "nothing_to_adopt",
            gettext_noop(
                "Ningún documento nuestro en espera corresponde a este: si lo emitió otro sistema, regístrelo por su CUFE."
            ),
        )


def _document(difference: Difference) -> Document:
    uid = difference.document_uid
    known = Document.objects.select_related("tenant", "office").filter(tenant=difference.tenant)
    found = known.filter(uid=uid).first() if uid else None
    if found is None:
        raise RuleBroken(
            "no_document", gettext_noop("Esta diferencia no es de un documento nuestro."), "document"
        )
    return found


_WITH_REASON = (Decision.ADOPT, Decision.ACCEPT, Decision.DISPUTE)
_ACTS: Mapping[Decision, Callable[[Difference, str, Staff], None]] = {
    Decision.ADOPT: _adopt,
    Decision.REFETCH: _look_again,
}
