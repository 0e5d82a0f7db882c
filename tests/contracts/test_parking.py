"""A poison event parks its entity, not the stream; retried and discarded, all is as if it had never been."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import Raw, structs

from services.intake.events import VOCABULARY as INTAKE
from shared.bus import Bus
from shared.envelope import Envelope, Recorded, encode
from shared.operations.events import VOCABULARY as OPERATIONS
from shared.operations.events import MessageQuarantined
from shared.operations.quarantine import digest_of, is_passed_over
from shared.projection import Projection
from shared.stream_reader import Message
from tests.contracts.poison import (
    PLAN,
    POISON,
    WOULD_NOT_FIT,
    discarded,
    homes,
    in_turn,
    mended,
    person,
    recorded,
    retried,
    subject,
)
from tests.contracts.reading import NOW, envelope, own_bus, projected, rows, running, store

LIVES = in_turn(
    person(1, "north", "south"),
    person(2, "north", POISON, "west"),
    person(3, "east"),
    person(4, "east", "north", POISON, "south", "west"),
)
EVENTS = recorded(LIVES)
POISONS = [r for r in EVENTS if getattr(r.event, "area", None) == POISON]


@pytest.fixture
async def projection(database: str) -> AsyncIterator[Projection]:
    async with projected(PLAN, database) as one:
        yield one


async def operate(projection: Projection, *envelopes_: Envelope) -> None:
    """Operators' events, the next ones of their stream."""
    before = projection.positions["OPERATIONS"]
    events = [
        OPERATIONS.read(one.subject, position, EVENTS[0].recorded_at, encode(one))
        for position, one in enumerate(envelopes_, start=before + 1)
    ]
    await projection.apply("OPERATIONS", events)


async def test_a_poison_event_parks_its_entity_and_nobody_else_waits(
    projection: Projection,
) -> None:
    await projection.apply("INTAKE", EVENTS)

    assert projection.positions["INTAKE"] == len(EVENTS)
    assert await homes(projection) == {"p1": "south", "p2": "north", "p3": "east", "p4": "north"}
    assert {
        it.entity: (it.position, it.event_type, it.error, it.attempts)
        for it in projection.parked.values()
    } == {
        record.envelope.subject: (record.position, "ResidenceChanged", "ImpossibleArea", 3)
        for record in POISONS
    }


async def test_what_comes_later_of_the_entity_waits_in_order(projection: Projection) -> None:
    await projection.apply("INTAKE", EVENTS[:-1])
    await projection.apply("INTAKE", EVENTS[-1:])

    async with projection.reading() as db:
        waiting = await projection.log.positions_from(db, subject(4), POISONS[1].position)
    assert waiting == [r.position for r in EVENTS if r.envelope.subject == subject(4)][3:]
    assert (await homes(projection))["p4"] == "north"


async def test_a_row_that_cannot_be_written_parks_its_entity_too(projection: Projection) -> None:
    events = recorded(in_turn(person(1, "north"), person(2, WOULD_NOT_FIT), person(3, "east")))

    await projection.apply("INTAKE", events)

    assert list(projection.parked) == [subject(2)]
    assert await homes(projection) == {"p1": "north", "p2": "", "p3": "east"}


async def test_a_retry_before_the_defect_is_mended_leaves_it_parked(
    projection: Projection,
) -> None:
    await projection.apply("INTAKE", EVENTS)
    before = await homes(projection)

    await operate(projection, retried(2))

    assert projection.parked[subject(2)].attempts == 4
    assert projection.parked[subject(4)].attempts == 3
    assert await homes(projection) == before


async def test_once_retried_the_rows_are_those_of_a_fresh_fold(projection: Projection) -> None:
    await projection.apply("INTAKE", EVENTS)

    with mended():
        await operate(projection, retried(2), retried(4, 1))
        async with projected(PLAN) as fresh:
            await fresh.apply("INTAKE", EVENTS)
            assert fresh.parked == {}
            await operate(fresh, retried(2), retried(4, 1))
            assert await rows(projection) == await rows(fresh)
        assert projection.parked == {}
        assert (await homes(projection))["p2"] == "west"


async def test_what_is_recorded_after_the_retry_goes_on(projection: Projection) -> None:
    await projection.apply("INTAKE", EVENTS[:-1])

    with mended():
        await operate(projection, retried(4))
        await projection.apply("INTAKE", EVENTS[-1:])

    assert (await homes(projection))["p4"] == "west"


@given(data=st.data())
@hypothesis_settings(max_examples=15, deadline=None)
def test_a_discard_leaves_the_event_out_whenever_it_arrives(data: st.DataObject) -> None:
    """Before the event, while it is parked, after: the rows are the same."""

    async def go() -> None:
        left = {"INTAKE": list(EVENTS), "OPERATIONS": _operations()}
        async with projected(PLAN) as projection:
            while streams := [stream for stream in left if left[stream]]:
                stream = data.draw(st.sampled_from(streams))
                size = data.draw(st.integers(1, 4))
                if data.draw(st.booleans()):
                    await _forget(projection)
                await projection.apply(stream, left[stream][:size])
                del left[stream][:size]
            assert projection.parked == {}
            assert await rows(projection) == _expected

    _expected = asyncio.run(_discarded_first())
    asyncio.run(go())


def _operations() -> list[Recorded]:
    return recorded([discarded(it, n) for n, it in enumerate(POISONS)], OPERATIONS)


async def _discarded_first() -> dict[str, list[tuple[object, ...]]]:
    async with projected(PLAN) as projection:
        await projection.apply("OPERATIONS", _operations())
        await projection.apply("INTAKE", EVENTS)
        assert await homes(projection) == {"p1": "south", "p2": "west", "p3": "east", "p4": "west"}
        return await rows(projection)


async def _forget(projection: Projection) -> None:
    """As a process that has just started: it knows what the database says."""
    projection.served.folding.forget()
    async with projection.reading() as db:
        projection.served.parking.held = await projection.served.parking.read(db)


async def test_a_discard_of_what_another_event_is_now_leaves_nothing_out(
    projection: Projection,
) -> None:
    """After a restore another event may stand at the position."""
    other = structs.replace(POISONS[0], envelope=structs.replace(POISONS[0].envelope, id="other"))

    await operate(projection, discarded(other))
    await projection.apply("INTAKE", EVENTS)

    assert subject(2) in projection.parked


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    projection: Projection,
) -> None:
    await projection.apply("INTAKE", EVENTS)
    before = await rows(projection)

    async with projection.reading() as db:
        failing = await projection.served.refolding.trial(db, subject(2))
        without = await projection.served.refolding.trial(db, subject(2), {POISONS[0].position})

    assert (failing.folds, failing.position, failing.error) == (
        False,
        POISONS[0].position,
        "ImpossibleArea",
    )
    assert (without.folds, without.added, without.removed) == (True, 1, 1)
    assert await rows(projection) == before


async def test_what_is_parked_outlives_its_process(database: str) -> None:
    async with projected(PLAN, database) as first:
        await first.apply("INTAKE", EVENTS[:-1])
        parked = first.parked
    async with projected(PLAN, database) as second:
        assert second.parked == parked
        await second.apply("INTAKE", EVENTS[-1:])
        assert (await homes(second))["p4"] == "north"


async def test_who_stands_by_knows_what_the_writer_has_parked(
    postgres_database: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as both:
        _, bus = await both.enter_async_context(own_bus(tmp_path))
        writer, standby = [
            await both.enter_async_context(projected(PLAN, postgres_database)) for _ in range(2)
        ]
        await both.enter_async_context(running(writer, bus))
        await store(bus, LIVES)
        assert await writer.caught_up(bus, 20)
        await both.enter_async_context(running(standby, bus))
        assert await standby.caught_up(bus, 20)
        assert (writer.status().role, standby.status().role) == ("writer", "standby")
        assert sorted(standby.parked) == [subject(2), subject(4)]

        await store(bus, [discarded(it, n) for n, it in enumerate(POISONS)])
        assert await standby.caught_up(bus, 20)
        assert standby.parked == {}


async def test_a_live_projection_parks_and_goes_on(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as live, running(live, bus):
        await store(bus, LIVES)
        assert await live.caught_up(bus, 20)
        assert sorted(live.parked) == [subject(2), subject(4)]
        assert live.stopped == {}

        await store(bus, [discarded(it, n) for n, it in enumerate(POISONS)])
        assert await live.caught_up(bus, 20)
        assert live.parked == {}
        assert await homes(live) == {"p1": "south", "p2": "west", "p3": "east", "p4": "west"}


async def until_stopped(projection: Projection, stream: str) -> str:
    async with asyncio.timeout(10):
        while stream not in projection.stopped:
            await asyncio.sleep(0.01)
    return projection.stopped[stream]


async def put(bus: Bus, body: bytes, at: str = "intake.person.p9") -> int:
    answer = await bus.request(at, body, 5)
    position: int = msgspec.json.decode(answer.data)["seq"]
    return position


async def test_an_event_of_a_newer_writer_parks_nothing(tmp_path: Path) -> None:
    newer = structs.replace(LIVES[0], type="PersonKnighted")
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as live, running(live, bus):
        await store(bus, [*LIVES[:2], newer])

        assert (await until_stopped(live, "INTAKE")).startswith("UNKNOWN_EVENT_TYPE")
        assert (live.parked, live.positions["INTAKE"]) == ({}, 2)


async def test_a_correction_that_cannot_be_read_parks_its_entity(projection: Projection) -> None:
    first = LIVES[0]
    correction = structs.replace(
        first,
        id="3b241101-e2bb-4255-8caf-4136c566a962",
        type="EventCorrected",
        data=Raw(
            msgspec.json.encode(
                {"event_id": first.id, "data": {"birth_year": "never"}, "reason": "mistake"}
            )
        ),
    )
    await projection.apply("INTAKE", recorded([*LIVES[:3], correction]))

    assert projection.parked[subject(1)].error == "Undecodable"
    assert projection.positions[INTAKE.stream] == 4


async def quarantined(bus: Bus, position: int, body: bytes) -> None:
    """An operator puts what stands at a position of INTAKE in quarantine."""
    event = MessageQuarantined(
        stream="INTAKE", position=position, digest=digest_of(body), reason="forged"
    )
    await store(bus, [envelope(OPERATIONS, "quarantine", f"intake-{position}", event, position)])


async def test_only_a_quarantine_gets_past_what_nobody_can_read(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as live, running(live, bus):
        await store(bus, LIVES[:3])
        at = await put(bus, b"not an event")
        await store(bus, LIVES[3:6])
        assert (await until_stopped(live, "INTAKE")).startswith("UNDECODABLE")
        assert live.positions["INTAKE"] == at - 1

        await quarantined(bus, at, b"not what stands there")
        there = Message("intake.person.p9", at, NOW, 0, b"not an event")
        assert not await is_passed_over(bus, "INTAKE", there)
        assert live.positions["INTAKE"] == at - 1

        await quarantined(bus, at, b"not an event")
        assert await live.caught_up(bus, 20)
        assert (live.positions["INTAKE"], live.stopped) == (at + 3, {})
        async with projected(PLAN) as fresh, running(fresh, bus):
            assert await fresh.caught_up(bus, 20)
            assert await rows(live) == await rows(fresh)


async def test_what_nobody_can_read_among_the_operations_is_passed_over_likewise(
    tmp_path: Path,
) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as live, running(live, bus):
        at = await put(bus, b"forged", "operations.parked.some-entity")
        await store(bus, LIVES)
        assert (await until_stopped(live, "OPERATIONS")).startswith("UNDECODABLE")
        assert await live.reached("INTAKE", len(LIVES), 20)

        event = MessageQuarantined(
            stream="OPERATIONS", position=at, digest=digest_of(b"forged"), reason="forged"
        )
        await store(bus, [envelope(OPERATIONS, "quarantine", f"operations-{at}", event, 1)])
        await store(bus, [discarded(it, n) for n, it in enumerate(POISONS)])
        assert await live.caught_up(bus, 20)
        assert (live.parked, live.stopped) == ({}, {})
