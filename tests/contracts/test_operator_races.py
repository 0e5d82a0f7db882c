"""An operator and the processes change the same generation at the same time: nothing is decided by what was."""

import asyncio
from pathlib import Path

import pytest

from services.reporting.facts import PLAN
from shared import blue_green
from shared import generation_control as control
from shared.database import writing
from shared.errors import NotYet
from shared.generation_control import GenerationState
from shared.projection import Projection
from tests.contracts.patience import until_kept_waiting
from tests.contracts.reading import by_stream, demonstration, own_bus, projected

EVENTS = by_stream(demonstration())["INTAKE"][:60]


async def states(projection: Projection) -> dict[int, str]:
    async with projection.reading() as db:
        return {row.generation: row.state for row in await control.rows(db, PLAN.name)}


async def rebuilt(projection: Projection) -> None:
    """Generation 1 is live; generation 2 has folded as much."""
    await projection.apply("INTAKE", EVENTS[:50])
    await blue_green.go_live(projection.engine, PLAN, 1)
    await blue_green.rebuild(projection.engine, PLAN)
    await projection._look_once(take=True)
    await projection.generations[2].apply("INTAKE", EVENTS[:50])


async def test_what_is_behind_by_now_is_not_promoted(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live one's writer commits while the promotion looks."""
    monkeypatch.setattr(blue_green, "PROMOTION_SECONDS", 0.2)
    async with projected(PLAN, postgres_database) as projection:
        await rebuilt(projection)
        async with writing(projection.engine) as db:
            await projection.generations[1]._advance(db, "INTAKE", 50, 60)
            promoting = asyncio.create_task(blue_green.promote(projection.engine, PLAN))
            await until_kept_waiting(projection.engine, "projection_generation")
        with pytest.raises(NotYet, match="generation 2 is at 50 of INTAKE"):
            await promoting
        assert await states(projection) == {1: "live", 2: "building"}


async def test_what_is_promoted_by_now_is_not_dropped(postgres_database: str) -> None:
    async with projected(PLAN, postgres_database) as projection:
        await rebuilt(projection)
        async with writing(projection.engine) as db:
            for row, state in zip(
                await control.rows(db, PLAN.name), ("previous", "live"), strict=True
            ):
                await control.change(db, row, state)
            dropping = asyncio.create_task(
                blue_green.drop(projection.engine, PLAN, 2, lambda row: False)
            )
            await until_kept_waiting(projection.engine, "projection_generation")
        with pytest.raises(GenerationState, match="generation 2 is not building any more"):
            await dropping
        assert await states(projection) == {1: "previous", 2: "live"}


async def test_a_process_goes_on_when_an_operator_was_faster(
    postgres_database: str, tmp_path: Path
) -> None:
    """It would have let its first generation be live, too."""
    async with own_bus(tmp_path) as (_, bus), projected(PLAN, postgres_database) as projection:
        await projection._look_once(take=True)
        async with writing(projection.engine) as db:
            (row,) = await control.rows(db, PLAN.name)
            await control.change(db, row, "live")
            looking = asyncio.create_task(projection.look(bus))
            await until_kept_waiting(projection.engine, "projection_generation")
        await looking
        assert await states(projection) == {1: "live"}
