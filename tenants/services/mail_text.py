"""A tenant's own text for the mails to its receivers: a template without logic, in which named places are filled in."""

import re
from collections.abc import Mapping

PLACES = ("receptor", "empresa", "documento", "numero", "fecha", "total", "cufe")
LONGEST_TEXT = 2000
_PLACE = re.compile(r"\{(\w+)\}")


def unknown_places(text: str) -> list[str]:
    """What a text asks to be filled in and nobody can."""
    return sorted({name for name in _PLACE.findall(text) if name not in PLACES})


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with its places filled in; what is not known stays as it is written. No attribute, no format is looked at."""
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)
