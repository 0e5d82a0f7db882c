"""Folding an entity again from its first event: what a retry and a discard do to its rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import is_away
from shared.envelope import Recorded, Vocabulary
from shared.event_log import EventLog
from shared.fact_table import Changes, FactTable
from shared.facts import Fact
from shared.folding import Entity, Folding
from shared.operations.events import EventDiscarded, ParkedEntityRetried
from shared.parking import Parking, Poison, cause_of, is_poison
from shared.subjects import stream_of


class Trial(Struct, frozen=True, kw_only=True):
    """What folding again would do: facts added and removed, or the event that it would fail at."""

    folds: bool
    added: int
    removed: int
    position: int | None = None
    error: str | None = None


class Refolding:
    """Acts on what operators did, so that the rows are those of a fold that knew it all along."""

    def __init__(
        self,
        vocabularies: Mapping[str, Vocabulary],
        log: EventLog,
        tables: Mapping[type[Fact], FactTable[Any]],
        folding: Folding,
        parking: Parking,
    ) -> None:
        self._vocabularies = vocabularies
        self._log = log
        self._tables = tables
        self._folding = folding
        self._parking = parking

    async def operate(self, db: AsyncConnection, records: Sequence[Recorded]) -> None:
        """Do what these events of OPERATIONS ask for; other events ask for nothing."""
        for record in records:
            match record.event:
                case EventDiscarded() as event:
                    await self._discard(db, event)
                case ParkedEntityRetried(entity=entity):
                    parked = {it.entity: it for it in await self._parking.stored(db)}
                    if entity in parked:
                        await self._refold(db, entity, parked[entity].attempts + 1)

    async def trial(self, db: AsyncConnection, entity: str, without: Collection[int] = ()) -> Trial:
        """Fold an entity again, also without the events at some positions, and write nothing."""
        now: set[Fact] = set()
        for table in self._tables.values():
            now |= set(await table.effective(db, None, entity=entity))
        state = Entity((), frozenset())
        for record in await self._history(db, entity):
            if record.position in without:
                continue
            try:
                state = self._folding.step(state, record, Changes())
            except Poison as error:
                return Trial(
                    folds=False,
                    added=len(state.facts - now),
                    removed=len(now - state.facts),
                    position=record.position,
                    error=cause_of(error),
                )
        return Trial(folds=True, added=len(state.facts - now), removed=len(now - state.facts))

    async def _discard(self, db: AsyncConnection, event: EventDiscarded) -> None:
        stream = stream_of(event.entity.split(".", 1)[0])
        await self._parking.discard(db, stream, event.position, event.event_id)
        if stream not in self._vocabularies:
            return
        there = await self._log.at(db, stream, [event.position], self._vocabularies)
        if [record.envelope.id for record in there] != [event.event_id]:
            return  # not folded yet: left out when it comes
        await self._log.leave_out(db, stream, event.position)
        parked = {it.entity: it.attempts for it in await self._parking.stored(db)}
        await self._refold(db, event.entity, parked.get(event.entity, 0) + 1)

    async def _refold(self, db: AsyncConnection, entity: str, attempts: int) -> None:
        """Put the entity's rows in place of those it has; it is parked where that fails."""
        self._folding.forget_entity(entity)
        for table in self._tables.values():
            await db.execute(sa.delete(table.table).where(table.table.c.entity == entity))
        state = Entity((), frozenset())
        for record in await self._history(db, entity):
            try:
                async with db.begin_nested():  # a row that cannot be written speaks against it too
                    changes = Changes()
                    later = self._folding.step(state, record, changes)
                    await changes.write(db)
            except Exception as error:
                if is_away(error) or not is_poison(error):
                    raise
                await self._parking.park(db, record, cause_of(error), attempts)
                return
            state = later
        await self._parking.release(db, entity)

    async def _history(self, db: AsyncConnection, entity: str) -> tuple[Recorded, ...]:
        found = await self._log.histories(db, [entity], self._vocabularies)
        return found.get(entity, ())
