"""The steps of a company that has its account at the provider already, and the RUC of Peru.

What the account consists of is the provider's row in the registry: a field here for each of its fields.
"""

from typing import Any

from django.utils.translation import gettext, gettext_lazy

from cifras.pac.contract import AccountField, Capability
from tenants.admin.wizard.evidence import company_rows, register_answer
from tenants.admin.wizard.fields import StepForm, secret, select, text
from tenants.admin.wizard.forms import PeruTaxIdForm
from tenants.admin.wizard.pages import StepPage, TaxIdPage, fix
from tenants.admin.wizard.visit import Visit
from tenants.models import TaxIdCheck, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.connecting import account_values, known_secrets

_LONGEST, _LONGEST_SECRET = 200, 4000


class AccountForm(StepForm):
    """One field for each of the provider's; a secret that is there already may stay as it is."""

    def __init__(self, *args: Any, visit: Visit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = known_secrets(visit.tenant)
        for each in provider_spec(visit.tenant).account:
            self.fields[each.name] = _field_of(each, is_known=each.name in known)


class AccountPage(StepPage):
    """What the account consists of. Secrets are taken and never shown."""

    template = "onboarding/steps/account.html"
    goes_on = True

    def form(self, visit: Visit) -> AccountForm:
        return AccountForm(visit.data, initial=account_values(visit.onboarding), visit=visit)

    def inputs(self, visit: Visit, form: AccountForm) -> dict[str, Any]:
        return dict(form.cleaned_data)

    def context(self, visit: Visit, form: AccountForm) -> dict[str, Any]:
        is_active = visit.tenant.state != Tenant.State.ONBOARDING
        return {"provider": provider_spec(visit.tenant).name, "is_active": is_active}


class PingPage(StepPage):
    """What the provider is asked with, and whether it lets the company in."""

    template = "onboarding/steps/ping.html"

    def context(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        return {"provider": provider_spec(visit.tenant).name, "rows": list(company_rows(visit.tenant))}


class PeruRucPage(TaxIdPage):
    """The RUC, right by its own digit, and what the provider's register says."""

    template = "onboarding/steps/ruc_peru.html"

    def contests(self, tenant: Tenant, check: TaxIdCheck) -> bool:
        return not check.is_known

    def answers(self, tenant: Tenant, check: TaxIdCheck | None) -> dict[str, Any]:
        spec = provider_spec(tenant)
        return {
            "provider": spec.name,
            "can_ask": spec.can(Capability.VERIFY_TAX_ID, tenant.pac_options),
            "theirs": register_answer(check) if check else None,
        }

    def _tax_id(self, visit: Visit, data: Any) -> PeruTaxIdForm:
        known = {"ruc": visit.tenant.ruc}
        form = PeruTaxIdForm(data, initial=known | dict(visit.draft.values if visit.draft else {}))
        fix(form, form.fields if visit.is_sent else (), known)
        return form


def _field_of(asked: AccountField, *, is_known: bool) -> Any:
    label, help_text = gettext(asked.label), gettext(asked.help) if asked.help else ""
    if asked.choices:
        return select(label, [(value, gettext(word)) for value, word in asked.choices], help_text)
    if asked.is_secret:
        hint = gettext_lazy("Ya hay uno guardado y no se muestra. Vacío: queda como está.")
        is_needed = asked.is_required and not is_known
        return secret(label, hint if is_known else help_text, required=is_needed, longest=_LONGEST_SECRET)
    return text(label, help_text, longest=_LONGEST, required=asked.is_required, spellcheck="false")
