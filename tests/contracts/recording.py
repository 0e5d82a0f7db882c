"""Events as the kernel writes them, for tests that append by hand."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from services.intake.events import PersonRegistered
from shared.bus import Bus, NoAnswer
from shared.envelope import Envelope, encode_data
from shared.errors import BusAway
from shared.event_store import Append, EventStore
from shared.subjects import source_of


class _Cluster(Struct):
    leader: str = ""


class _Info(Struct):
    cluster: _Cluster


def an_event(subject: str, /, **changes: object) -> Envelope:
    """A registration with an id of its own."""
    event = PersonRegistered(person_ref=subject.rsplit(".", 1)[1])
    fields: dict[str, object] = {
        "id": str(uuid4()),
        "source": source_of(subject.split(".", maxsplit=1)[0]),
        "type": "PersonRegistered",
        "subject": subject,
        "time": datetime.now(UTC),
        "data": encode_data(event),
        "commandid": str(uuid4()),
        "commanddigest": "0",
        "correlationid": "c",
        "causationid": "c",
        "actor": "test",
    }
    return Envelope(**{**fields, **changes})


def an_append(subject: str, expected: int, events: int = 1) -> Append:
    """So many new events behind a position."""
    return Append(subject, expected, tuple(an_event(subject) for _ in range(events)))


async def ids(store: EventStore, subject: str) -> list[str]:
    """The ids of what is stored of an entity, as its leader knows it."""
    async with asyncio.timeout(10):
        while True:
            with suppress(BusAway):  # a cluster may be electing a leader
                history = await store.load(subject, await store.last_position(subject))
                return [record.envelope.id for record in history.records]
            await asyncio.sleep(0.05)


async def last_position(bus: Bus, stream: str) -> int:
    """The stream's last position, also while a cluster is electing a leader."""
    async with asyncio.timeout(20):
        while True:
            with suppress(BusAway, NoAnswer):
                return await bus.last_position(stream)
            await asyncio.sleep(0.05)


async def leader(bus: Bus, stream: str) -> str:
    """The server that leads a stream of a cluster; empty while none does."""
    with suppress(BusAway, NoAnswer):
        info = msgspec.json.decode(await bus.api(f"STREAM.INFO.{stream}", {}), type=_Info)
        return info.cluster.leader
    return ""


async def recorded_behind(store: EventStore, subject: str, position: int) -> None:
    """Return once the entity's last event stands behind the position."""
    async with asyncio.timeout(20):
        while await store.last_position(subject) <= position:
            await asyncio.sleep(0.01)


async def put(bus: Bus, subject: str, body: bytes) -> Msg:
    """Somebody else has put this into the stream."""
    return await bus.request(subject, body, 2.0)
