"""What NATS itself has to say to Prometheus: how full its store is, how whole the streams are."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPException
from urllib.request import urlopen

import msgspec
import structlog
from msgspec import Struct, field
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import REGISTRY, Collector

from shared.bus import ApiError, Bus, NoAnswer
from shared.errors import BusAway
from shared.projection import Projection
from shared.streams import ALL
from sluse.nats_configuration.rights import DURABLES

MONITORING_SECONDS = 3.0
UNTOLD = (OSError, HTTPException, msgspec.MsgspecError)

log = structlog.get_logger()


class _Limits(Struct):
    max_storage: int = -1


class _Account(Struct):
    storage: int
    limits: _Limits


class _Config(Struct):
    name: str
    num_replicas: int = 1


class _State(Struct):
    messages: int
    bytes: int
    last_seq: int
    num_deleted: int = 0


class _Peer(Struct):
    current: bool = False
    offline: bool = False


class _Cluster(Struct):
    leader: str = ""
    replicas: list[_Peer] = field(default_factory=list)


class _Stream(Struct):
    config: _Config
    state: _State
    cluster: _Cluster | None = None

    @property
    def missing(self) -> int:
        """Replicas that are away or behind."""
        if self.cluster is None:
            return 0
        there = sum(peer.current and not peer.offline for peer in self.cluster.replicas)
        return self.config.num_replicas - there - (1 if self.cluster.leader else 0)


class _Streams(Struct):
    total: int
    streams: list[_Stream] = field(default_factory=list)


class _Consumer(Struct):
    num_pending: int
    num_ack_pending: int


class _JetStream(Struct):
    max_storage: int


class _Server(Struct):
    config: _JetStream


class Seen(Struct, frozen=True):
    """How NATS was when it was last looked at; `limit` is 0 if nobody says."""

    stored: int
    limit: int
    streams: tuple[_Stream, ...]
    waiting: dict[str, int]


class Exporter(Collector):
    """Looks again and again, as the bus user metrics; shows what it saw last."""

    name = "exporter"

    def __init__(self, bus: Bus, monitoring: Sequence[str]) -> None:
        """`monitoring`: the addresses where servers tell of themselves, as http://nats:8222."""
        self.bus = bus
        self.projections: list[Projection] = []
        self._monitoring = monitoring
        self._seen: Seen | None = None

    async def run(self, every: float) -> None:
        """Look, with so many seconds between, until cancelled; shown from the first look on.

        Raises BusAway once the login is no longer good: another process may have a new one.
        """
        REGISTRY.register(self)
        try:
            while not self.bus.revoked.is_set():
                try:
                    self._seen = await self.look()
                except (BusAway, NoAnswer, ApiError, *UNTOLD) as error:
                    self._seen = None  # nothing is better than what was
                    log.warning("exporter_sees_nothing", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await self.bus.revoked.wait()
            raise BusAway
        finally:
            REGISTRY.unregister(self)

    async def look(self) -> Seen:
        """How NATS is now. Raises what the bus raises, OSError if no server tells of itself."""
        account = msgspec.json.decode(await self.bus.api("INFO", {}), type=_Account)
        waiting = {}
        for durable in DURABLES:
            try:
                answer = await self.bus.api(f"CONSUMER.INFO.{durable.stream}.{durable.name}", {})
            except ApiError:
                continue  # its service has not run yet
            consumer = msgspec.json.decode(answer, type=_Consumer)
            waiting[durable.name] = consumer.num_pending + consumer.num_ack_pending
        limit = account.limits.max_storage
        if limit <= 0:
            limit = await self._room()
        return Seen(account.storage, limit, tuple(await self._streams()), waiting)

    async def _room(self) -> int:
        """What the smallest store can hold of the servers that answer; 0 if there is none to ask.

        Raises what the last one failed by if none does: that is no cluster with a node away.
        """
        asked = [asyncio.to_thread(_room, url) for url in self._monitoring]
        told = await asyncio.gather(*asked, return_exceptions=True)
        rooms = [it for it in told if isinstance(it, int)]
        failed = [it for it in told if isinstance(it, BaseException)]
        for error in failed:
            if not rooms or not isinstance(error, UNTOLD):
                raise error
        return min(rooms, default=0)

    async def _streams(self) -> list[_Stream]:
        streams: list[_Stream] = []
        while True:
            answer = await self.bus.api("STREAM.LIST", {"offset": len(streams)})
            page = msgspec.json.decode(answer, type=_Streams)
            streams += page.streams
            if not page.streams or len(streams) >= page.total:
                return [stream for stream in streams if stream.config.name in ALL]

    def collect(self) -> Iterator[Metric]:
        """What was seen last; nothing if NATS could not be asked."""
        if self._seen is None:
            return
        seen = self._seen
        yield GaugeMetricFamily(
            "sluse_jetstream_stored_bytes", "What all streams take of the store.", seen.stored
        )
        yield GaugeMetricFamily(
            "sluse_jetstream_limit_bytes", "What the store can hold; 0: not known.", seen.limit
        )
        for name, text, values in (
            ("bytes", "What a stream takes of the store.", [it.state.bytes for it in seen.streams]),
            ("last_position", "Its last position.", [it.state.last_seq for it in seen.streams]),
            (
                "missing_events",
                "Positions that hold no event any more: somebody deleted them.",
                [it.state.last_seq - it.state.messages for it in seen.streams],
            ),
            ("missing_replicas", "Replicas away or behind.", [it.missing for it in seen.streams]),
        ):
            metric = GaugeMetricFamily(f"sluse_stream_{name}", text, labels=("stream",))
            for stream, value in zip(seen.streams, values, strict=True):
                metric.add_metric((stream.config.name,), value)
            yield metric
        waiting = GaugeMetricFamily(
            "sluse_reaction_waiting", "Events that wait for a reaction.", labels=("reaction",)
        )
        for reaction, count in seen.waiting.items():
            waiting.add_metric((reaction,), count)
        yield waiting


def _room(url: str) -> int:
    """How many bytes a server's store can hold at most."""
    with urlopen(f"{url.rstrip('/')}/jsz", timeout=MONITORING_SECONDS) as answer:
        server = msgspec.json.decode(answer.read(), type=_Server)
    return server.config.max_storage
