"""A fact table gives back the facts it was given, and which were effective at a position."""

from datetime import date
from typing import Literal

import pytest
import sqlalchemy as sa

from shared.database import opened
from shared.fact_table import Changes, FactTable, key_of, tables
from shared.facts import Fact


class WeatherFact(Fact, frozen=True, kw_only=True):
    """One column of each kind that a fact may have."""

    programme: str
    sky: Literal["blue", "grey"]
    degrees: int
    rain: bool
    on: date
    until_on: date | None = None
    said_by: str | None = None


class OddFact(Fact, frozen=True):
    """Nothing that is a column."""

    days: tuple[date, ...]


SUNNY = WeatherFact(programme="p", sky="blue", degrees=2**62, rain=False, on=date(2022, 4, 27))
RAINY = WeatherFact(
    programme="p", sky="grey", degrees=-3, rain=True, on=date(2022, 4, 28), said_by="æøå ' \0"
)
ENTITY = "intake.weather.w-1"


async def shown(
    *steps: tuple[str, int, WeatherFact], batch: int = 1, up_to: int = 12
) -> list[set[Fact]]:
    """What is effective at each position from 0 on, when the steps are written so many at a time."""
    metadata = sa.MetaData()
    (table,) = tables([WeatherFact], metadata).values()
    async with opened("sqlite+aiosqlite://") as engine, engine.begin() as db:
        await db.run_sync(metadata.create_all)
        for at in range(0, len(steps), batch):
            changes = Changes()
            for what, position, fact in steps[at : at + batch]:
                (changes.open if what == "open" else changes.close)(table, ENTITY, position, fact)
            await changes.write(db)
        now = await table.effective(db)
        answer = [set(await table.effective(db, position)) for position in range(up_to)]
        assert set(now) == answer[-1]
        return answer


async def test_a_fact_comes_back_as_it_was_given() -> None:
    (_, at) = await shown(("open", 1, SUNNY), ("open", 1, RAINY), up_to=2)
    assert at == {SUNNY, RAINY}


STEPS = [
    ("open", 1, SUNNY),
    ("close", 3, SUNNY),
    ("open", 3, RAINY),
    ("close", 5, RAINY),
    ("open", 5, SUNNY),
    ("close", 6, SUNNY),
    ("open", 8, SUNNY),
]


@pytest.mark.parametrize("batch", range(1, len(STEPS) + 1))
async def test_a_fact_may_come_and_go_and_come_again_in_batches_of_any_size(batch: int) -> None:
    nothing: set[Fact] = set()
    expected = [nothing, {SUNNY}, {SUNNY}, {RAINY}, {RAINY}, {SUNNY}, nothing, nothing, {SUNNY}]
    assert expected == await shown(*STEPS, batch=batch, up_to=9)


async def test_facts_are_found_by_their_fields() -> None:
    metadata = sa.MetaData()
    table = FactTable(WeatherFact, metadata)
    async with opened("sqlite+aiosqlite://") as engine, engine.begin() as db:
        await db.run_sync(metadata.create_all)
        changes = Changes()
        changes.open(table, ENTITY, 1, SUNNY)
        changes.open(table, "intake.weather.w-2", 2, RAINY)
        await changes.write(db)
        assert await table.effective(db, None, programme="p", sky="blue") == [SUNNY]
        assert await table.effective(db, 2, on=date(2022, 4, 28)) == [RAINY]
        assert await table.effective(db, 1, sky="grey") == []
        assert await table.effective(db, programme="p") == [SUNNY, RAINY]


def test_equal_facts_have_one_key_and_others_another() -> None:
    same = WeatherFact(programme="p", sky="blue", degrees=2**62, rain=False, on=date(2022, 4, 27))
    assert key_of(SUNNY) == key_of(same)
    assert key_of(SUNNY) != key_of(RAINY)


def test_what_is_no_column_is_refused_when_the_table_is_made() -> None:
    with pytest.raises(TypeError, match="days"):
        FactTable(OddFact, sa.MetaData())
