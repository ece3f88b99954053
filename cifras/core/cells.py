"""Cells of exported tables that no spreadsheet takes for a formula (CWE-1236)."""

import re

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_FORMULA = re.compile(r"[\s\x00\u00a0\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\x00]")


def safe_cell(value: object) -> str:
    """`value` as text; a line of it that would begin a formula gets an apostrophe. Plain numbers stay numbers."""
    text = "" if value is None else str(value)
    if _NUMBER.fullmatch(text):
        return text
    return "\n".join(f"'{line}" if _FORMULA.match(line) else line for line in text.split("\n"))
