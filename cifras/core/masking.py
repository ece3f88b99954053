"""Secrets do not reach the log, and neither do line breaks that a provider or a visitor put into a value.

The filter sits on the handler (see LOGGING), so the records of every library pass it. Tracebacks keep their lines;
their text is masked too.
"""

import copy
import logging
import re

HIDDEN = "***"

_NAMES = (
    "certificate|certificate_?password|p12_?password|password|passwd|secret|secret_?key|webhook_?secret|"
    "signature|authorization|api_?key|field_?keys|token|cookie"
)
# What stands behind the name: a quoted text (perhaps cut short, perhaps quoted inside another text) or one word.
_VALUE = (
    r"""(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\\+["'].*?\\+["']|(?:bearer|basic)\s+\S+|[^\s,;&"'}\])]+)"""
)

_MASKS = (
    (
        re.compile(
            rf"""(?ix) ( (?<![\w-]) [\w-]* (?:{_NAMES}) \\*["']? \s* [:=] \s* ) (?:b(?=["']))? {_VALUE} """
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a JSON web token, wherever it stands
    (re.compile(r"(://[^:/@\s]*:)[^@\s]+@"), rf"\1{HIDDEN}@"),  # the password of a database or broker address
)
_CONTROL = {code: rf"\x{code:02x}" for code in (*range(32), 0x7F, 0x85)} | {
    ord("\n"): r"\n",
    ord("\r"): r"\r",
    ord("\t"): "\t",
    0x2028: r"\u2028",
    0x2029: r"\u2029",
}
_traceback = logging.Formatter()


def mask(text: str) -> str:
    """`text` with every secret that can be told by its name or its shape replaced by asterisks."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def one_line(text: str) -> str:
    """`text` with control characters spelt out, so that a value cannot forge a second record."""
    return text.translate(_CONTROL)


class MaskingFilter(logging.Filter):
    """Hands the handler a masked copy of the record; other handlers keep the original."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        masked = copy.copy(record)
        masked.msg, masked.args = one_line(mask(_message(record))), None
        if record.exc_info and record.exc_info[0]:
            masked.exc_text = mask(_traceback.formatException(record.exc_info))
        if record.stack_info:
            masked.stack_info = mask(record.stack_info)
        return masked


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # A log call with the wrong arguments must not fail the act it tells about.
        return f"{record.msg} {record.args!r}"
