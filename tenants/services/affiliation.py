"""The company's affiliation to the provider before the DGI: type 3 asks for the code the customer scans, type 1 finishes.

Both calls may be repeated, their meaning is disputed (contract wire.md 14, doubt 4), and neither is the truth: what counts is
the word the company carries when it is read. Only where that word allows issuing may live documents leave.
"""

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, CompanyState, PacProvider
from cifras.pac.errors import PacError, Refused
from tenants.models import Tenant
from tenants.services.accounts import company_id, provider_for, require
from tenants.services.progress import StepResult, StepRun, StepState


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
    failure = None if tenant.may_issue_live else _try_to_finish(run, provider)
    run.hold()
    state = provider.read_company(company_id(tenant))
    with transaction.atomic():
        remember(tenant, state, actor=run.actor)
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


def remember(tenant: Tenant, state: CompanyState, *, actor: Staff | None) -> None:
    """Keep the word of a company that was read, in the caller's transaction; none means that it is not affiliated."""
    before = {"affiliated": tenant.affiliated, "may_issue_live": tenant.may_issue_live}
    after = {"affiliated": state.affiliated[:40], "may_issue_live": state.may_issue}
    tenant.affiliated, tenant.may_issue_live = state.affiliated[:40], state.may_issue
    tenant.affiliation_read_at = timezone.now()
    tenant.save(update_fields=["affiliated", "may_issue_live", "affiliation_read_at"])
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
