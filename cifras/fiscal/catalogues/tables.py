"""How a code table is written: an enum whose members are the authority's codes and carry a Spanish label."""

from enum import IntEnum, StrEnum


class CodeTable(StrEnum):
    """A table of textual codes: ``CODE = "01", gettext_noop("Etiqueta")``."""

    label: str

    def __new__(cls, code: str, label: str) -> "CodeTable":
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member

    @classmethod
    def knows(cls, code: str) -> bool:
        """Whether `code` is in the table."""
        return code in cls


class NumberTable(IntEnum):
    """A table of one-digit codes, numbers on the wire."""

    label: str

    def __new__(cls, code: int, label: str) -> "NumberTable":
        member = int.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member
