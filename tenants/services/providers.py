"""The providers to choose from, by key and name."""

from cifras.pac.contract import Capability
from cifras.pac.registry import PROVIDERS


def provider_names(capability: Capability | None = None) -> list[tuple[str, str]]:
    """Key and name of every provider, or of those that declare `capability`."""
    return [(key, spec.name) for key, spec in PROVIDERS.items() if capability is None or spec.can(capability)]
