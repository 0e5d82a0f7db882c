"""Logs: JSON a line in containers, readable on a terminal; never a person's data."""

import logging
import sys
from typing import Literal

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger


def set_up(
    log_format: Literal["auto", "json", "pretty"] = "auto", level: int = logging.INFO
) -> None:
    """Configure structlog for the process; `auto` is pretty on a terminal."""
    pretty = log_format == "pretty" or (log_format == "auto" and sys.stderr.isatty())
    # Tracebacks without local variables: those would hold what was sent.
    tracebacks: list[structlog.typing.Processor] = (
        [] if pretty else [structlog.processors.format_exc_info]
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *tracebacks,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)


class _OfLibraries(logging.Handler):
    """What libraries have to say, as a line like every other; without its values, which may be data."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        given = {"error": error} if error else {}
        log.log(record.levelno, "library", source=record.name, said=str(record.msg), **given)


def _with_trace(logger: WrappedLogger, method: str, said: EventDict) -> EventDict:
    """The line of a traced step says of which trace."""
    here = trace.get_current_span().get_span_context()
    if here.is_valid:
        said["trace_id"] = trace.format_trace_id(here.trace_id)
    return said
