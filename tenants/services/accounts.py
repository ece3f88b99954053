"""A tenant's account at its provider, and the ledger of what is said there.

The only place that builds a provider for a tenant: address and token come from the tenant or, where it has none, from the
settings of its environment. Every request leaves an `Exchange` row, committed on its own, whatever becomes of the caller.
"""

import uuid
from collections.abc import Callable, Sequence

from django.conf import settings

from cifras.core.context import correlation_id
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.pac import contract, registry
from cifras.pac.contract import Account, Capability, PacProvider, ProviderSpec, Recorder
from cifras.pac.errors import NotSupported
from tenants.models import Exchange, Tenant


def provider_spec(tenant_or_key: Tenant | str) -> ProviderSpec:
    """What the tenant's provider can do, and its windows and limits."""
    key = tenant_or_key if isinstance(tenant_or_key, str) else tenant_or_key.pac_provider
    return registry.spec(key)


def require(tenant: Tenant, capability: Capability) -> ProviderSpec:
    """The provider's row, if it declares `capability`; else NotSupported."""
    spec = provider_spec(tenant)
    if not spec.can(capability):
        raise NotSupported(
            gettext_noop("{provider} no ofrece esa operación."),
            provider=spec.name,
            capability=capability.value,
        )
    return spec


def company_id(tenant: Tenant) -> str:
    """The tenant's id at the provider; RuleBroken when it has none yet."""
    if not tenant.pac_company_id:
        raise RuleBroken(
            "tenant_not_registered",
            gettext_noop("La empresa aún no existe en el PAC: termine su habilitación antes de emitir."),
            "tenant",
        )
    return tenant.pac_company_id


def provider_for(
    tenant: Tenant, *, document_uid: uuid.UUID | None = None, keep: Callable[[Exchange], None] = Exchange.save
) -> PacProvider:
    """The tenant's provider, ready to speak; its exchanges name the tenant and the document.

    `keep` is given each exchange, not yet saved: whoever speaks in many threads at once gathers them for `save_exchanges`.
    """
    record = _recorder(tenant.pac_provider, tenant_uid=tenant.uid, document_uid=document_uid, keep=keep)
    return provider_spec(tenant).connect(_account(tenant), record, correlation_id())


def save_exchanges(exchanges: Sequence[Exchange]) -> None:
    """Write gathered exchanges, before anything is made of what they say."""
    Exchange.objects.bulk_create(exchanges)


def provider_without_tenant(key: str, environment: str) -> PacProvider:
    """A provider under the account of the settings, for questions that are about no tenant, such as a stranger's RUC."""
    nobody = Tenant(pac_provider=key, environment=environment)
    return provider_spec(key).connect(_account(nobody), _recorder(key), correlation_id())


def _recorder(
    provider: str,
    *,
    tenant_uid: uuid.UUID | None = None,
    document_uid: uuid.UUID | None = None,
    keep: Callable[[Exchange], None] = Exchange.save,
) -> Recorder:
    def record(exchange: contract.Exchange) -> None:
        row = Exchange(
            uid=exchange.exchange_id,
            correlation_id=exchange.correlation_id,
            tenant_uid=tenant_uid,
            document_uid=document_uid,
            provider=provider,
            operation=exchange.operation,
            attempt=exchange.attempt,
            method=exchange.method,
            url=exchange.url,
            request_headers=dict(exchange.request_headers),
            request_body=exchange.request_body,
            status=exchange.status,
            response_headers=dict(exchange.response_headers),
            response_body=exchange.response_body,
            error=exchange.error,
            started_at=exchange.started_at,
            duration_ms=exchange.duration_ms,
        )
        keep(row)

    return record


def _account(tenant: Tenant) -> Account:
    base_url, token = _address(tenant)
    low, high = settings.PAC_RETRY_WAIT
    return Account(
        base_url=base_url,
        token=token,
        connect_timeout=settings.PAC_CONNECT_TIMEOUT,
        read_timeout=settings.PAC_READ_TIMEOUT,
        total_timeout=settings.PAC_TOTAL_TIMEOUT,
        retry_wait=(low, high),
        proxy_url=settings.PAC_PROXY_URL,
        options={
            "company_body": settings.PAC_COMPANY_BODY,
            "check_digit_type": settings.PAC_CHECK_DIGIT_TYPE,
            "legacy_cancel_path": settings.PAC_LEGACY_CANCEL_PATH,
            "itbms_rounding": settings.PAC_ITBMS_ROUNDING,
            "company_id": tenant.pac_company_id or "",
            "ruc": tenant.ruc,
            "environment": tenant.environment,
            **(tenant.pac_options or {}),
        },
    )


def _address(tenant: Tenant) -> tuple[str, str]:
    token = tenant.pac_token.reveal() if tenant.pac_token else ""
    spec, is_practice = provider_spec(tenant), tenant.environment == Tenant.Environment.SANDBOX
    setting = (is_practice and spec.practice_address_setting) or spec.address_setting
    if setting:
        return tenant.pac_base_url or getattr(settings, setting), token
    sandbox = is_practice and settings.PAC_SANDBOX_BASE_URL
    base_url = settings.PAC_SANDBOX_BASE_URL if sandbox else settings.PAC_BASE_URL
    key = settings.PAC_SANDBOX_API_KEY if sandbox else settings.PAC_API_KEY
    return tenant.pac_base_url or base_url, token or key
