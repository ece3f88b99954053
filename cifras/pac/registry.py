"""The providers, one row each: the only place that knows them by name."""

from collections.abc import Mapping
from typing import Any

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.peru import baja
from cifras.fiscal.voiding import Hours
from cifras.pac.alanube import remedies as alanube_remedies
from cifras.pac.alanube import webhook as alanube_webhook
from cifras.pac.alanube.provider import AlanubeProvider
from cifras.pac.contract import Capability, PacEvent, ProviderSpec, ReasonLimits
from cifras.pac.fabo import account as fabo_account
from cifras.pac.fabo import factory as fabo_factory
from cifras.pac.fabo.provider import FaboProvider
from cifras.pac.tandia import account as tandia_account
from cifras.pac.tandia import factory as tandia_factory
from cifras.pac.tandia import webhook as tandia_webhook
from cifras.pac.tandia.provider import TandiaProvider


def _no_event(_body: Mapping[str, Any]) -> PacEvent:
    """A provider without webhooks."""
    return PacEvent()


PROVIDERS: Mapping[str, ProviderSpec] = {
    "alanube": ProviderSpec(
        key="alanube",
        name="Alanube",
        country="PA",
        capabilities=frozenset(Capability) - {Capability.REPEAT_IS_REFUSED, Capability.MIRROR},
        connect=AlanubeProvider,
        parse_event=alanube_webhook.parse_event,
        remedy=alanube_remedies.remedy,
        void_windows={Kind.INVOICE: Hours(182), Kind.CREDIT: Hours(182)},
        lapse_codes=frozenset({"AP1010", "4003"}),
    ),
    "tandia": ProviderSpec(
        key="tandia",
        name="Tandia",
        country="PE",
        capabilities=frozenset(
            {
                Capability.FIND_BY_NUMBER,
                Capability.PDF,
                Capability.XML,
                Capability.WEBHOOK,
                Capability.STATEMENT,
                Capability.MIRROR,
            }
        ),
        on_request={Capability.ISSUE_INVOICE: "create_path", Capability.ISSUE_CREDIT: "create_path"},
        account=tandia_account.FIELDS,
        unsayable=tandia_factory.unsayable,
        operations=tandia_factory.OPERATIONS,
        address_setting="TANDIA_BASE_URL",
        connect=TandiaProvider,
        parse_event=tandia_webhook.parse_event,
        is_signed=tandia_webhook.is_signed,
        signature_header=tandia_webhook.HEADER,
    ),
    "fabo": ProviderSpec(
        key="fabo",
        name="Fabo",
        country="PE",
        capabilities=frozenset(
            {
                Capability.ISSUE_INVOICE,
                Capability.ISSUE_CREDIT,
                Capability.VOID_INVOICE,
                Capability.VOID_CREDIT,
                Capability.REPEAT_IS_REFUSED,
                Capability.EMAIL,
                Capability.VERIFY_TAX_ID,
            }
        ),
        account=fabo_account.FIELDS,
        unsayable=fabo_factory.unsayable,
        address_setting="FABO_BASE_URL",
        practice_address_setting="FABO_PRACTICE_BASE_URL",
        connect=FaboProvider,
        parse_event=_no_event,
        void_windows={Kind.INVOICE: baja.WINDOW, Kind.CREDIT: baja.WINDOW},
        void_reason=ReasonLimits(*baja.REASON),
        operations=frozenset(fabo_factory.OPERATIONS),
    ),
}


def spec(key: str) -> ProviderSpec:
    """The provider's row; RuleBroken for a name that is none."""
    try:
        return PROVIDERS[key]
    except KeyError:
        raise RuleBroken(
            "unknown_provider", gettext_noop("No hay ningún proveedor «{key}»."), "pac_provider", key=key
        ) from None
