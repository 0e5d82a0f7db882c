"""Logs: JSON a line in containers, readable on a terminal; never a person's data."""

import logging
import sys
from typing import Literal

import structlog


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
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *tracebacks,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
