"""Texts of a document: how long they may be, whatever the country."""

from collections.abc import Iterator

from cifras.fiscal.errors import RuleBroken, gettext_noop


def outside(text: str, field: str, minimum: int, maximum: int) -> Iterator[RuleBroken]:
    """A refusal when the trimmed text is shorter or longer than the authority takes, in characters."""
    length = len(text.strip())
    if length < minimum:
        yield RuleBroken(
            "text_too_short",
            gettext_noop(
                "El texto tiene {length} caracteres y la autoridad pide al menos {minimum}. Complételo."
            ),
            field,
            length=length,
            minimum=minimum,
        )
    if length > maximum:
        yield RuleBroken(
            "text_too_long",
            gettext_noop("El texto tiene {length} caracteres y caben {maximum}. Acórtelo."),
            field,
            length=length,
            maximum=maximum,
        )
