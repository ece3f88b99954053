"""A company that has its account at the provider already: what the account consists of is taken down, then tried.

Nothing leaves when it is taken down. `Tenant.pac_company_id` stays empty until the provider let the account in, so a company
whose account nobody has tried, or whose try was lost, is pending. Secrets go from the door into their sealed columns only.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from cifras.core import audit
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac.contract import AccountField
from tenants.models import Onboarding, Tenant
from tenants.services import affiliation, companies
from tenants.services.account_reading import BASE_URL, COMPANY_ID, AccountEntry, read_account
from tenants.services.accounts import provider_for, provider_spec
from tenants.services.progress import StepResult, StepRun

# The secrets' columns of a tenant, by the field's name.
_COLUMNS: Mapping[str, str] = {"token": "pac_token", "webhook_secret": "webhook_secret"}


def take_account(run: StepRun) -> StepResult:
    """Inputs by the name of the provider's account fields; a secret that is empty stays as it was.

    Whatever is different has to be tried anew. Raises RulesBroken, also account_in_use once the company is active.
    """
    tenant = run.tenant
    entry = read_account(run.inputs, provider_spec(tenant), known=known_secrets(tenant))
    if not is_changed(run.onboarding, entry):
        return StepResult()
    if tenant.state != Tenant.State.ONBOARDING:
        raise RuleBroken(
            "account_in_use",
            gettext_noop(
                "La empresa ya está activa: su clave y su secreto se cambian en su página, no aquí."
            ),
        )
    companies.require_own(tenant, entry.company_id)
    _require_own_environment(tenant, entry.base_url)
    before = {"company_id": account_id(run.onboarding), **_plain(tenant)}
    with transaction.atomic():
        run.hold(data={**run.onboarding.data, "company_id": entry.company_id})
        for name, secret in entry.secrets.items():
            setattr(tenant, _COLUMNS[name], secret)
        tenant.pac_company_id, tenant.pac_base_url = None, entry.base_url
        tenant.pac_options = dict(entry.options)
        tenant.save(
            update_fields=["pac_company_id", "pac_base_url", "pac_options", *_COLUMNS.values(), "updated_at"]
        )
        audit.record(
            "tenant.account_taken",
            actor=run.actor,
            tenant_uid=tenant.uid,
            target=tenant,
            before=before,
            after={"company_id": entry.company_id, **_plain(tenant), "new_secrets": sorted(entry.secrets)},
        )
    return StepResult()


def try_account(run: StepRun) -> StepResult:
    """Ask the provider for the company under its account; what lets us in makes the company the tenant's."""
    tenant = run.tenant
    company_id = account_id(run.onboarding)
    state = companies.read_at_provider(provider_for(tenant), company_id)
    companies.require_own(tenant, company_id, ruc=state.ruc)
    with transaction.atomic():
        run.hold()
        tenant.pac_company_id = company_id
        tenant.save(update_fields=["pac_company_id", "updated_at"])
        audit.record(
            "tenant.registered",
            actor=run.actor,
            tenant_uid=tenant.uid,
            target=tenant,
            after={"pac_company_id": company_id, "by_our_request": False},
            exchange_id=state.exchange_id,
        )
        affiliation.remember(tenant, state, actor=run.actor)
    return StepResult(exchange_id=state.exchange_id)


def account_id(onboarding: Onboarding | None) -> str:
    """The company's id at the provider, tried or not."""
    if onboarding is None:
        return ""
    return str(onboarding.tenant.pac_company_id or onboarding.data.get("company_id") or "")


def known_secrets(tenant: Tenant) -> frozenset[str]:
    """The secrets that are there, by the field's name."""
    return frozenset(name for name, column in _COLUMNS.items() if getattr(tenant, column))


def account_values(onboarding: Onboarding) -> dict[str, str]:
    """What was taken before, by the field's name, secrets left out."""
    tenant = onboarding.tenant
    return {
        COMPANY_ID: account_id(onboarding),
        BASE_URL: tenant.pac_base_url,
        **(tenant.pac_options or {}),
    }


def missing_fields(tenant: Tenant, onboarding: Onboarding | None) -> Iterator[AccountField]:
    """What the provider needs and nobody has given."""
    given = account_values(onboarding) if onboarding else {COMPANY_ID: tenant.pac_company_id or ""}
    secrets = known_secrets(tenant)
    for each in provider_spec(tenant).account:
        if each.is_required and not (each.name in secrets or given.get(each.name)):
            yield each


def is_changed(onboarding: Onboarding, entry: AccountEntry) -> bool:
    """Whether the account is another one than was taken before."""
    tenant = onboarding.tenant
    before = (account_id(onboarding), tenant.pac_base_url, dict(tenant.pac_options or {}))
    if before != (entry.company_id, entry.base_url, dict(entry.options)):
        return True
    return any(_secret_of(tenant, name) != secret for name, secret in entry.secrets.items())


def _require_own_environment(tenant: Tenant, base_url: str) -> None:
    """Raises RuleBroken for the address at which companies of the other environment issue."""
    spec = provider_spec(tenant)
    if not spec.practice_address_setting:
        return
    is_practice = tenant.environment == Tenant.Environment.SANDBOX
    hosts = [
        urlsplit(getattr(settings, name)).hostname
        for name in (spec.address_setting, spec.practice_address_setting)
    ]
    own, other = reversed(hosts) if is_practice else hosts
    if own != other and urlsplit(base_url).hostname == other:
        raise RuleBroken(
            "base_url_of_other_environment",
            gettext_noop("Esa dirección es la de producción y la empresa es de pruebas: use la de pruebas.")
            if is_practice
            else gettext_noop("Esa dirección es la de pruebas y la empresa es de producción: use la suya."),
            BASE_URL,
        )


def _secret_of(tenant: Tenant, name: str) -> str:
    secret: Any = getattr(tenant, _COLUMNS[name])
    return str(secret.reveal()) if secret else ""


def _plain(tenant: Tenant) -> dict[str, Any]:
    return {"base_url": tenant.pac_base_url, "options": tenant.pac_options or {}}
