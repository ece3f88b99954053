"""What Alanube posts to us, in the two shapes seen (contract wire.md 13). A hint, never the truth."""

from collections.abc import Mapping
from typing import Any

from cifras.pac.contract import PacEvent
from cifras.pac.masking import storable


def parse_event(body: Mapping[str, Any]) -> PacEvent:
    """The event in our words; a body without an id is the probe posted when an address is saved."""
    document_id = _text(body, "id")
    return PacEvent(
        document_id=document_id,
        raw_legal_status=_text(body, "legalStatus"),
        cufe=_text(body, "cufe"),
        number=_text(body, "documentNumber"),
        message=_text(body, "message"),
        is_probe=not document_id,
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return storable(str(value).strip()[:500]) if is_text else ""
