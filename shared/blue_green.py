"""Blue and green: a projection is folded anew beside the tables that are asked, which then change places."""

import asyncio
from collections.abc import Callable, Mapping

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import generation_control as control
from shared.clock import now
from shared.database import writing
from shared.errors import NotYet
from shared.generation import Generation, prefix_of
from shared.generation_control import GenerationRow, GenerationState, NoSuchGeneration
from shared.lease import Lease, renew
from shared.plan import Plan

KEPT = 2  # generations that have been live; the third oldest is dropped
PROMOTION_SECONDS = 5.0
RETRY_SECONDS = 0.05

log = structlog.get_logger()


async def rebuild(engine: AsyncEngine, plan: Plan) -> int:
    """Begin another generation of the plan's version; its writer folds it from position 1."""
    async with writing(engine) as db:
        rows = await _own(db, plan)
        building = [row.generation for row in rows if row.state == "building"]
        if building:
            raise GenerationState(f"generation {building[-1]} is being built already")
        number = await begin(db, plan)
    log.info("projection_rebuild", projection=plan.name, generation=number)
    return number


async def replace(engine: AsyncEngine, plan: Plan, lease: Lease) -> None:
    """Drop a generation whose streams are no longer what it has folded; the newest begins anew."""
    async with writing(engine) as db:
        await renew(db, lease)
        rows = await _own(db, plan)
        await _drop(db, _named(rows, lease.generation))
        newer = [row.generation for row in rows if row.generation > lease.generation]
        number = newer[-1] if newer else await begin(db, plan)
    log.warning("projection_replaced", projection=plan.name, was=lease.generation, by=number)


async def begin(db: AsyncConnection, plan: Plan) -> int:
    """A new generation with its tables, all streams at position 0."""
    number = await control.begin(db, plan.name, plan.version, now())
    await Generation(plan, number, db.engine).make_tables(db)
    return number


async def promote(engine: AsyncEngine, plan: Plan, number: int | None = None) -> int:
    """Let the named generation, else the newest that is not live, be asked from now on.

    Refused while it is behind the one that is asked now: no answer may go back in time.
    """
    return await _in_its_place(engine, plan, lambda rows: _chosen(rows, number))


async def rollback(engine: AsyncEngine, plan: Plan) -> int:
    """Let the generation that was live before be asked again."""
    return await _in_its_place(engine, plan, _previous)


async def go_live(engine: AsyncEngine, plan: Plan, number: int) -> None:
    """The first of its version: nobody has asked another one of it."""
    async with writing(engine) as db:
        rows = await _own(db, plan)
        own = [row for row in rows if row.generation == number]  # none: it was replaced
        if own and not any(row.state == "live" for row in rows):
            await control.change(db, own[0], "live")
            log.info("projection_live", projection=plan.name, generation=number)


async def drop(
    engine: AsyncEngine, plan: Plan, number: int, lives: Callable[[GenerationRow], bool]
) -> None:
    """Drop a generation's tables; refused if it is asked: of this version, or of one that `lives`."""
    async with writing(engine) as db:
        rows = await control.rows(db, plan.name)
        row = _named(rows, number)
        is_asked = number == control.asked(rows, row.version)
        if is_asked and (row.version == plan.version or lives(row)):
            raise GenerationState(f"generation {number} is the one that is asked")
        await _drop(db, row)


async def prune(engine: AsyncEngine, plan: Plan, lives: Callable[[GenerationRow], bool]) -> None:
    """Drop what has become old: two newer generations have been live, and nobody is asked for it."""
    async with writing(engine) as db:
        rows = await control.rows(db, plan.name)
        for row in old(rows, plan.version, lives):
            await _drop(db, row)


def old(
    rows: list[GenerationRow], version: int, lives: Callable[[GenerationRow], bool]
) -> list[GenerationRow]:
    """The generations that `prune` would drop."""
    been_live = [row.generation for row in rows if row.state in ("live", "previous")]
    return [
        row
        for row in rows
        if sum(number > row.generation for number in been_live) >= KEPT
        and (row.state == "previous" if row.version == version else not lives(row))
    ]


async def _drop(db: AsyncConnection, row: GenerationRow) -> None:
    """Its tables by their names: another version of the plan may have had others."""
    await control.drop(db, row)
    prefix = prefix_of(row.projection, row.generation)
    names = await db.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    for name in names:
        if name.startswith(prefix):
            await db.run_sync(sa.Table(name, sa.MetaData()).drop)
    log.info("projection_dropped", projection=row.projection, generation=row.generation)


async def _in_its_place(
    engine: AsyncEngine, plan: Plan, chosen: Callable[[list[GenerationRow]], GenerationRow]
) -> int:
    deadline = asyncio.get_running_loop().time() + PROMOTION_SECONDS
    while True:
        try:
            async with writing(engine) as db:
                return await _exchange(db, plan, chosen)
        except NotYet:  # both are moving: it may be there in a moment
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(RETRY_SECONDS)


async def _exchange(
    db: AsyncConnection, plan: Plan, chosen: Callable[[list[GenerationRow]], GenerationRow]
) -> int:
    rows = await _own(db, plan)
    row = chosen(rows)
    was_live = [it for it in rows if it.state == "live"]
    for live in was_live:  # before the positions are read: from here on its writer waits
        await control.change(db, live, "previous")
    positions = await control.positions(db, plan.name)
    for live in was_live:
        _refuse_behind(row, positions.get(row.generation, {}), positions[live.generation])
    await control.change(db, row, "live")
    log.info("projection_promoted", projection=plan.name, generation=row.generation)
    return row.generation


def _refuse_behind(row: GenerationRow, its: Mapping[str, int], live: Mapping[str, int]) -> None:
    for stream, position in live.items():
        if its.get(stream, 0) < position:
            raise NotYet(
                f"generation {row.generation} is at {its.get(stream, 0)} of {stream}, "
                f"the one that is asked at {position}"
            )


def _chosen(rows: list[GenerationRow], number: int | None) -> GenerationRow:
    others = [row for row in rows if row.state != "live"]
    if number is not None:
        row = _named(rows, number)
        if row.state == "live":
            raise GenerationState(f"generation {number} is the one that is asked")
        return row
    if not others:
        raise NoSuchGeneration("there is no other generation: rebuild makes one")
    return others[-1]


def _previous(rows: list[GenerationRow]) -> GenerationRow:
    previous = [row for row in rows if row.state == "previous"]
    if not previous:
        raise NoSuchGeneration(
            "no earlier generation of this version is left; that of an older version is asked "
            "by processes of that version"
        )
    return previous[-1]


def _named(rows: list[GenerationRow], number: int) -> GenerationRow:
    for row in rows:
        if row.generation == number:
            return row
    known = ", ".join(str(row.generation) for row in rows)
    raise NoSuchGeneration(f"there is no generation {number} here, only {known}", "generation")


async def _own(db: AsyncConnection, plan: Plan) -> list[GenerationRow]:
    return [row for row in await control.rows(db, plan.name) if row.version == plan.version]
