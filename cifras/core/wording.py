"""Turning refusals and provider errors into sentences for staff, in the language of the page."""

import re

from django.utils.translation import gettext, gettext_noop

from cifras.fiscal.errors import RuleBroken
from cifras.pac.errors import PacError

# How a row of a document is called in front of what is wrong with it, by the member that holds the rows.
ROW_NAMES = {
    "lines": gettext_noop("Línea {number}"),
    "payments": gettext_noop("Pago {number}"),
    "instalments": gettext_noop("Cuota {number}"),
    "global_discounts": gettext_noop("Descuento {number}"),
}
ROW = re.compile(r"(?P<member>\w+)\[(?P<index>\d+)\]")
# Control characters, and those that turn the direction of what follows: shown as a mark, never obeyed.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def as_received(text: object, limit: int = 2000) -> str:
    """A provider's words, fit to be shown: unseen characters marked, what is endless cut."""
    shown = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", str(text))
    return shown if len(shown) <= limit else f"{shown[:limit]}…"


def sentence(error: RuleBroken | PacError) -> str:
    """Everything the error says, as one text; several reasons stand on a line each."""
    return "\n".join(sentences(error))


def sentences(error: RuleBroken | PacError) -> list[str]:
    """One sentence per reason of a refusal; for a PacError, ours, the provider's words in «» and the exchange's id."""
    if isinstance(error, PacError):
        return [_provider_sentence(error)]
    return [_place(reason) + _translated(reason) for reason in error.reasons]


def _place(reason: RuleBroken) -> str:
    """ "Línea 3: " for a reason about a member of a row; nothing for the rest, whose sentence names what it is about."""
    row = ROW.match(reason.field)
    if row is None or row["member"] not in ROW_NAMES:
        return ""
    return gettext(ROW_NAMES[row["member"]]).format(number=int(row["index"]) + 1) + ": "


def _provider_sentence(error: PacError) -> str:
    parts = [_translated(error)]
    if error.provider_words:
        parts.append(f"«{error.provider_words}»")
    if error.exchange_id:
        parts.append(gettext("Intercambio {exchange_id}.").format(exchange_id=error.exchange_id))
    return " ".join(parts)


def _translated(error: RuleBroken | PacError) -> str:
    """The template in the page's language with its values; lists read naturally, lazy texts are translated too."""
    template = gettext(error.template)
    return template.format(**error.values) if error.values else template
