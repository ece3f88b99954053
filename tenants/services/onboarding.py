"""How a company comes to issue: steps over a stored record, each of them safe to repeat, by whoever is at hand.

The wizard runs one step at a time; `manage.py onboard` runs all that are due. Both go through `run_step`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cifras.core import audit
from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, ProviderSpec
from cifras.pac.errors import PacError
from tenants.access import sees_everything
from tenants.models import Onboarding, StaffGrant, Tenant
from tenants.services import companies, offices
from tenants.services.accounts import provider_spec
from tenants.services.activation import activate
from tenants.services.affiliation import finish_affiliation, request_affiliation
from tenants.services.companies import create_company, take_company
from tenants.services.connecting import take_account, try_account
from tenants.services.custody import take_certificate
from tenants.services.finding import tenants_of
from tenants.services.identity import change_identity
from tenants.services.offices import register_offices, take_offices
from tenants.services.pending import blocking_steps, pending_steps
from tenants.services.peru_tax_ids import confirm_peruvian_ruc
from tenants.services.progress import StepResult, StepRun
from tenants.services.reading import Identity, OnboardingEntry, read_onboarding
from tenants.services.tax_ids import confirm_ruc

_SOMEBODY_ELSE = frozenset({"onboarding_changed", "step_running"})


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the onboarding. `after` are the steps that must be complete before; `needs_input`: a person fills it in.

    `is_for` says at which providers it is taken, from their row in the registry; `titles` are its names by country.
    """

    name: str
    title: str | Promise
    run: Callable[[StepRun], StepResult]
    after: tuple[str, ...] = ()
    needs_input: bool = False
    is_external: bool = False
    is_for: Callable[[ProviderSpec], bool] = lambda _spec: True
    titles: Mapping[str, str | Promise] = field(default_factory=dict)

    def title_in(self, country: str) -> str | Promise:
        """Its name as the country has it."""
        return self.titles.get(country, self.title)


def _creates(spec: ProviderSpec) -> bool:
    return spec.can(Capability.ONBOARD)


def _connects(spec: ProviderSpec) -> bool:
    return not _creates(spec)


def _confirm(run: StepRun) -> StepResult:
    """The RUC, by the rules of its country."""
    return _CONFIRMATIONS[run.tenant.country](run)


_CONFIRMATIONS: Mapping[str, Callable[[StepRun], StepResult]] = {
    Tenant.Country.PANAMA: confirm_ruc,
    Tenant.Country.PERU: confirm_peruvian_ruc,
}

_ROWS = (
    Step("account", _("Cuenta en el proveedor"), take_account, needs_input=True, is_for=_connects),
    Step("ping", _("Probar la cuenta"), try_account, after=("account",), is_external=True, is_for=_connects),
    Step(
        "ruc",
        _("RUC y DV"),
        _confirm,
        after=("ping",),
        is_external=True,
        titles={Tenant.Country.PERU: _("RUC")},
    ),
    Step("company", _("Empresa"), take_company, needs_input=True),
    Step("certificate", _("Certificado"), take_certificate, needs_input=True, is_for=_creates),
    Step(
        "create_company",
        _("Crear en el PAC"),
        create_company,
        after=("ruc", "company", "certificate"),
        is_external=True,
        is_for=_creates,
    ),
    Step(
        "request_affiliation",
        _("Pedir la afiliación"),
        request_affiliation,
        after=("create_company",),
        is_external=True,
        is_for=_creates,
    ),
    Step(
        "finish_affiliation",
        _("Completar la afiliación"),
        finish_affiliation,
        after=("create_company", "request_affiliation"),
        is_external=True,
        is_for=_creates,
    ),
    Step(
        "offices",
        _("Sucursales"),
        take_offices,
        needs_input=True,
        titles={Tenant.Country.PERU: _("Establecimientos y series")},
    ),
    Step(
        "register_offices",
        _("Registrar las sucursales"),
        register_offices,
        after=("create_company", "offices"),
        is_external=True,
        is_for=_creates,
    ),
    Step("activate", _("Revisar y activar"), activate),
)
STEPS: Mapping[str, Step] = {row.name: row for row in _ROWS}


def steps_for(tenant: Tenant) -> Mapping[str, Step]:
    """The steps that the tenant's provider asks for, by name, in their order."""
    spec = provider_spec(tenant)
    return {name: row for name, row in STEPS.items() if row.is_for(spec)}


def start_onboarding(data: Mapping[str, Any] | OnboardingEntry, *, actor: Staff | None) -> Onboarding:
    """Begin, or take up again, the onboarding of a company, known by provider, environment and RUC.

    Who it is must be there; names and offices may follow. What is given is stored, nothing leaves. Raises RulesBroken with all
    reasons, and then nothing is stored.
    """
    entry = data if isinstance(data, OnboardingEntry) else read_onboarding(data)
    try:
        with transaction.atomic():
            return _start(entry, actor)
    except IntegrityError:
        with transaction.atomic():
            return _start(entry, actor)  # somebody began it at the same moment


def run_step(onboarding: Onboarding, step: str, *, actor: Staff | None, **inputs: Any) -> Onboarding:
    """Run one step and remember the try. `onboarding` must be as the actor saw it: a page sets the `version` it was drawn
    with. It is brought up to date.

    Raises RuleBroken (also: unknown_step, step_too_early, onboarding_changed, step_running) and PacError; except where somebody
    else is at work the try is remembered all the same.
    """
    row = _step(step, onboarding.tenant)
    _require_open(onboarding.tenant)
    _require_its_turn(row, onboarding.tenant)
    run = StepRun(onboarding, step, actor, inputs)
    run.begin()
    try:
        result = row.run(run)
    except (RuleBroken, PacError) as error:
        if getattr(error, "code", "") not in _SOMEBODY_ELSE:
            run.fail(error)
        raise
    except BaseException:
        run.drop()
        raise
    run.finish(result)
    _note_the_end(onboarding)
    return onboarding


def advance(
    onboarding: Onboarding,
    *,
    actor: Staff | None,
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[RuleBroken | PacError]:
    """Run every step that is due, in order, each once, as far as one can come without a person; answers what was refused.

    `inputs` are further inputs by step.
    """
    refusals: list[RuleBroken | PacError] = []
    for row in steps_for(onboarding.tenant).values():
        if not _is_due(row, onboarding.tenant):
            continue
        try:
            run_step(onboarding, row.name, actor=actor, **(inputs or {}).get(row.name, {}))
        except (RuleBroken, PacError) as error:
            refusals.append(error)
            if error.code in _SOMEBODY_ELSE:
                break
    return refusals


def _start(entry: OnboardingEntry, actor: Staff | None) -> Onboarding:
    onboarding = _taken_up(entry.identity, actor) or _begun(entry.identity, actor)
    tenant = onboarding.tenant
    if entry.company and entry.company != companies.entry_of(tenant):
        run_step(onboarding, "company", actor=actor, **asdict(entry.company))
    by_code = tuple(sorted(entry.offices, key=lambda office: office.code))
    if by_code and by_code != offices.entries_of(tenant):
        run_step(onboarding, "offices", actor=actor, offices=[asdict(office) for office in entry.offices])
    if not tenant.pac_company_id and _creates(provider_spec(tenant)):
        onboarding.data = {**onboarding.data, "company_id": entry.pac_company_id}
        onboarding.save(update_fields=["data"])
    return onboarding


def _taken_up(identity: Identity, actor: Staff | None) -> Onboarding | None:
    """The onboarding of a company that is known. Raises RuleBroken when it is out of the actor's sight."""
    tenants = tenants_of(identity)
    tenant = tenants.select_for_update().first()
    if tenant is None:
        return None
    if actor and not tenants.visible_to(actor).exists():
        raise RuleBroken(
            "tenant_out_of_sight",
            gettext_noop(
                "Ya hay una empresa con el RUC {ruc}: pida acceso a ella a quien administra el personal."
            ),
            "ruc",
            ruc=identity.ruc,
        )
    onboarding, _created = Onboarding.objects.get_or_create(tenant=tenant)
    onboarding.tenant = tenant
    _correct_identity(onboarding, identity, actor)
    return onboarding


def _correct_identity(onboarding: Onboarding, identity: Identity, actor: Staff | None) -> None:
    """Type and DV may be mended until the provider has heard of them."""
    if not change_identity(onboarding, identity, actor=actor):
        return
    onboarding.steps = {name: entry for name, entry in onboarding.steps.items() if name != "ruc"}
    onboarding.version += 1
    onboarding.save(update_fields=["steps", "version"])


def _begun(identity: Identity, actor: Staff | None) -> Onboarding:
    tenant = Tenant.objects.create(
        country=identity.country,
        environment=identity.environment,
        pac_provider=identity.provider,
        ruc=identity.ruc,
        ruc_type=identity.ruc_type,
        dv=identity.dv,
    )
    onboarding = Onboarding.objects.create(tenant=tenant)
    if actor and not sees_everything(actor):
        StaffGrant.objects.create(staff=actor, tenant=tenant, granted_by=actor)
    audit.record(
        "onboarding.started",
        actor=actor,
        tenant_uid=tenant.uid,
        target=tenant,
        after={"ruc": tenant.ruc, "environment": tenant.environment, "pac_provider": tenant.pac_provider},
    )
    return onboarding


def _step(name: str, tenant: Tenant) -> Step:
    try:
        return steps_for(tenant)[name]
    except KeyError:
        raise RuleBroken(
            "unknown_step",
            gettext_noop("No hay ningún paso «{step}» en la habilitación."),
            "step",
            step=name[:40],
        ) from None


def _require_open(tenant: Tenant) -> None:
    if tenant.state == Tenant.State.CLOSED:
        raise RuleBroken("tenant_closed", gettext_noop("La empresa está cerrada: ya no se habilita."))


def _require_its_turn(row: Step, tenant: Tenant) -> None:
    missing = [pending.reason for pending in pending_steps(tenant) if pending.step in row.after]
    if missing:
        raise RuleBroken(
            "step_too_early",
            gettext_noop("Antes de este paso hay que completar otro. {reasons}"),
            "step",
            reasons=" ".join(missing),
        )


def _is_due(row: Step, tenant: Tenant) -> bool:
    if row.needs_input:
        return False
    pending = {each.step for each in pending_steps(tenant)}
    if row.name == "activate":
        return "activate" in pending and not blocking_steps(tenant)
    return row.name in pending and pending.isdisjoint(row.after)


def _note_the_end(onboarding: Onboarding) -> None:
    if onboarding.finished_at is None and not pending_steps(onboarding.tenant):
        onboarding.finished_at = timezone.now()
        Onboarding.objects.filter(pk=onboarding.pk).update(finished_at=onboarding.finished_at)
