"""The log knows what was recorded when, to the microsecond, and gives histories back as they were."""

from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.intake.events import VOCABULARY as INTAKE
from services.reporting.facts import PLAN
from shared.event_log import microseconds
from shared.event_store import EventStore
from shared.stream_reader import Message, read
from tests.contracts.reading import (
    NOW,
    VOCABULARIES,
    by_stream,
    demonstration,
    own_bus,
    person_registered,
    projected,
    running,
    store,
)

EVENTS = by_stream(demonstration())
MICROSECOND = timedelta(microseconds=1)


async def position_at(at: datetime) -> int:
    async with projected(PLAN) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"][:10])
        async with projection.engine.connect() as db:
            return await projection.log.position_at(db, "INTAKE", at)


def recorded_at(position: int) -> datetime:
    return EVENTS["INTAKE"][position - 1].recorded_at


@pytest.mark.parametrize(
    ("at", "position"),
    [
        (recorded_at(1) - MICROSECOND, 0),
        (recorded_at(1), 1),
        (recorded_at(2) - MICROSECOND, 1),
        (recorded_at(2), 2),
        (recorded_at(2) + MICROSECOND, 2),
        (recorded_at(10), 10),
        (NOW + timedelta(days=9999), 10),
        (NOW - timedelta(days=9999), 0),
    ],
)
async def test_an_instant_means_what_was_recorded_at_it_or_before(
    at: datetime, position: int
) -> None:
    assert position == await position_at(at)


async def test_a_stream_without_events_stands_at_0() -> None:
    async with projected(PLAN) as projection, projection.engine.connect() as db:
        assert await projection.log.position_at(db, "INTAKE", NOW) == 0
        assert not await projection.log.recorded_after(db, "INTAKE", NOW)
        assert await projection.log.newest(db, "import") is None


async def test_the_past_is_settled_once_something_was_recorded_later() -> None:
    async with projected(PLAN) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"][:10])
        async with projection.engine.connect() as db:
            assert await projection.log.recorded_after(db, "INTAKE", recorded_at(9))
            assert not await projection.log.recorded_after(db, "INTAKE", recorded_at(10))
            assert not await projection.log.recorded_after(db, "PLACEMENT", recorded_at(1))


async def test_the_newest_event_of_an_origin_is_known_to_the_microsecond() -> None:
    async with projected(PLAN) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"])
        expected = max(r.recorded_at for r in EVENTS["INTAKE"] if r.envelope.origin == "import")
        async with projection.engine.connect() as db:
            assert expected == await projection.log.newest(db, "import")


async def test_a_history_comes_back_as_it_was_recorded() -> None:
    subjects = sorted({record.envelope.subject for record in EVENTS["PLACEMENT"]})
    async with projected(PLAN) as projection:
        await projection.apply("PLACEMENT", EVENTS["PLACEMENT"])
        async with projection.engine.connect() as db:
            for up_to in (None, {"PLACEMENT": 100}):
                last = up_to["PLACEMENT"] if up_to else len(EVENTS["PLACEMENT"])
                found = await projection.log.histories(db, subjects, VOCABULARIES, up_to)
                assert found == {
                    subject: history
                    for subject in subjects
                    if (
                        history := tuple(
                            r for r in EVENTS["PLACEMENT"][:last] if r.envelope.subject == subject
                        )
                    )
                }


async def test_an_instant_is_the_same_whoever_reads_it(tmp_path: Path) -> None:
    events = [person_registered(n) for n in range(200)]
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as projection:
        await store(bus, events)
        async with running(projection, bus):
            assert await projection.caught_up(bus, 10)
        by_reader: list[Message] = []
        async with aclosing(read(bus, "INTAKE", 0)) as reading:
            async for messages in reading:
                by_reader += messages
                if len(by_reader) == len(events):
                    break
        entities = EventStore(bus, INTAKE)
        async with projection.engine.connect() as db:
            for message in by_reader:
                (loaded,) = (await entities.load(message.subject)).records
                logged = await projection.log.histories(db, [message.subject], VOCABULARIES)
                assert message.recorded_at == loaded.recorded_at
                assert message.recorded_at == logged[message.subject][0].recorded_at
                assert loaded == logged[message.subject][0]


def test_microseconds_are_exact_far_from_1970() -> None:
    at = datetime.fromisoformat("9999-12-31T23:59:59.999999+00:00")
    assert microseconds(at) == 253402300799999999
