"""Log records as lines of JSON: every one with the id of its act, none with a secret or a line break in it.

The masking stands last before the text is made, so that it sees all of it: message, traceback and whatever else was added.
"""

import structlog
from structlog.typing import EventDict, WrappedLogger

from cifras.core.context import known_correlation_id
from cifras.core.masking import mask, one_line


def with_correlation_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Ties the record to its act: the same id is in the audit trail, in the exchanges and on the page of failures."""
    if known := known_correlation_id():
        event["correlation_id"] = known
    return event


def masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Secrets hidden in every text; line breaks spelt out but in tracebacks, where JSON does it."""
    return {
        name: (mask(text) if name == "exception" else one_line(mask(text))) if isinstance(text, str) else text
        for name, text in event.items()
    }


class JsonLines(structlog.stdlib.ProcessorFormatter):
    """The formatter of production's handler; it takes the records of every library."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                with_correlation_id,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.StackInfoRenderer(),
                masked,
                structlog.processors.JSONRenderer(default=repr),
            ],
        )
