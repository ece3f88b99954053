"""Refusals as the commands print them (interface: Commands)."""

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError


def error_list(error: RuleBroken | PacError) -> list[dict[str, str]]:
    """Every reason of a refusal, or the one of a provider's error, as plain JSON."""
    if isinstance(error, PacError):
        return [{"code": error.code, "field": "", "message": sentence(error)}]
    return [
        {"code": reason.code, "field": reason.field, "message": sentence(reason)} for reason in error.reasons
    ]
