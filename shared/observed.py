"""What can be seen of a process from outside: its metrics on a port of their own, its traces."""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from cryptography import x509
from prometheus_client import Metric, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from shared import tracing
from shared.bus import Bus
from shared.bus_login import BusLogin
from shared.errors import DatabaseAway
from shared.http_server import bound
from shared.projection import Projection
from shared.projection_status import ProjectionStatus, StreamProgress
from shared.settings import Settings
from shared.version import own_version


class Observable(Protocol):
    """A service at work, as far as its metrics go."""

    name: str
    bus: Bus
    projections: list[Projection]


_at_work: list[Observable] = []
_logins: dict[str, BusLogin] = {}


class _Now(Collector):
    """What is read when Prometheus asks: on the event loop, without waiting for anything."""

    def collect(self) -> Iterator[Metric]:
        """All gauges of all services at work in this process."""
        yield from _of_process()
        yield from _of_certificates()
        yield from _of_bus()
        yield from _of_projections()


def _of_process() -> Iterator[Metric]:
    build = GaugeMetricFamily(
        "sluse_build_info", "Always 1: what runs here.", labels=("version", "python")
    )
    build.add_metric((own_version(), platform.python_version()), 1)
    yield build


def _of_certificates() -> Iterator[Metric]:
    ends = GaugeMetricFamily(
        "sluse_certificate_ends_timestamp_seconds",
        "When the first certificate in a file of TLS ends (seconds since 1970); 0: unreadable.",
        labels=("service", "file"),
    )
    for service, login in _logins.items():
        for file, path in (("ca", login.ca), ("cert", login.cert)):
            if path:
                ends.add_metric((service, file), _end_of(Path(path)))
    yield ends


def _end_of(path: Path) -> float:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
        return min(it.not_valid_after_utc for it in found).timestamp()
    except (OSError, ValueError):
        return 0.0  # and the alert says so


def _of_bus() -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        "sluse_bus_connected", "1: the connection to NATS stands.", labels=("service",)
    )
    connections = CounterMetricFamily(
        "sluse_bus_connections", "How often the service has connected.", labels=("service",)
    )
    for service in _at_work:
        connected.add_metric((service.name,), service.bus.client.is_connected)
        connections.add_metric((service.name,), service.bus.connections)
    yield connected
    yield connections


_OF_STREAMS: dict[str, tuple[str, Callable[[StreamProgress], float]]] = {
    "position": ("The last position that the rows include.", lambda it: it.position),
    "last_position": ("The stream's last position, as seen last.", lambda it: it.last),
    "lag_events": ("Events that the rows do not include yet.", lambda it: it.lag),
    "lag_seconds": (
        "How long the oldest of them has been seen waiting; 0 if there are none.",
        lambda it: it.lag_seconds,
    ),
    "stalled": ("1: events wait, and for a while none has been folded.", lambda it: it.stalled),
    "stopped": (
        "1: it goes no further until somebody acts.",
        lambda it: it.stopped is not None,
    ),
}
_OF_PROJECTIONS: dict[str, tuple[str, Callable[[Projection, ProjectionStatus], float]]] = {
    "writer": (
        "1: this process writes it; 0: another one does.",
        lambda _, status: status.role == "writer",
    ),
    "building": (
        "1: its first fold has not caught up yet.",
        lambda _, status: status.state == "building",
    ),
    "version": ("The version of its folds that is asked.", lambda _, status: status.version),
    "generation": ("The generation that is asked.", lambda _, status: status.generation),
}


def _of_projections() -> Iterator[Metric]:
    away = GaugeMetricFamily(
        "sluse_database_away",
        "1: the database of the projection does not answer.",
        labels=("service", "projection"),
    )
    parked = GaugeMetricFamily(
        "sluse_parked_entities",
        "Entities whose events wait, since one of them could not be folded.",
        labels=("service", "projection"),
    )
    of_streams = {
        name: GaugeMetricFamily(
            f"sluse_projection_{name}", text, labels=("service", "projection", "stream")
        )
        for name, (text, _) in _OF_STREAMS.items()
    }
    of_projections = {
        name: GaugeMetricFamily(f"sluse_projection_{name}", text, labels=("service", "projection"))
        for name, (text, _) in _OF_PROJECTIONS.items()
    }
    for service, projection, status in _statuses():
        whose = (service.name, projection.plan.name)
        away.add_metric(whose, projection.database_away)
        parked.add_metric(whose, len(projection.parked))
        for name, (_, of_projection) in _OF_PROJECTIONS.items():
            of_projections[name].add_metric(whose, of_projection(projection, status))
        for stream in status.streams:
            for name, (_, of_stream) in _OF_STREAMS.items():
                of_streams[name].add_metric((*whose, stream.stream), of_stream(stream))
    yield away
    yield parked
    yield from of_streams.values()
    yield from of_projections.values()


def _statuses() -> Iterator[tuple[Observable, Projection, ProjectionStatus]]:
    for service in _at_work:
        for projection in service.projections:
            with suppress(DatabaseAway):  # asked before it has found its tables
                yield service, projection, projection.status()


REGISTRY.register(_Now())


@contextmanager
def watched(service: Observable) -> Iterator[None]:
    """Show a service in the metrics for as long as the block runs."""
    _at_work.append(service)
    try:
        yield
    finally:
        _at_work.remove(service)


@contextmanager
def certificates_watched(service: str, login: BusLogin) -> Iterator[None]:
    """Show when the certificates of a process' connection end, for as long as the block runs."""
    _logins[service] = login
    try:
        yield
    finally:
        del _logins[service]


class _Server(uvicorn.Server):
    """Signals are for the service's own server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving_metrics(host: str, port: int) -> AsyncIterator[None]:
    """Answer Prometheus for as long as the block runs; port 0: nobody is answered.

    On the service's own event loop: if that hangs, so does the scrape, and the alert says so.
    Raises PortTaken.
    """
    if port == 0:
        yield
        return
    with bound(host, port) as listening:
        config = uvicorn.Config(
            make_asgi_app(), log_config=None, access_log=False, lifespan="off", ws="none"
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listening]), name="metrics")
        try:
            yield
        finally:
            server.should_exit = True
            await serving


async def observed(name: str, settings: Settings, main: Coroutine[Any, Any, None]) -> None:
    """Run a process' main coroutine, with its metrics and traces as the settings say."""
    try:
        async with (
            tracing.exporting(name, settings.otlp_endpoint),
            serving_metrics(settings.metrics_host, settings.metrics_port),
        ):
            with certificates_watched(name, settings.bus):
                await main
    finally:
        main.close()
