"""A fingerprint says what the tables said at a moment, wherever they lie and however far they went on."""

from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa

from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import PLAN
from shared.fingerprint import EVENTS, Fingerprint, bucket_of, entities, fingerprint, tables
from shared.projection import Projection
from tests.contracts.reading import STREAMS, by_stream, demonstration, projected

Moment = Mapping[str, int]


@cache
def history() -> dict[str, list[Any]]:
    return by_stream(demonstration()[:400])


def moment_of(share: float) -> Moment:
    """So much of each stream."""
    return {"OPERATIONS": 0, **{s: int(len(events) * share) for s, events in history().items()}}


async def folded(projection: Projection, moment: Moment, at_once: int) -> None:
    for stream in STREAMS:
        events = history()[stream][: moment[stream]]
        for start in range(projection.positions[stream], len(events), at_once):
            await projection.apply(stream, events[start : start + at_once])


@pytest.fixture
async def projection(database: str) -> AsyncIterator[Projection]:
    """Everything folded, in odd portions."""
    async with projected(PLAN, database) as made:
        await folded(made, moment_of(1), 17)
        yield made


async def fresh(moment: Moment) -> Fingerprint:
    """Of a fold in a file of its own that went to the moment and no further."""
    async with projected(PLAN) as made:
        await folded(made, moment, 1000)
        return await fingerprint(made, moment)


@pytest.mark.parametrize("share", [0, 0.3, 0.7, 1])
async def test_it_is_that_of_a_fold_that_stopped_at_the_moment(
    projection: Projection, share: float
) -> None:
    moment = moment_of(share)
    found = await fingerprint(projection, moment)
    assert found == await fresh(moment)
    assert {table.table for table in found.tables} == {*tables(projection)}
    assert sum(it.rows for it in found.tables if it.table == EVENTS) == sum(moment.values())


async def changed(projection: Projection, kind: Any, **values: object) -> str:
    """One row behind the projection's back; its entity."""
    table = projection.tables[kind].table
    async with projection.engine.begin() as db:
        row = (await db.execute(sa.select(table.c.entity, table.c.fact_key).limit(1))).one()
        here = (table.c.entity == row.entity) & (table.c.fact_key == row.fact_key)
        await db.execute(sa.update(table).where(here).values(**values))
    return str(row.entity)


@pytest.mark.parametrize(
    "values", [{"since": 0}, {"until": 1}, {"fact_key": "x"}, {"person_ref": "x"}]
)
async def test_each_column_of_a_row_counts_and_its_entity_is_found(
    projection: Projection, values: dict[str, object]
) -> None:
    moment = moment_of(1)
    before = await fingerprint(projection, moment)
    subject = await changed(projection, EnrolmentFact, **values)
    after = await fingerprint(projection, moment)
    differing = [
        one for one, other in zip(after.tables, before.tables, strict=True) if one != other
    ]
    assert [table.table for table in differing] == ["EnrolmentFact"]
    async with projected(PLAN) as other:
        await folded(other, moment, 1000)
        bucket = bucket_of(subject)
        was = await entities(other, "EnrolmentFact", bucket, moment)
        now = await entities(projection, "EnrolmentFact", bucket, moment)
    assert {it for it in {*was, *now} if was.get(it) != now.get(it)} == {subject}


async def test_a_row_that_is_missing_or_there_twice_counts(projection: Projection) -> None:
    moment = moment_of(1)
    before = await fingerprint(projection, moment)
    events = projection.log.table
    async with projection.engine.begin() as db:
        await db.execute(
            sa.delete(events).where(events.c.stream == "INTAKE", events.c.position == 3)
        )
    after = await fingerprint(projection, moment)
    assert [it.rows for it in before.tables if it.table == EVENTS] == [
        it.rows + 1 for it in after.tables if it.table == EVENTS
    ]
    assert before != after
