"""A projection is folded anew beside the tables that are asked; nobody who asks notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncEngine

from services.placement.enrolled import PLAN as VIEW
from services.placement.enrolled import EnrolledFact
from services.reporting import reports
from services.reporting.facts import PLAN
from shared import blue_green
from shared import generation_control as control
from shared.bus import Bus
from shared.database import opened
from shared.errors import InvalidField, NotYet
from shared.generation_control import GenerationState, NoSuchGeneration
from shared.plan import Plan
from shared.projection import Patience, Projection
from shared.projection_door import Ask, listed, told
from shared.view import following
from tests.contracts.reading import (
    by_stream,
    demonstration,
    fresh_rows,
    own_bus,
    projected,
    rows,
    running,
    store,
)

EVENTS = by_stream(demonstration())
NEWER = structs.replace(VIEW, version=VIEW.version + 1)
NEWEST = structs.replace(VIEW, version=VIEW.version + 2)
SECONDS = 120
PATIENT = Patience(lease=2)


async def until(projection: Projection, number: int, state: str) -> None:
    """Wait until the process that has this projection knows the generation in this state."""
    async with asyncio.timeout(SECONDS):
        while projection.served.number != number or projection.served.state != state:
            await asyncio.sleep(0.02)


async def until_folded(projection: Projection, number: int) -> None:
    """Wait until a generation beside the one that is asked has come as far."""
    async with asyncio.timeout(SECONDS):
        while (
            number not in projection.generations
            or projection.generations[number].positions != projection.positions
        ):
            await asyncio.sleep(0.02)


async def tables_of(engine: AsyncEngine) -> set[str]:
    """The generations that have tables, as their names begin."""
    async with engine.connect() as db:
        names = await db.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    return {"_".join(name.split("_")[:2]) for name in names} - {"projection_generation"}


async def states(projection: Projection) -> dict[int, str]:
    async with projection.reading() as db:
        return {row.generation: row.state for row in await control.rows(db, projection.plan.name)}


@asynccontextmanager
async def asked_all_the_time(projection: Projection) -> AsyncIterator[list[int]]:
    """Somebody asks without a pause, always of one moment: the answers' sizes, which never change."""
    answers: list[int] = []
    moment = projection.positions["INTAKE"]

    async def ask() -> None:
        while True:
            async with projection.reading() as db:
                table = projection.tables[EnrolledFact]
                answers.append(len(await table.effective(db, moment)))
            await asyncio.sleep(0)

    task = asyncio.create_task(ask())
    try:
        yield answers
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(set(answers)) == 1
    finally:
        task.cancel()


async def test_a_rebuilt_projection_takes_the_place_of_the_old_one_and_goes_back(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as projection:
        await store(bus, demonstration()[:300])
        assert await projection.caught_up(bus, SECONDS)
        await until(projection, 1, "live")
        async with asked_all_the_time(projection) as answers:
            assert await blue_green.rebuild(projection.engine, VIEW) == 2
            await store(bus, demonstration()[300:])
            await until_folded(projection, 2)
            assert projection.served.number == 1
            assert await blue_green.promote(projection.engine, VIEW) == 2
            await until(projection, 2, "live")
            assert await states(projection) == {1: "previous", 2: "live"}
            assert await projection.caught_up(bus, SECONDS)
            rebuilt = await rows(projection)
            assert await blue_green.rollback(projection.engine, VIEW) == 1
            await until(projection, 1, "live")
            assert await states(projection) == {1: "live", 2: "previous"}
            assert rebuilt == await rows(projection) == await fresh_rows(VIEW, EVENTS)
        assert len(answers) > 1


async def test_a_new_version_starts_beside_the_old_one_which_goes_on(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as old:
        await store(bus, demonstration()[:200])
        assert await old.caught_up(bus, SECONDS)
        await until(old, 1, "live")
        async with (
            asked_all_the_time(old),
            following(NEWER, database, bus) as new,
        ):
            assert new.status().state == "building"
            await store(bus, demonstration()[200:])
            await until(new, 2, "live")
            assert old.served.number == 1
            assert await old.caught_up(bus, SECONDS)
            assert await new.caught_up(bus, SECONDS)
            assert await rows(old) == await rows(new) == await fresh_rows(VIEW, EVENTS)
            assert [old.stopped, new.stopped] == [{}, {}]


async def test_a_version_is_gone_back_to_by_starting_it(database: str, tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus):
        for plan in (VIEW, NEWER):
            async with following(plan, database, bus) as projection:
                await store(bus, demonstration()[:200])
                assert await projection.caught_up(bus, SECONDS)
                await until(projection, plan.version - VIEW.version + 1, "live")
        async with following(VIEW, database, bus) as back:
            assert back.status().state == "live"
            assert back.positions["INTAKE"] > 0
            assert await back.caught_up(bus, SECONDS)


async def test_what_is_two_versions_old_goes_once_nobody_has_it(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, demonstration()[:100])
        for plan in (VIEW, NEWER):
            async with following(plan, database, bus) as projection:
                await until(projection, plan.version - VIEW.version + 1, "live")
        async with following(NEWEST, database, bus, patience=PATIENT) as projection:
            await until(projection, 3, "live")
            async with asyncio.timeout(SECONDS):
                while len(await states(projection)) == 3:
                    await asyncio.sleep(0.02)
            assert await states(projection) == {2: "live", 3: "live"}
            assert await tables_of(projection.engine) == {
                "projection_position",
                "placement_g2",
                "placement_g3",
            }


def test_what_lives_is_not_old() -> None:
    """Three versions, each live: the oldest is dropped unless one of its processes gives a sign."""
    first, second, third = (
        control.GenerationRow(
            projection="p",
            generation=n,
            version=n,
            state="live",
            begun_at="",
            holder="h",
            token=1,
            beat=n,
        )
        for n in (1, 2, 3)
    )
    everything = [first, second, third]
    assert blue_green.old(everything, 3, lambda row: True) == []
    assert blue_green.old(everything, 3, lambda row: False) == [first]
    building = structs.replace(third, state="building")
    assert blue_green.old([first, second, building], 3, lambda row: False) == []


async def test_a_rebuild_that_was_killed_goes_on_from_its_position(database: str) -> None:
    async with projected(PLAN, database) as first:
        await first.apply("INTAKE", EVENTS["INTAKE"])
        await blue_green.go_live(first.engine, PLAN, 1)
        assert await blue_green.rebuild(first.engine, PLAN) == 2
        await first._look_once(take=True)
        half = first.generations[2]
        await half.apply("INTAKE", EVENTS["INTAKE"][:50])
    async with projected(PLAN, database, Patience(lease=0)) as second:
        await second._look_once(take=True)
        rest = second.generations[2]
        assert rest.positions["INTAKE"] == 50
        await rest.apply("INTAKE", EVENTS["INTAKE"][50:])
        await blue_green.promote(second.engine, PLAN)
        await second._look_once(take=True)
        assert second.served is rest
        assert await rows(second) == await fresh_rows(PLAN, {"INTAKE": EVENTS["INTAKE"]})


async def test_nothing_is_promoted_that_is_behind(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blue_green, "PROMOTION_SECONDS", 0.2)
    async with projected(PLAN, database) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"][:50])
        await blue_green.go_live(projection.engine, PLAN, 1)
        await blue_green.rebuild(projection.engine, PLAN)
        with pytest.raises(NotYet, match="generation 2 is at 0 of INTAKE"):
            await blue_green.promote(projection.engine, PLAN)
        assert await states(projection) == {1: "live", 2: "building"}


async def test_what_makes_no_sense_is_refused_and_changes_nothing(database: str) -> None:
    async with projected(PLAN, database) as projection:
        engine = projection.engine
        with pytest.raises(GenerationState, match="generation 1 is the one that is asked"):
            await blue_green.drop(engine, PLAN, 1, lambda row: False)
        await blue_green.go_live(engine, PLAN, 1)
        with pytest.raises(NoSuchGeneration, match="rebuild makes one"):
            await blue_green.promote(engine, PLAN)
        with pytest.raises(NoSuchGeneration, match="no earlier generation"):
            await blue_green.rollback(engine, PLAN)
        with pytest.raises(GenerationState, match="generation 1 is the one that is asked"):
            await blue_green.drop(engine, PLAN, 1, lambda row: False)
        await blue_green.rebuild(engine, PLAN)
        with pytest.raises(GenerationState, match="generation 2 is being built already"):
            await blue_green.rebuild(engine, PLAN)
        with pytest.raises(NoSuchGeneration, match="no generation 7 here, only 1, 2"):
            await blue_green.drop(engine, PLAN, 7, lambda row: False)
        with pytest.raises(GenerationState, match="generation 1 is the one that is asked"):
            await blue_green.promote(engine, PLAN, 1)
        assert await states(projection) == {1: "live", 2: "building"}
        await blue_green.drop(engine, PLAN, 2, lambda row: False)
        assert await blue_green.rebuild(engine, PLAN) == 3  # a number is never used again
        assert await tables_of(engine) == {"projection_position", "reporting_g1", "reporting_g3"}


async def test_a_writer_whose_generation_is_dropped_writes_nothing_any_more(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as projection:
        await until(projection, 1, "live")
        await blue_green.rebuild(projection.engine, VIEW)
        await until_folded(projection, 2)
        await blue_green.drop(projection.engine, VIEW, 2, lambda row: False)
        await store(bus, demonstration())
        assert await projection.caught_up(bus, SECONDS)
        assert await states(projection) == {1: "live"}
        assert projection.stopped == {}
        assert await rows(projection) == await fresh_rows(VIEW, EVENTS)


async def dropped_while_asked(projection: Projection) -> None:
    async with projection.reading() as db:
        await blue_green.drop(projection.engine, NEWER, 1, lambda row: False)
        await projection.tables[EnrolledFact].effective(db)


async def test_processes_whose_generations_are_dropped_say_so(
    database: str, tmp_path: Path
) -> None:
    """By an operator of another version, who has seen no sign of theirs."""
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as projection:
        await until(projection, 1, "live")
        with pytest.raises(NotYet):
            await dropped_while_asked(projection)
        async with asyncio.timeout(SECONDS):
            while not projection.stopped:
                await asyncio.sleep(0.02)
        await projection._look_once(take=True)
        assert {why.split(":")[0] for why in projection.stopped.values()} == {"DROPPED"}


async def test_two_projections_share_a_database(database: str, tmp_path: Path) -> None:
    async with (
        own_bus(tmp_path) as (_, bus),
        following(PLAN, database, bus) as facts,
        following(reports.PLAN, database, bus) as issued,
    ):
        await store(bus, demonstration()[:300])
        assert await facts.caught_up(bus, SECONDS)
        assert await issued.caught_up(bus, SECONDS)
        assert [facts.stopped, issued.stopped] == [{}, {}]
        assert await rows(facts) == await fresh_rows(PLAN, by_stream(demonstration()[:300]))
        assert {"reporting_g1", "reports_g1"} <= await tables_of(facts.engine)


async def test_the_door_says_what_there_is_and_what_was_not_done(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as projection:
        await store(bus, demonstration())
        assert await projection.caught_up(bus, SECONDS)
        await until(projection, 1, "live")
        await projection.look(bus)
        (one,) = await listed("placement", projection)
        assert (one.state, one.asked, one.written) == ("live", True, True)
        assert one.events == one.of == sum(projection.positions.values())
        with pytest.raises(NoSuchGeneration):
            await told("placement", [projection], Ask("promote"))
        with pytest.raises(InvalidField) as unknown:
            await told("placement", [projection], Ask("rebuild", "nothing"))
        assert unknown.value.path == "projection"
        with pytest.raises(InvalidField):
            await told("placement", [projection], Ask("drop"))
        begun = await told("placement", [projection], Ask("rebuild"))
        assert (begun.done, len(begun.generations)) == (("placement", 2), 2)


async def fold_in_one_go(plan: Plan, database: str, bus: Bus) -> None:
    """Follow until everything is folded; then stop, in order."""
    async with projected(plan, database) as projection, running(projection, bus):
        assert await projection.caught_up(bus, SECONDS)
    async with opened(database) as engine, engine.connect() as db:
        (row,) = await control.rows(db, plan.name)
        assert row.holder == ""


async def test_a_projection_that_ended_in_order_has_no_holder(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, demonstration()[:100])
        await fold_in_one_go(VIEW, database, bus)
