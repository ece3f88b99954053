"""The company's affiliation to the provider before the DGI: type 3 asks for the code the customer scans, type 1 finishes.

Both calls may be repeated, their meaning is disputed (contract wire.md 14, doubt 4), and neither is the truth: what counts is
the word the company carries when it is read. Only where that word allows issuing may live documents leave.

A lapse is known by the company's word, or by a complaint about a document (AP1010, DGI 4003). In the second case the company
may still carry the old word: then only a new affiliation, or a word that changed meanwhile, ends the lapse.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cifras.core import audit, wake
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, CompanyState, PacProvider
from cifras.pac.errors import PacError, Refused
from tenants.models import Onboarding, Tenant
from tenants.services.accounts import company_id, provider_for, provider_spec, require
from tenants.services.progress import StepResult, StepRun, StepState, last_try

_HELD_FOR = timedelta(days=1)
_SHORTEST_WAIT = timedelta(seconds=20)
_LONGEST_WAIT = timedelta(hours=2)


def request_affiliation(run: StepRun) -> StepResult:
    """Ask for the code (type 3); repeating it refreshes the code."""
    tenant = run.tenant
    state = provider_for(tenant).request_affiliation(company_id(tenant))
    _keep_code(run, state)
    if state.affiliated:
        with transaction.atomic():
            remember(tenant, state, actor=run.actor)
    return StepResult(
        notes=() if tenant.may_issue_live else (_scan_please(),),
        answer=state.affiliated,
        exchange_id=state.exchange_id,
    )


def finish_affiliation(run: StepRun) -> StepResult:
    """Finish (type 1), then read the company: its word decides, whatever the call came to."""
    tenant = run.tenant
    provider = provider_for(tenant)
    is_asked = not tenant.may_issue_live
    failure = _try_to_finish(run, provider) if is_asked else None
    run.hold()
    state = provider.read_company(company_id(tenant))
    with transaction.atomic():
        remember(tenant, state, actor=run.actor, is_renewed=is_asked and failure is None)
    if tenant.may_issue_live:
        return StepResult(answer=state.affiliated, exchange_id=state.exchange_id)
    if failure and not isinstance(failure, Refused):
        raise failure
    words = failure.provider_words if failure else ""
    return StepResult(
        StepState.WAITING,
        notes=(_scan_please(),),
        answer=" · ".join(word for word in (state.affiliated, words) if word),
        exchange_id=failure.exchange_id if failure else state.exchange_id,
    )


def refresh_affiliation(tenant: Tenant, *, actor: Staff | None) -> Tenant:
    """Read the company and keep its word; a lapse shows as `may_issue_live` false. Raises PacError, RuleBroken."""
    require(tenant, Capability.ONBOARD)
    state = provider_for(tenant).read_company(company_id(tenant))
    with transaction.atomic():
        remember(tenant, state, actor=actor)
    return tenant


def remember(tenant: Tenant, state: CompanyState, *, actor: Staff | None, is_renewed: bool = False) -> None:
    """Keep the word of a company that was read, in the caller's transaction; none means that it is not affiliated.

    `is_renewed`: the affiliation was finished anew just before, so that the word is worth something after a complaint.
    """
    now = timezone.now()
    before = {"affiliated": tenant.affiliated, "may_issue_live": tenant.may_issue_live}
    word, was_allowed = state.affiliated[:40], tenant.may_issue_live
    is_believed = is_renewed or tenant.affiliation_lapsed_at is None or word != tenant.affiliated
    tenant.affiliated, tenant.may_issue_live = word, state.may_issue and is_believed
    tenant.affiliation_read_at = now
    if tenant.may_issue_live:
        tenant.affiliation_lapsed_at = None
    elif was_allowed:
        tenant.affiliation_lapsed_at = now
    tenant.affiliation_due_at = _next_read(tenant, now)
    tenant.save(
        update_fields=[
            "affiliated",
            "may_issue_live",
            "affiliation_read_at",
            "affiliation_lapsed_at",
            "affiliation_due_at",
        ]
    )
    after = {"affiliated": tenant.affiliated, "may_issue_live": tenant.may_issue_live}
    if before != after:
        audit.record(
            "tenant.affiliation",
            actor=actor,
            tenant_uid=tenant.uid,
            target=tenant,
            before=before,
            after=after,
            exchange_id=state.exchange_id,
        )


def heed_complaints(tenant: Tenant, codes: Iterable[str], *, exchange_id: str = "") -> bool:
    """Record a lapse if one of the provider's or authority's complaint `codes` means one; answers whether it does.

    The company is read again at once, so that its own word is known too.
    """
    if provider_spec(tenant).lapse_codes.isdisjoint(code.upper() for code in codes):
        return False
    now = timezone.now()
    with transaction.atomic():
        lapsed = Tenant.objects.filter(pk=tenant.pk, may_issue_live=True).update(
            may_issue_live=False, affiliation_lapsed_at=now, affiliation_due_at=now
        )
        if lapsed:
            tenant.may_issue_live, tenant.affiliation_lapsed_at = False, now
            audit.record(
                "tenant.affiliation_lapsed",
                actor=None,
                tenant_uid=tenant.uid,
                target=tenant,
                before={"affiliated": tenant.affiliated, "may_issue_live": True},
                after={"affiliated": tenant.affiliated, "may_issue_live": False},
                exchange_id=exchange_id,
            )
            wake("tenants.affiliation")
    return True


def waiting_since(tenant: Tenant, onboarding: Onboarding | None) -> datetime:
    """Since when the company has been waited for: its lapse, or the last time somebody asked for the code."""
    asked = last_try(onboarding, "request_affiliation").at if onboarding else None
    return max((at for at in (asked, tenant.affiliation_lapsed_at) if at), default=tenant.created_at)


def _next_read(tenant: Tenant, now: datetime) -> datetime | None:
    """When the worker reads the company again: soon while somebody waits, then ever more rarely; daily while it holds."""
    if tenant.may_issue_live:
        return now + _HELD_FOR if tenant.is_live else None
    onboarding = Onboarding.objects.filter(tenant=tenant).first()
    age = now - waiting_since(tenant, onboarding)
    return now + min(max(age / 10, _SHORTEST_WAIT), _LONGEST_WAIT)


def _try_to_finish(run: StepRun, provider: PacProvider) -> PacError | None:
    """The call of type 1; what it failed with is decided once the company has been read."""
    try:
        state = provider.finish_affiliation(company_id(run.tenant))
    except PacError as error:
        return error
    _keep_code(run, state)
    return None


def _keep_code(run: StepRun, state: CompanyState) -> None:
    """Some providers hand out the code with the second call; once the company may issue it is no such code."""
    if state.qr and not state.may_issue:
        run.hold(qr=state.qr, qr_read_at=timezone.now())


def _scan_please() -> RuleBroken:
    return RuleBroken(
        "affiliation_waiting",
        gettext_noop(
            "El representante de la empresa debe escanear el código QR con la aplicación de la DGI y aceptar al PAC. "
            "Después repita el paso."
        ),
    )
