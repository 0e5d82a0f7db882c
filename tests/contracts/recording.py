"""Events as the kernel writes them, for tests that append by hand."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from nats.aio.msg import Msg

from services.intake.events import PersonRegistered
from shared.bus import Bus
from shared.envelope import Envelope, encode_data
from shared.errors import BusAway
from shared.event_store import Append, EventStore
from shared.subjects import source_of


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


async def put(bus: Bus, subject: str, body: bytes) -> Msg:
    """Somebody else has put this into the stream."""
    return await bus.request(subject, body, 2.0)
