"""The providers to choose from, by key and name."""

from cifras.pac.contract import Capability
from cifras.pac.registry import PROVIDERS


def provider_names(capability: Capability | None = None) -> list[tuple[str, str]]:
    """Key and name of every provider, or of those that declare `capability`."""
    return [(key, spec.name) for key, spec in PROVIDERS.items() if capability is None or spec.can(capability)]


def secret_names() -> list[str]:
    """How the secrets of an account are called, whatever the provider."""
    return sorted({each.name for spec in PROVIDERS.values() for each in spec.account if each.is_secret})


def ways_in() -> list[str]:
    """The providers that a company can be onboarded at: they create it, or they say what its account consists of."""
    return [key for key, spec in PROVIDERS.items() if spec.can(Capability.ONBOARD) or spec.account]
