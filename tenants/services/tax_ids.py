"""Is this RUC right, does it exist, and what kind of receiver is it?

Local arithmetic first, then the provider, whose answer is kept with who asked and when. A RUC the provider does not know is a
refusal; a provider that cannot be asked is a warning as long as the DV is right (domain 4).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cifras.core import audit
from cifras.core.audit import plain_json
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.fiscal.document import ReceiverType
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.ruc import panama as ruc_rules
from cifras.pac.contract import Capability, PacProvider, ProviderSpec, TaxIdAnswer
from cifras.pac.errors import NotFound, PacError, Refused
from cifras.pac.registry import PROVIDERS
from tenants.models import TaxIdCheck, Tenant
from tenants.services.accounts import provider_for, provider_without_tenant
from tenants.services.identity import change_identity
from tenants.services.progress import StepResult, StepRun
from tenants.services.reading import read_onboarding

ANSWER_GOOD_FOR = timedelta(hours=24)
SHORTEST_REASON = 15
OVERRIDE = "tenants.override_tax_id"
_IDENTITY = frozenset({"ruc", "ruc_type", "dv"})
_COUNTRY = Tenant.Country.PANAMA.value
_RECEIVERS = {word.value: word for word in (ReceiverType.CONTRIBUYENTE, ReceiverType.GOBIERNO)}


@dataclass(frozen=True, slots=True)
class TaxIdResult:
    """What is known about a tax id. `dv` is the provider's where it gave one, `local_dv` is ours (empty: the law leaves it
    open); `receiver_type` is None when nobody was asked; `source` is local, pac or cache."""

    ruc: str
    contributor: str
    dv: str
    receiver_type: ReceiverType | None
    source: str
    checked_at: datetime
    warning: RuleBroken | None = None
    local_dv: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the provider's DV and ours are the same, as far as both exist."""
        return not self.local_dv or self.dv == self.local_dv


def verify_ruc(
    ruc: str,
    contributor: str,
    *,
    actor: Staff | None,
    environment: str,
    tenant: Tenant | None = None,
    offline: bool = False,
    dv: str = "",
    refresh: bool = False,
) -> TaxIdResult:
    """Check a RUC here and, unless `offline`, at the provider; an answer of the last 24 h serves unless `refresh`.

    Raises RuleBroken: malformed, a given `dv` that does not belong to it, unknown_tax_id; `CannotVerifyLocally` when offline
    and the law leaves the DV open; PacError when it does and the provider cannot be asked.
    """
    local = _local(ruc, contributor, dv)
    if offline:
        if not local.local_dv:
            ruc_rules.check_digit(local.ruc, local.contributor)  # raises CannotVerifyLocally
        return local
    result = None if refresh else _remembered(local, environment, good_for=ANSWER_GOOD_FOR)
    if result is None:
        try:
            result = _asked(local, actor, environment, tenant)
        except PacError as error:
            result = _without_provider(local, environment, error)
    if dv and dv.strip() != result.dv:
        raise _mismatch(result, dv)
    return result


def receiver_type_of(word: str) -> ReceiverType:
    """What the provider's word makes a receiver: CONTRIBUYENTE and GOBIERNO as answered, all else CONSUMIDOR_FINAL."""
    return _RECEIVERS.get(word.upper(), ReceiverType.CONSUMIDOR_FINAL)


def confirm_ruc(run: StepRun) -> StepResult:
    """The onboarding's first step: the provider's DV beside ours.

    Inputs: `ruc`, `ruc_type` and `dv` mend who it is, and stay even where the provider then contradicts; `override_reason`, why
    a DV that the provider contradicts is kept all the same, which needs the right to.
    """
    tenant = run.tenant
    require_right_to_override(run)
    mend_identity(run)
    result = verify_ruc(
        tenant.ruc,
        tenant.ruc_type,
        actor=run.actor,
        environment=tenant.environment,
        tenant=tenant,
        refresh=True,
    )
    notes = [result.warning] if result.warning else []
    if result.dv != tenant.dv:
        reason = str(run.inputs.get("override_reason") or "").strip()
        if len(reason) < SHORTEST_REASON:
            raise _mismatch(result, tenant.dv)
        audit.record(
            "tenant.dv_kept",
            actor=run.actor,
            tenant_uid=tenant.uid,
            target=tenant,
            before={"answered": result.dv},
            after={"dv": tenant.dv},
            reason=reason,
        )
        notes.append(
            RuleBroken(
                "dv_kept",
                gettext_noop("Se conserva el DV {dv}, aunque el PAC responde {answered}. Motivo: {reason}"),
                "dv",
                dv=tenant.dv,
                answered=result.dv,
                reason=reason,
            )
        )
    return StepResult(notes=tuple(notes), answer=f"{result.dv} {result.receiver_type or ''}".strip())


def mend_identity(run: StepRun) -> None:
    """Take over what the inputs say about who it is."""
    if not _IDENTITY.intersection(run.inputs):
        return
    tenant = run.tenant
    known = {name: getattr(tenant, name) for name in (*_IDENTITY, "country", "environment", "pac_provider")}
    mended = {name: str(run.inputs[name]) for name in _IDENTITY.intersection(run.inputs)}
    identity = read_onboarding(known | mended).identity
    with transaction.atomic():
        # Before the record is held: what is refused here leaves its version as it was.
        change_identity(run.onboarding, identity, actor=run.actor)
        run.hold()


def require_right_to_override(run: StepRun) -> None:
    """Raises RuleBroken where the input `override_reason` comes from somebody who may not."""
    if run.inputs.get("override_reason") and run.actor and not may(run.actor, OVERRIDE):
        raise RuleBroken(
            "override_not_allowed",
            gettext_noop("Conservar un DV que el PAC contradice es de quien administra: pídaselo."),
            "override_reason",
        )


def _local(ruc: str, contributor: str, dv: str) -> TaxIdResult:
    clean = ruc_rules.compact(ruc)
    kind = ruc_rules.contributor_of(contributor)
    local_dv = ""
    try:
        local_dv = ruc_rules.check_digit(clean, kind)
        if dv:
            ruc_rules.validate(clean, kind, dv)
    except CannotVerifyLocally:
        pass  # only the provider can tell
    return TaxIdResult(
        ruc=clean,
        contributor=kind.value,
        dv=local_dv,
        receiver_type=None,
        source="local",
        checked_at=timezone.now(),
        local_dv=local_dv,
    )


def _asked(local: TaxIdResult, actor: Staff | None, environment: str, tenant: Tenant | None) -> TaxIdResult:
    try:
        answer = _provider(tenant, environment).verify_tax_id(local.ruc, local.contributor)
    except (Refused, NotFound) as error:
        answer = TaxIdAnswer(body=error.body, exchange_id=error.exchange_id)
        _remember(local, answer, actor, environment, is_known=False)
        raise _unknown(local.ruc) from error
    return _result(local, _remember(local, answer, actor, environment, is_known=True), "pac")


def _provider(tenant: Tenant | None, environment: str) -> PacProvider:
    if tenant:
        return provider_for(tenant)
    answering = (key for key, spec in PROVIDERS.items() if _answers(spec))
    return provider_without_tenant(next(answering), environment)


def _answers(spec: ProviderSpec) -> bool:
    return spec.country == _COUNTRY and spec.can(Capability.VERIFY_TAX_ID)


def _remember(
    local: TaxIdResult, answer: TaxIdAnswer, actor: Staff | None, environment: str, *, is_known: bool
) -> TaxIdCheck:
    check, _ = TaxIdCheck.objects.update_or_create(
        country=_COUNTRY,
        environment=environment,
        ruc=local.ruc,
        contributor=local.contributor,
        defaults={
            "dv": answer.dv[:2],
            "receiver_word": answer.receiver[:60],
            "is_known": is_known,
            "answer": plain_json(answer.body),
            "exchange_id": answer.exchange_id,
            "checked_at": timezone.now(),
            "checked_by": actor.username if actor else "",
        },
    )
    return check


def _remembered(
    local: TaxIdResult, environment: str, *, good_for: timedelta | None = None
) -> TaxIdResult | None:
    """What the provider answered before, if it is not older than `good_for`."""
    checks = TaxIdCheck.objects.filter(
        country=_COUNTRY, environment=environment, ruc=local.ruc, contributor=local.contributor
    )
    if good_for is not None:
        checks = checks.filter(checked_at__gte=timezone.now() - good_for)
    check = checks.first()
    if check is None:
        return None
    if not check.is_known:
        raise _unknown(local.ruc)
    return _result(local, check, "cache")


def _result(local: TaxIdResult, check: TaxIdCheck, source: str) -> TaxIdResult:
    result = replace(
        local,
        dv=check.dv or local.dv,
        receiver_type=receiver_type_of(check.receiver_word),
        source=source,
        checked_at=check.checked_at,
    )
    if result.agrees:
        return result
    return replace(
        result,
        warning=RuleBroken(
            "dv_differs",
            gettext_noop(
                "El PAC responde el DV {answered} y la fórmula de la DGI da {local}. Confirme el RUC."
            ),
            "dv",
            answered=result.dv,
            local=result.local_dv,
        ),
    )


def _without_provider(local: TaxIdResult, environment: str, error: PacError) -> TaxIdResult:
    """An older answer, or our own arithmetic, with a warning; where there is neither, the error itself."""
    result = _remembered(local, environment) or local
    if not result.dv:
        raise error
    return replace(
        result,
        warning=RuleBroken(
            "tax_id_not_asked",
            gettext_noop(
                "El PAC no respondió: el DV es correcto, pero no se confirmó que el RUC exista. {problem}"
            ),
            "ruc",
            problem=error.message,
        ),
    )


def _unknown(ruc: str) -> RuleBroken:
    return RuleBroken(
        "unknown_tax_id",
        gettext_noop(
            "El PAC responde que el RUC {ruc} no existe. Revise el número y el tipo de contribuyente."
        ),
        "ruc",
        ruc=ruc,
    )


def _mismatch(result: TaxIdResult, dv: str) -> RuleBroken:
    return RuleBroken(
        "dv_mismatch",
        gettext_noop(
            "El DV {dv} no corresponde al RUC {ruc}: el PAC responde {answered}. Corrija el que esté mal."
        ),
        "dv",
        dv=dv,
        ruc=result.ruc,
        answered=result.dv,
    )
