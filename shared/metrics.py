"""What is counted and timed, by names from closed sets: never by an id, a person or a text."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from shared.errors import SluseError

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNREADABLE = "unreadable"
"""Stands for the command where a body could not be decoded: its own word for it is the caller's."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each series, of no use

COMMANDS = Counter(
    "sluse_commands",
    "Commands answered: accepted, warned, refused, unanswered (send it again) or failed (a defect).",
    ("service", "command", "outcome", "code"),
)
COMMAND_SECONDS = Histogram(
    "sluse_command_seconds",
    "From a decoded command to its reply.",
    ("service", "command"),
    buckets=SECONDS,
)
APPENDS = Counter(
    "sluse_appends",
    "Tries to store the events of a command: stored, conflict, outcome_unknown, not_stored, bus_away.",
    ("stream", "outcome"),
)
APPEND_SECONDS = Histogram(
    "sluse_append_seconds",
    "From an append to its acknowledgement, refusal or time-out.",
    ("stream",),
    buckets=SECONDS,
)
EVENTS = Counter("sluse_events", "Events stored and acknowledged.", ("stream",))
REACTIONS = Counter(
    "sluse_reactions",
    "Deliveries to a reaction: settled, waits (tried again), or failed (a defect, tried again).",
    ("reaction", "outcome"),
)
REACTIONS_REFUSED = Counter(
    "sluse_reactions_refused",
    "Commands of a reaction that the own service refused: somebody must look into the log.",
    ("service",),
)
REQUESTS = Counter(
    "sluse_http_requests",
    "Requests to routes, by the route's template and never by the path that was asked.",
    ("service", "method", "route", "status"),
)
REQUEST_SECONDS = Histogram(
    "sluse_http_request_seconds",
    "From a request to the end of its response.",
    ("service", "method", "route"),
    buckets=SECONDS,
)
SWEPT_AT = Gauge(
    "sluse_sweep_timestamp_seconds",
    "When the clock last looked at all ended windows (seconds since 1970); its start before that.",
    ("service",),
)


def begin(service: str) -> None:
    """Show the zero of what is alarming once it is one: an increase needs a value before it."""
    COMMANDS.labels(service, UNREADABLE, "failed", "INTERNAL")
    REACTIONS_REFUSED.labels(service)


def answered(service: str, command: str, outcome: str, code: str = "") -> None:
    """Count one answer to a command; `command` and `code` are names of our classes."""
    COMMANDS.labels(service, command, outcome, code).inc()


@contextmanager
def appending(stream: str, events: int) -> Iterator[None]:
    """Time one append and count what comes of it: `stored`, or the code of what is raised."""
    began = perf_counter()
    outcome = "interrupted"
    try:
        yield
        outcome = "stored"
        EVENTS.labels(stream).inc(events)
    except SluseError as error:
        outcome = error.code.lower()
        raise
    finally:
        APPENDS.labels(stream, outcome).inc()
        APPEND_SECONDS.labels(stream).observe(perf_counter() - began)
