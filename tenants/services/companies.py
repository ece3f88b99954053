"""The company at the provider: looked for first, created once, and asked about when the answer was lost.

`Onboarding.company_unknown` is committed before the request leaves and taken back only when it is certain what became of it;
so neither a lost answer nor a killed worker can lead to a second company.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.scopes import all_tenants
from cifras.fiscal.errors import RuleBroken, gettext_noop, refuse
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.pac.contract import CompanyState, PacProvider
from cifras.pac.errors import NotFound, NotSupported, Outcome, PacError, Refused, Unsettled
from tenants.models import Onboarding, Tenant
from tenants.services import affiliation, custody, logos
from tenants.services.accounts import provider_for
from tenants.services.identity import is_settled
from tenants.services.progress import StepResult, StepRun, StepState
from tenants.services.reading import CompanyEntry, read_company

SHORTEST_REASON = 15
_AT_PROVIDER = ("legal_name", "trade_name", "logo_url")
_OURS = ("email", "contact_name", "contact_telephone")


def take_company(run: StepRun) -> StepResult:
    """Names, logo and contact (inputs as in the JSON). What the provider already has cannot be changed here.

    Further inputs of a page: `logo` (bytes) or `drops_logo` for the picture that is kept here, and `looks_at_logo`, which has
    the address fetched (outside any transaction): what is wrong with it becomes a note.
    """
    inputs = dict(run.inputs)
    content, drops, looks = (inputs.pop(name, None) for name in ("logo", "drops_logo", "looks_at_logo"))
    entry = read_company(inputs)
    tenant = run.tenant
    if is_settled(run.onboarding):
        refuse(
            RuleBroken(
                "company_already_sent",
                gettext_noop(
                    "El PAC ya recibió este dato («{known}»): no se cambia durante la habilitación."
                ),
                name,
                known=getattr(tenant, name),
            )
            for name in _AT_PROVIDER
            if getattr(entry, name) != getattr(tenant, name)
        )
    picture = logos.clean_picture(content) if content else None
    warning = logos.look_at_address(entry.logo_url) if looks and entry.logo_url else None
    for name in (*_AT_PROVIDER, *_OURS):
        setattr(tenant, name, getattr(entry, name))
    with transaction.atomic():
        run.hold()
        if picture or drops:
            logos.keep_logo(tenant, picture)
        tenant.save(update_fields=[*_AT_PROVIDER, *_OURS, "logo", "updated_at"])
    return StepResult(notes=(warning,) if warning else ())


def entry_of(tenant: Tenant) -> CompanyEntry:
    """What was taken before."""
    return CompanyEntry(**{name: getattr(tenant, name) for name in (*_AT_PROVIDER, *_OURS)})


def create_company(run: StepRun) -> StepResult:
    """Find the company at the provider, or create it.

    Inputs, for a person who looked at the provider's own pages: `company_id`, the id found there; `absent_because`, how it is
    known that there is none, which allows a request to be repeated.
    """
    if run.tenant.pac_company_id:
        return StepResult()
    provider = provider_for(run.tenant)
    company_id = run.inputs.get("company_id") or run.onboarding.data.get("company_id")
    if company_id:
        return _adopt(run, read_at_provider(provider, str(company_id)))
    try:
        found = provider.find_company(run.tenant.ruc)
    except (NotSupported, NotFound):
        return _create(run, provider) if _may_post_unseen(run) else _nobody_to_ask()
    if found:
        return _adopt(run, found)
    if run.onboarding.company_unknown and not _is_absence_proven(run):
        return _too_early()
    return _create(run, provider)


def _create(run: StepRun, provider: PacProvider) -> StepResult:
    profile = custody.profile_of(run.onboarding)
    run.hold(company_unknown=True, data=with_request_noted(run.onboarding, "company"))
    try:
        state = provider.create_company(profile)
    except PacError as error:
        if error.outcome is Outcome.NOT_DONE:
            run.hold(company_unknown=False)
        raise _about_company(error) from error
    return _adopt(run, state)


def _adopt(run: StepRun, state: CompanyState) -> StepResult:
    """The company is the tenant's: keep its id, erase the certificate, all in one go."""
    tenant = run.tenant
    if not state.company_id:
        raise Unsettled(body=state.body, exchange_id=state.exchange_id)
    require_own(tenant, state.company_id, ruc=state.ruc)
    was_sent = run.onboarding.company_unknown
    with transaction.atomic():
        run.hold(company_unknown=False)
        tenant.pac_company_id = state.company_id
        tenant.save(update_fields=["pac_company_id", "updated_at"])
        custody.let_go(run.onboarding, was_sent=was_sent)
        audit.record(
            "tenant.registered",
            actor=run.actor,
            tenant_uid=tenant.uid,
            target=tenant,
            after={"pac_company_id": state.company_id, "by_our_request": was_sent},
            reason=str(run.inputs.get("absent_because") or ""),
            exchange_id=state.exchange_id,
        )
        affiliation.remember(tenant, state, actor=run.actor)
    notes = () if was_sent else (_found_there(state.company_id),)
    return StepResult(notes=notes, answer=state.company_id, exchange_id=state.exchange_id)


def read_at_provider(provider: PacProvider, company_id: str) -> CompanyState:
    """The company with that id. Raises RuleBroken (unknown_company), PacError."""
    try:
        return provider.read_company(company_id)
    except NotFound as error:
        raise RuleBroken(
            "unknown_company",
            gettext_noop(
                "El PAC no conoce la empresa «{company_id}»: copie su identificador del portal del PAC."
            ),
            "company_id",
            company_id=company_id[:60],
        ) from error


def require_own(tenant: Tenant, company_id: str, *, ruc: str = "") -> None:
    """Raises RuleBroken when the provider's company is of another RUC, or another tenant of ours has it."""
    if ruc and ruc_rules.compact(ruc) != tenant.ruc:
        raise RuleBroken(
            "company_of_another_ruc",
            gettext_noop("Esa empresa del PAC tiene el RUC {found}, no {ruc}. Revise el identificador."),
            "company_id",
            found=ruc[:40],
            ruc=tenant.ruc,
        )
    with all_tenants(reason="whether another company has the same account at the provider"):
        others = Tenant.objects.exclude(pk=tenant.pk)
    holders = others.filter(
        pac_provider=tenant.pac_provider, environment=tenant.environment, pac_company_id=company_id
    )
    if holders.exists():
        raise RuleBroken(
            "company_taken",
            gettext_noop(
                "La empresa {company_id} del PAC ya pertenece a otra empresa de Cifras: revise si quedó cerrada."
            ),
            "company_id",
            company_id=company_id,
        )


def _may_post_unseen(run: StepRun) -> bool:
    """Where nobody can be asked: the first request may leave, a second only on a person's word."""
    return not run.onboarding.company_unknown or _is_said_absent(run)


def _is_absence_proven(run: StepRun) -> bool:
    """The provider says there is no such company, and a request still under way there would have ended by now."""
    return _is_said_absent(run) or is_request_over(run.onboarding, "company")


def _is_said_absent(run: StepRun) -> bool:
    reason = str(run.inputs.get("absent_because") or "").strip()
    if reason and len(reason) < SHORTEST_REASON:
        raise RuleBroken(
            "reason_too_short",
            gettext_noop(
                "Explique en al menos {minimum} caracteres cómo comprobó que la empresa no existe en el PAC."
            ),
            "absent_because",
            minimum=SHORTEST_REASON,
        )
    return bool(reason)


def with_request_noted(onboarding: Onboarding, name: str) -> Mapping[str, Any]:
    """The record's data with the time at which a request leaves."""
    requests = {**onboarding.data.get("requested_at", {}), name: timezone.now().isoformat()}
    return {**onboarding.data, "requested_at": requests}


def is_request_over(onboarding: Onboarding, name: str) -> bool:
    """Whether the provider's own time-out (PAC_RESEND_AFTER) has passed since the last request."""
    requested_at = onboarding.data.get("requested_at", {}).get(name)
    if requested_at is None:
        return False
    return timezone.now() > datetime.fromisoformat(requested_at) + timedelta(
        seconds=settings.PAC_RESEND_AFTER
    )


def _about_company(error: PacError) -> PacError:
    """A refusal in words that fit: it is the company that was refused."""
    if not isinstance(error, Refused):
        return error
    return Refused(
        gettext_noop(
            "El PAC rechazó la empresa. Corrija lo que señala, o indique el identificador que ya tiene allí."
        ),
        status=error.status,
        problems=error.problems,
        body=error.body,
        exchange_id=error.exchange_id,
    )


def _nobody_to_ask() -> StepResult:
    return StepResult(
        StepState.UNKNOWN,
        notes=(
            RuleBroken(
                "company_unknown",
                gettext_noop(
                    "Se pidió crear la empresa, la respuesta se perdió y este PAC no deja buscarla. Búsquela en su portal: "
                    "indique el identificador que tenga allí o confirme que no existe."
                ),
            ),
        ),
    )


def _too_early() -> StepResult:
    return StepResult(
        StepState.UNKNOWN,
        notes=(
            RuleBroken(
                "company_unknown_yet",
                gettext_noop(
                    "Se pidió crear la empresa, la respuesta se perdió y el PAC aún no la muestra. Repita el paso en unos "
                    "minutos: se le preguntará de nuevo antes de crearla."
                ),
            ),
        ),
    )


def _found_there(company_id: str) -> RuleBroken:
    return RuleBroken(
        "company_found",
        gettext_noop(
            "La empresa ya existía en el PAC ({company_id}) y se usa esa: el certificado subido no se envió y se borró."
        ),
        company_id=company_id,
    )
