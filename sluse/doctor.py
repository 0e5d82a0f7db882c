"""The doctor: looks at the bus from outside and says what is not as it should be, and what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct, field

from shared import streams
from shared.bus import ApiError, Bus, NoAnswer, ServerTooOld, connected, refuse_old
from shared.bus_login import BusLogin
from shared.errors import BusAway, SluseError
from sluse.nats_configuration.rights import DURABLES, SYSTEM_USER, own_account
from sluse.nats_configuration.servers import ServerStore, stores

PATIENCE_SECONDS = 3.0
MOST_SKEW = timedelta(seconds=1)
LEAST_DISK_LEFT = 0.1

USERS = (*own_account(), SYSTEM_USER)

Logins: TypeAlias = Callable[[str], BusLogin | None]
"""How to come as a user; None if nobody has told the password."""


class Finding(Struct, frozen=True):
    """What was looked at, and how it is; `advice` is what to do if it is not well."""

    check: str
    subject: str
    outcome: Literal["ok", "wrong"]
    detail: str
    advice: str = ""


class Replica(Struct):
    """One server's copy of a stream."""

    name: str
    current: bool = False
    offline: bool = False


class Group(Struct):
    """The servers that hold a stream: its leader, and the others."""

    leader: str = ""
    replicas: list[Replica] = field(default_factory=list)


class StreamInfo(Struct):
    """A stream's settings and the servers that hold it; None if there is one alone."""

    config: dict[str, object]
    cluster: Group | None = None


class ConsumerConfig(Struct):
    """What a durable consumer is called; empty if it is none."""

    durable_name: str = ""


class ConsumerInfo(Struct):
    """A consumer; `num_pending` messages it has not delivered yet."""

    config: ConsumerConfig
    num_pending: int = 0


class Consumers(Struct):
    """One page of a stream's consumers."""

    total: int
    consumers: list[ConsumerInfo] | None = None


async def examine(
    logins: Logins, replicas: int | None, clock: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """All findings, in the order of looking. `replicas`: how many each stream must have; None: as
    many as the cluster has servers, at most three."""
    for finding in await asyncio.gather(*(_login(user, logins(user)) for user in USERS)):
        yield finding
    servers: list[ServerStore] = []
    async for finding in _servers(logins(SYSTEM_USER), servers, clock):
        yield finding
    operator = logins("operator")
    if operator is None:
        return
    try:
        async with connected(operator, "sluse-doctor", PATIENCE_SECONDS) as bus:
            wanted = replicas or min(3, max(1, _expected(servers)))
            for stream, subject in streams.ALL.items():
                async for finding in _stream(bus, stream, subject, wanted):
                    yield finding
    except SluseError as error:
        yield Finding("streams", "all", "wrong", error.message, "let the operator in first")


async def _login(user: str, login: BusLogin | None) -> Finding:
    if login is None:
        advice = "name the directory of the passwords: --secrets; or: sluse nats configure"
        return Finding("login", user, "wrong", f"no file nats-{user}", advice)
    try:
        async with connected(login, "sluse-doctor", PATIENCE_SECONDS):
            return Finding("login", user, "ok", "connected")
    except BusAway as error:
        advice = "start the nats-server, or give its address: --nats"
        if type(error) is not BusAway:  # denied: it has not even an inbox
            advice = "sluse nats configure, then sluse nats reload"
        return Finding("login", user, "wrong", error.message, advice)
    except SluseError as error:
        advice = "sluse nats configure with these secrets, then sluse nats reload"
        return Finding("login", user, "wrong", error.message, advice)


async def _servers(
    login: BusLogin | None, found: list[ServerStore], clock: Callable[[], datetime]
) -> AsyncIterator[Finding]:
    """What the servers say of themselves; `found` takes them up."""
    if login is None:
        return  # said already
    before = clock()
    try:
        async with connected(login, "sluse-doctor", PATIENCE_SECONDS) as bus:
            before = clock()
            found += await stores(bus)
            after = clock()
    except SluseError:
        return  # said already
    yield _cluster(found)
    for server in found:
        for finding in looked_at(server, before, after):
            yield finding


def _expected(servers: list[ServerStore]) -> int:
    first = servers[0].data if servers else None
    return first.meta_cluster.cluster_size if first and first.meta_cluster else 1


def _cluster(servers: list[ServerStore]) -> Finding:
    names = ", ".join(sorted(server.server.name for server in servers))
    expected = _expected(servers)
    group = servers[0].data.meta_cluster if servers[0].data else None
    if len(servers) < expected:
        detail = f"{len(servers)} of {expected} answer: {names}"
        return Finding("cluster", "servers", "wrong", detail, "start the others; see their logs")
    if group is not None and not group.leader:
        detail = f"{names}: no leader"
        return Finding("cluster", "servers", "wrong", detail, "look at the routes between them")
    return Finding("cluster", "servers", "ok", names)


def looked_at(server: ServerStore, before: datetime, after: datetime) -> Iterable[Finding]:
    """One server's version, durability, clock and disk; it answered between these instants."""
    name, store = server.server.name, server.data
    try:
        refuse_old(server.server.ver)
        yield Finding("version", name, "ok", server.server.ver)
    except ServerTooOld as error:
        yield Finding("version", name, "wrong", error.message, "upgrade it before anything else")
    if store is None:
        yield Finding("jetstream", name, "wrong", "it is off", "sluse nats configure")
        return
    if store.config.sync_always:
        yield Finding("sync", name, "ok", "before it acknowledges")
    else:
        detail = f"every {store.config.sync_interval / 1e9:.0f} s: acknowledged events can be lost"
        advice = "jetstream.sync_interval: always, as sluse nats configure writes it; restart it"
        yield Finding("sync", name, "wrong", detail, advice)
    skew = max(before - store.now, store.now - after, timedelta(0))
    if skew > MOST_SKEW:
        detail = f"{skew.total_seconds():.1f} s away from this machine's"
        advice = "synchronise the clocks (NTP): instants of recording are the server's"
        yield Finding("clock", name, "wrong", detail, advice)
    else:
        yield Finding("clock", name, "ok", f"within {MOST_SKEW.total_seconds():.0f} s")
    yield _disk(name, store.config.max_storage, store.storage)


def _disk(name: str, most: int, used: int) -> Finding:
    left = 1 - used / most if most else 0.0
    detail = f"{left:.0%} of {most / 1e9:.1f} GB left to JetStream"
    if left < LEAST_DISK_LEFT:
        advice = "give it a larger volume, or raise max_file_store: a full one refuses every event"
        return Finding("disk", name, "wrong", detail, advice)
    return Finding("disk", name, "ok", detail)


async def _stream(bus: Bus, stream: str, subject: str, replicas: int) -> AsyncIterator[Finding]:
    try:
        answer = await bus.api(f"STREAM.INFO.{stream}", {})
    except (ApiError, NoAnswer, BusAway) as error:
        yield Finding("stream", stream, "wrong", error.message, "sluse streams apply")
        return
    info = msgspec.json.decode(answer, type=StreamInfo)
    yield _settings(stream, info.config, streams.wanted(stream, subject, replicas))
    if info.cluster is not None and info.cluster.replicas:
        yield _copies(stream, info.cluster)
    for durable in await _durables(bus, stream):
        yield _owner(stream, durable)


def _settings(stream: str, present: Mapping[str, object], wanted: Mapping[str, object]) -> Finding:
    different = [
        f"{name} is {present.get(name)}, not {value}"
        for name, value in wanted.items()
        if present.get(name) != value
    ]
    if different:
        advice = f"sluse streams apply --replicas {wanted['num_replicas']}"
        return Finding("stream", stream, "wrong", "; ".join(different), advice)
    return Finding("stream", stream, "ok", f"{wanted['num_replicas']} replicas, as it should be")


def _copies(stream: str, group: Group) -> Finding:
    behind = [copy.name for copy in group.replicas if copy.offline or not copy.current]
    if behind:
        detail = f"not up to date: {', '.join(behind)}"
        return Finding("copies", stream, "wrong", detail, "start them, and let them catch up")
    return Finding("copies", stream, "ok", f"leader {group.leader}, all up to date")


async def _durables(bus: Bus, stream: str) -> list[ConsumerInfo]:
    """Durable consumers; the readers' own come and go."""
    found: list[ConsumerInfo] = []
    while True:
        answer = await bus.api(f"CONSUMER.LIST.{stream}", {"offset": len(found)})
        page = msgspec.json.decode(answer, type=Consumers)
        found += page.consumers or []
        if not page.consumers or len(found) >= page.total:
            return [consumer for consumer in found if consumer.config.durable_name]


def _owner(stream: str, consumer: ConsumerInfo) -> Finding:
    name = f"{stream} {consumer.config.durable_name}"
    for durable in DURABLES:
        if (durable.stream, durable.name) == (stream, consumer.config.durable_name):
            return Finding("consumer", name, "ok", f"{durable.service}'s")
    advice = f"if nobody reads it any more: sluse nats forget {name}"
    detail = f"no reaction of ours has it; {consumer.num_pending} messages wait for it"
    return Finding("consumer", name, "wrong", detail, advice)
