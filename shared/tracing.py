"""Traces: which steps followed from one request, across services; off unless an endpoint is set."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from shared.envelope import Recorded
from shared.errors import SluseError
from shared.settings import SettingsError

CURRENT = "current"
"""As a parent: the span in which the code runs."""
LAST_SECONDS = 3.0  # what the collector has not taken by then is lost when a service leaves
TRACE_ID = slice(3, 35)  # of a traceparent
MOST_LINKS = 128  # the SDK's own limit

_propagator = TraceContextTextMapPropagator()
_tracer: Tracer | None = None


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str = CURRENT,
    links: Iterable[str] = (),
    **attributes: AttributeValue,
) -> Iterator[None]:
    """One step of a trace, for as long as the block runs; costs nothing while tracing is off.

    `parent` and `links` are traceparents (W3C); an empty parent begins a new trace. An error's code
    or class goes into the span, never its message, which may quote the caller.
    """
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(
        name,
        context=None if parent == CURRENT else _context(parent),
        kind=kind,
        links=[Link(_span_context(link)) for link in links],
        attributes={f"sluse.{key}": value for key, value in attributes.items()},
        record_exception=False,
        set_status_on_exception=False,
    ) as here:
        try:
            yield
        except Exception as error:
            here.set_status(Status(StatusCode.ERROR, _name_of(error)))
            raise


@contextmanager
def folding(projection: str, stream: str, records: Iterable[Recorded]) -> Iterator[None]:
    """The span of a batch of events: within their trace if they are of one, else linked to all."""
    if _tracer is None:
        yield
        return
    parents = list(dict.fromkeys(r.envelope.traceparent for r in records if r.envelope.traceparent))
    one = len({parent[TRACE_ID] for parent in parents}) == 1
    with span(
        f"fold {stream}",
        SpanKind.CONSUMER,
        parent=parents[-1] if one else "",
        links=parents[:MOST_LINKS],
        projection=projection,
        stream=stream,
    ):
        yield


def failed(code: str) -> None:
    """Mark the present span: what was asked could not be answered."""
    if _tracer is not None:
        trace.get_current_span().set_status(Status(StatusCode.ERROR, code))


def noted(**attributes: AttributeValue) -> None:
    """Say more of the present span."""
    if _tracer is not None:
        given = {f"sluse.{key}": value for key, value in attributes.items()}
        trace.get_current_span().set_attributes(given)


def here(otherwise: str = "") -> str:
    """The traceparent of the present span, for whoever is asked next; `otherwise` if there is none."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        _propagator.inject(carrier)
    return carrier.get("traceparent", otherwise)


@asynccontextmanager
async def exporting(service: str, endpoint: str) -> AsyncIterator[None]:
    """Send spans to an OTLP/HTTP endpoint for as long as the block runs; an empty one: none.

    What the SDK takes from the environment (OTEL_TRACES_SAMPLER and others) holds here too.
    Raises SettingsError if the extra `tracing` is not installed.
    """
    global _tracer  # noqa: PLW0603 one per process, as the SDK itself has it
    if not endpoint:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise SettingsError("otlp_endpoint needs the extra: pip install 'sluse[tracing]'") from None
    provider = TracerProvider(
        resource=Resource.create({"service.namespace": "sluse", "service.name": service}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=LAST_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("sluse")
    try:
        yield
    finally:
        _tracer = None
        await _sent_or_left(provider.shutdown, exporter.shutdown)


async def _sent_or_left(finish: Callable[[], None], give_up: Callable[[], None]) -> None:
    """Send what is left, for a few seconds: a collector that is away holds up nobody's end."""
    finishing = asyncio.create_task(asyncio.to_thread(finish))
    done, _ = await asyncio.wait([finishing], timeout=LAST_SECONDS)
    if not done:
        give_up()
    await finishing


def _context(traceparent: str) -> Context:
    return _propagator.extract({"traceparent": traceparent}, Context())


def _span_context(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_context(traceparent)).get_span_context()


def _name_of(error: Exception) -> str:
    return error.code if isinstance(error, SluseError) else type(error).__name__
