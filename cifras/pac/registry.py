"""The providers, one row each: the only place that knows them by name."""

from collections.abc import Mapping

from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.voiding import Hours
from cifras.pac.alanube import remedies as alanube_remedies
from cifras.pac.alanube import webhook as alanube_webhook
from cifras.pac.alanube.provider import AlanubeProvider
from cifras.pac.contract import Capability, ProviderSpec

PROVIDERS: Mapping[str, ProviderSpec] = {
    "alanube": ProviderSpec(
        key="alanube",
        name="Alanube",
        country="PA",
        zone="America/Panama",
        capabilities=frozenset(Capability) - {Capability.REPEAT_IS_REFUSED},
        connect=AlanubeProvider,
        parse_event=alanube_webhook.parse_event,
        remedy=alanube_remedies.remedy,
        void_windows={Kind.INVOICE: Hours(182), Kind.CREDIT: Hours(182)},
        lapse_codes=frozenset({"AP1010", "4003"}),
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
