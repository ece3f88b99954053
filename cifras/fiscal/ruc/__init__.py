"""Tax ids, one module per country, each with the same verbs: compact, check_digit, validate."""

from cifras.fiscal.ruc import panama, peru

__all__ = ["panama", "peru"]
