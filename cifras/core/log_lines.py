"""Log records as lines of JSON, every one with the id of its act.

Secrets and line breaks are gone by then: the handler's filter (`cifras.core.masking`) has seen to the message and the traceback.
"""

import structlog
from structlog.typing import EventDict, WrappedLogger

from cifras.core.context import known_correlation_id


def with_correlation_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Ties the record to its act: the same id is in the audit trail, in the exchanges and on the page of failures."""
    if known := known_correlation_id():
        event["correlation_id"] = known
    return event


def with_masked_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The traceback as the filter wrote it: made anew from the exception it would tell again what was hidden."""
    event.pop("exc_info", None)
    if text := event["_record"].exc_text:
        event["exception"] = text
    return event


class JsonLines(structlog.stdlib.ProcessorFormatter):
    """The formatter of production's handler, behind its filter; it takes the records of every library."""

    def __init__(self) -> None:
        super().__init__(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                with_correlation_id,
                with_masked_traceback,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.JSONRenderer(default=repr),
            ],
        )
