"""How large an imported file may be, and the refusal of one that is not fit to be read."""

from typing import Any

from cifras.fiscal.errors import RuleBroken, gettext_noop

MOST_BYTES = 20 * 1024**2
MOST_ROWS = 50_000
MOST_COLUMNS = 200
LONGEST_CELL = 32_767  # what Excel itself holds in a cell

# A workbook is a zip: capped by what it promises to hold, before anything is inflated.
MOST_ENTRIES = 500
MOST_UNPACKED = 100 * 1024**2
HIGHEST_RATIO = 200


def bad_file(code: str, sentence: str, **values: Any) -> RuleBroken:
    """The refusal of a whole file."""
    return RuleBroken(code, sentence, "file", **values)


def too_many_rows() -> RuleBroken:
    """The refusal of a file with more rows than are read at once."""
    return bad_file(
        "too_many_rows",
        gettext_noop("El archivo pasa de {limit} filas: repártalo en varios."),
        limit=MOST_ROWS,
    )
