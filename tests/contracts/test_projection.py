"""A projection's rows are what its streams say, whenever, however often and in whatever order it ran."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy.ext.asyncio import create_async_engine

from services.aftercare import caseload
from services.intake.events import EnrolmentEvent
from services.placement import enrolled
from services.reporting.facts import PLAN
from shared import projection as projection_module
from shared.bus import Bus
from shared.envelope import Envelope, Recorded, Vocabulary, encode
from shared.facts import Fact
from shared.projection import Fenced, Plan, Projection
from tests.contracts.reading import (
    ROOT,
    STREAMS,
    by_stream,
    demonstration,
    facts_at,
    fresh_rows,
    own_bus,
    person_registered,
    projected,
    rows,
    running,
    store,
)

PLANS = {"reporting": PLAN, "placement": enrolled.PLAN, "aftercare": caseload.PLAN}
EVENTS = by_stream(demonstration())
each_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def some(count: int) -> list[Envelope]:
    return [person_registered(n) for n in range(count)]


async def until_stopped(projection: Projection, stream: str) -> str:
    async with asyncio.timeout(10):
        while stream not in projection.stopped:
            await asyncio.sleep(0.01)
    return projection.stopped[stream]


async def logged(projection: Projection, stream: str) -> list[int]:
    t = projection.log.table.c
    async with projection.engine.connect() as db:
        found = await db.scalars(
            sa.select(t.position).where(t.stream == stream).order_by(t.position)
        )
        return list(found)


@each_plan
async def test_a_live_projection_equals_one_from_the_beginning(plan: Plan, tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(plan) as live:
        async with running(live, bus):
            for at in range(0, len(demonstration()), 40):
                await store(bus, demonstration()[at : at + 40])
                await asyncio.sleep(0)
            assert await live.caught_up(bus, 20)
        assert live.stopped == {}
        assert await rows(live) == await fresh_rows(plan, EVENTS)


@each_plan
async def test_a_projection_goes_on_where_it_stopped(plan: Plan, tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with own_bus(tmp_path) as (_, bus):
        for part in range(0, len(demonstration()), 300):
            await store(bus, demonstration()[part : part + 300])
            async with projected(plan, database) as again, running(again, bus):
                assert await again.caught_up(bus, 20)
        async with projected(plan, database) as again:
            assert await rows(again) == await fresh_rows(plan, EVENTS)


@given(data=st.data())
@hypothesis_settings(max_examples=15, deadline=None)
def test_neither_the_order_of_streams_nor_the_size_of_batches_matters(data: st.DataObject) -> None:
    few = _of_some_people(data.draw(st.integers(0, 10)))

    async def go() -> None:
        async with projected(PLAN) as first:
            projection = first
            at = dict.fromkeys(few, 0)
            while left := [stream for stream in few if at[stream] < len(few[stream])]:
                stream = data.draw(st.sampled_from(left))
                batch = few[stream][at[stream] :][: data.draw(st.integers(1, 25))]
                if data.draw(st.booleans()):
                    projection = Projection(PLAN, projection.engine)  # it has forgotten all
                    await projection.prepare()
                await projection.apply(stream, batch)
                at[stream] += len(batch)
            assert await rows(projection) == await fresh_rows(PLAN, few)

    asyncio.run(go())


def _of_some_people(which: int) -> dict[str, list[Recorded]]:
    """The events of a tenth of all entities, and of the programme."""
    return by_stream(
        one
        for one in demonstration()
        if one.type == "ProgrammeOpened" or sum(one.subject.encode()) % 11 == which
    )


@each_plan
async def test_an_old_moment_shows_what_a_fold_up_to_it_shows(plan: Plan) -> None:
    chance = random.Random(20220427)
    async with projected(plan) as projection:
        for stream in projection.positions:
            events = EVENTS.get(stream, [])
            for at in range(0, len(events), 70):
                await projection.apply(stream, events[at : at + 70])
        stream_of = {
            type(fact): stream
            for stream, records in EVENTS.items()
            for fact in facts_at(plan, {stream: records}, {stream: len(records)})
        }
        for _ in range(50):
            moment = {
                stream: chance.randint(0, len(records)) if stream in projection.positions else 0
                for stream, records in EVENTS.items()
            }
            async with projection.engine.connect() as db:
                for kind, stream in stream_of.items():
                    shown = await projection.tables[kind].effective(db, moment[stream])
                    folded = {f for f in facts_at(plan, EVENTS, moment) if isinstance(f, kind)}
                    assert folded == set(shown)
                    assert len(folded) == len(shown)


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_rows_and_position_in_step(tmp_path: Path) -> None:
    chance = random.Random(7)
    expected = asyncio.run(fresh_rows(PLAN, EVENTS))
    killed = round_ = 0
    while killed < 20:
        round_ += 1
        database = f"sqlite+aiosqlite:///{tmp_path}/rows{round_}.db"
        while killed < 20 and _killed(database, killed, chance.uniform(0, 0.25)):
            killed += 1
        assert expected == asyncio.run(_finished(database))


def _killed(database: str, seed: int, after: float) -> bool:
    """Whether the process was still at work when the signal came."""
    code = (
        "from services.reporting.facts import PLAN\n"
        "from tests.contracts.reading import fold_until_killed\n"
        f"fold_until_killed(PLAN, {database!r}, {seed})"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            return process.wait(after) != 0
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            return process.wait(10) == -signal.SIGKILL


async def _finished(database: str) -> dict[str, list[tuple[object, ...]]]:
    async with projected(PLAN, database) as projection:
        for stream, records in EVENTS.items():
            if left := records[projection.positions[stream] :]:
                await projection.apply(stream, left)
        return await rows(projection)


def unknown_type() -> Envelope:
    return structs.replace(person_registered(3), type="PersonKnighted")


def foreign() -> Envelope:
    return structs.replace(person_registered(3), source="/sluse/placement")


async def put(bus: Bus, body: bytes) -> None:
    await bus.request("intake.person.p3", body, 5)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (encode(unknown_type()), "UNKNOWN_EVENT_TYPE"),
        (encode(foreign()), "UNDECODABLE"),
        (b"\xff not an event", "UNDECODABLE"),
        (b"", "UNDECODABLE"),
    ],
    ids=["unknown type", "foreign source", "no JSON", "empty"],
)
async def test_what_cannot_be_read_stops_its_stream_exactly_there(
    body: bytes, code: str, tmp_path: Path
) -> None:
    others = [e for e in demonstration() if e.subject.startswith(("placement.", "aftercare."))]
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, some(3))
        await put(bus, body)
        await store(bus, [person_registered(9)])
        async with projected(PLAN) as projection, running(projection, bus):
            assert (await until_stopped(projection, "INTAKE")).startswith(f"{code}: ")
            await store(bus, others)
            assert await projection.reached("PLACEMENT", await bus.last_position("PLACEMENT"), 10)
            assert await projection.reached("AFTERCARE", await bus.last_position("AFTERCARE"), 10)
            assert not await projection.reached("INTAKE", 4, 0.1)
            assert projection.positions["INTAKE"] == 3
            assert await logged(projection, "INTAKE") == [1, 2, 3]
            assert list(projection.stopped) == ["INTAKE"]


async def test_a_newer_version_goes_on_where_the_older_had_to_stop(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    from_before = Vocabulary("intake", {"enrolment": EnrolmentEvent})
    older = structs.replace(PLAN, vocabularies=(from_before, *PLAN.vocabularies[1:]))
    intake = [e for e in demonstration() if e.subject.startswith("intake.")]
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, intake)
        async with projected(older, database) as projection, running(projection, bus):
            assert "UNKNOWN_EVENT_TYPE" in await until_stopped(projection, "INTAKE")
        async with projected(PLAN, database) as projection, running(projection, bus):
            assert await projection.caught_up(bus, 10)
            assert await rows(projection) == await fresh_rows(PLAN, by_stream(intake))


async def test_a_gap_stops_the_stream_right_before_it(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, some(5))
        await bus.api("STREAM.MSG.DELETE.INTAKE", {"seq": 4})
        async with projected(PLAN) as projection, running(projection, bus):
            assert (await until_stopped(projection, "INTAKE")).startswith("STREAM_GAP: ")
            assert await logged(projection, "INTAKE") == [1, 2, 3]


async def test_a_fold_that_fails_stops_its_stream_and_says_so(tmp_path: Path) -> None:
    def fails(entity: str, history: Sequence[Recorded]) -> Iterable[Fact]:
        if history:
            raise KeyError(entity)
        return []

    plan = structs.replace(PLAN, folds={("intake", "person"): fails})
    others = [e for e in demonstration() if e.subject.startswith("placement.")]
    async with own_bus(tmp_path) as (_, bus), projected(plan) as projection:
        await store(bus, [*some(3), *others])
        async with running(projection, bus):
            assert await until_stopped(projection, "INTAKE") == "BROKEN: KeyError"
            assert await projection.reached("PLACEMENT", len(others), 10)
            assert await logged(projection, "INTAKE") == []


async def test_of_two_writers_one_goes_on_and_the_other_is_fenced(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with (
        own_bus(tmp_path) as (_, bus),
        projected(PLAN, database) as one,
        projected(PLAN, database) as two,
    ):
        async with running(one, bus), running(two, bus):
            await store(bus, demonstration())
            async with asyncio.timeout(20):
                while len(one.stopped) + len(two.stopped) < len(STREAMS) or any(
                    max(one.positions[s], two.positions[s]) < len(EVENTS[s]) for s in STREAMS
                ):
                    await asyncio.sleep(0.01)
            said = [*one.stopped.values(), *two.stopped.values()]
            assert len(STREAMS) == len(said)
            assert all(why.startswith("FENCED: ") for why in said)
        assert await rows(one) == await fresh_rows(PLAN, EVENTS)


async def test_a_writer_that_is_behind_changes_nothing(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with projected(PLAN, database) as one, projected(PLAN, database) as two:
        await one.apply("INTAKE", EVENTS["INTAKE"][:50])
        with pytest.raises(Fenced):
            await two.apply("INTAKE", EVENTS["INTAKE"][:40])
        await one.apply("INTAKE", EVENTS["INTAKE"][50:])
        assert await rows(one) == await fresh_rows(PLAN, {"INTAKE": EVENTS["INTAKE"]})


async def test_a_database_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_module, "RETRY_SECONDS", 0.05)
    file = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with (
        own_bus(tmp_path) as (_, bus),
        projected(PLAN, file) as holder,
        AsyncExitStack() as stack,
    ):
        impatient = create_async_engine(file, connect_args={"timeout": 0.05})
        stack.push_async_callback(impatient.dispose)
        projection = Projection(PLAN, impatient)
        await projection.prepare()
        async with running(projection, bus):
            await store(bus, demonstration()[:600])
            assert await projection.caught_up(bus, 10)
            async with holder.engine.connect() as lock:
                await lock.exec_driver_sql("UPDATE projection SET version = version")
                await store(bus, demonstration()[600:])
                assert not await projection.caught_up(bus, 0.5)
                assert projection.stopped == {}
                await lock.rollback()
            assert await projection.caught_up(bus, 20)
        assert await rows(projection) == await fresh_rows(PLAN, EVENTS)


async def test_another_version_of_the_folds_begins_again(tmp_path: Path) -> None:
    database = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    nothing = structs.replace(PLAN, version=0, folds={})
    async with projected(nothing, database) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"])
    async with projected(PLAN, database) as projection:
        assert dict.fromkeys(STREAMS, 0) == projection.positions
        assert await logged(projection, "INTAKE") == []
        await projection.apply("INTAKE", EVENTS["INTAKE"])
        assert await rows(projection) == await fresh_rows(PLAN, {"INTAKE": EVENTS["INTAKE"]})


async def test_a_failed_batch_leaves_no_trace() -> None:
    async with projected(PLAN) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"][:100])
        before = await rows(projection)
        twice = [*EVENTS["INTAKE"][100:120], EVENTS["INTAKE"][110]]
        with pytest.raises(sa.exc.IntegrityError):
            await projection.apply("INTAKE", twice)
        assert before == await rows(projection)
        await projection.apply("INTAKE", EVENTS["INTAKE"][100:])
        assert await rows(projection) == await fresh_rows(PLAN, {"INTAKE": EVENTS["INTAKE"]})
