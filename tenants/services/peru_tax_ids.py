"""The onboarding's RUC in Peru: right by its own digit, and where the provider has the register, confirmed by it.

A provider that cannot be asked now is a note, as in Panama; one that refuses the RUC is a refusal, which a person with the right
to may overrule with a reason, since what `consultar_ruc` takes is not documented (Peru contract 2.3).
"""

from django.utils import timezone

from cifras.core import audit
from cifras.core.audit import plain_json
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import Capability, TaxIdAnswer
from cifras.pac.errors import Incident, NotFound, PacError, Refused
from tenants.models import TaxIdCheck
from tenants.services.accounts import provider_for, provider_spec
from tenants.services.progress import StepResult, StepRun
from tenants.services.tax_ids import SHORTEST_REASON, mend_identity, require_right_to_override


def confirm_peruvian_ruc(run: StepRun) -> StepResult:
    """Inputs: `ruc` mends who it is; `override_reason`, why a RUC that the provider refuses is kept all the same."""
    require_right_to_override(run)
    mend_identity(run)
    tenant = run.tenant
    if not provider_spec(tenant).can(Capability.VERIFY_TAX_ID, tenant.pac_options):
        return StepResult()
    try:
        answer = provider_for(tenant).verify_tax_id(tenant.ruc, tenant.ruc_type)
    except (Refused, NotFound) as error:
        _remember(run, TaxIdAnswer(body=error.body, exchange_id=error.exchange_id), is_known=False)
        return StepResult(notes=(_kept(run, error),), exchange_id=error.exchange_id)
    except Incident:
        raise
    except PacError as error:
        return StepResult(notes=(_not_asked(error),), exchange_id=error.exchange_id)
    _remember(run, answer, is_known=True)
    return StepResult(answer=answer.receiver[:60], exchange_id=answer.exchange_id)


def _remember(run: StepRun, answer: TaxIdAnswer, *, is_known: bool) -> None:
    tenant = run.tenant
    TaxIdCheck.objects.update_or_create(
        country=tenant.country,
        environment=tenant.environment,
        ruc=tenant.ruc,
        contributor=tenant.ruc_type,
        defaults={
            "dv": "",
            "receiver_word": answer.receiver[:60],
            "is_known": is_known,
            "answer": plain_json(answer.body),
            "exchange_id": answer.exchange_id,
            "checked_at": timezone.now(),
            "checked_by": run.actor.username if run.actor else "",
        },
    )


def _kept(run: StepRun, error: PacError) -> RuleBroken:
    """The note of a RUC that is kept against the provider's word. Raises RuleBroken where nobody says why."""
    tenant = run.tenant
    reason = str(run.inputs.get("override_reason") or "").strip()
    if len(reason) < SHORTEST_REASON:
        raise RuleBroken(
            "unknown_tax_id",
            gettext_noop("El proveedor no reconoce el RUC {ruc}: revise el número. {words}"),
            "ruc",
            ruc=tenant.ruc,
            words=error.provider_words,
        ) from error
    audit.record(
        "tenant.ruc_kept",
        actor=run.actor,
        tenant_uid=tenant.uid,
        target=tenant,
        after={"ruc": tenant.ruc},
        reason=reason,
        exchange_id=error.exchange_id,
    )
    return RuleBroken(
        "ruc_kept",
        gettext_noop("Se conserva el RUC {ruc}, aunque el proveedor no lo reconoce. Motivo: {reason}"),
        "ruc",
        ruc=tenant.ruc,
        reason=reason,
    )


def _not_asked(error: PacError) -> RuleBroken:
    return RuleBroken(
        "tax_id_not_asked",
        gettext_noop(
            "El proveedor no respondió: el RUC es correcto por su dígito, pero no se confirmó que exista. {problem}"
        ),
        "ruc",
        problem=error.message,
    )
