"""A projection: folds streams into fact tables; rows and positions are committed together."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.bus import Bus
from shared.correction.effective import effective
from shared.envelope import Recorded, Vocabulary
from shared.errors import DatabaseAway, SluseError, StreamProblem
from shared.event_log import EventLog
from shared.fact_table import Changes, FactTable, tables
from shared.facts import Fact, Fold
from shared.recent import Recent
from shared.stream_reader import Message, read
from shared.subjects import stream_of

REMEMBERED = 50_000  # events, decoded, of the entities folded last
RETRY_SECONDS = 1.0
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout, OSError)

log = structlog.get_logger()


class Fenced(SluseError):
    """Somebody else has moved this projection's position: two writers must not both go on."""

    code = "FENCED"


class Plan(Struct, frozen=True):
    """What a projection is: a name, a version to raise with every change of a fold, the folds.

    `folds`: (service, entity) to the fold of its entities; the events of entities without a fold
    move the position and, if `keeps_all`, are kept in the log.
    """

    name: str
    version: int
    vocabularies: tuple[Vocabulary, ...]
    facts: tuple[type[Fact], ...]
    folds: Mapping[tuple[str, str], Fold]
    keeps_all: bool = False


class _Entity(Struct, frozen=True):
    """An entity's events so far and the facts that they make."""

    records: tuple[Recorded, ...]
    facts: frozenset[Fact]


class Projection:
    """One writer per database; readers of its tables are free."""

    def __init__(self, plan: Plan, engine: AsyncEngine) -> None:
        self.plan = plan
        self.engine = engine
        self.metadata = sa.MetaData()
        self.log = EventLog(self.metadata)
        self.tables: dict[type[Fact], FactTable[Any]] = tables(plan.facts, self.metadata)
        self._about = sa.Table(
            "projection",
            self.metadata,
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("version", sa.Integer, nullable=False),
        )
        self._position = sa.Table(
            "position",
            self.metadata,
            sa.Column("stream", sa.Text, primary_key=True),
            sa.Column("position", sa.BigInteger, nullable=False),
        )
        self.vocabularies = {v.stream: v for v in plan.vocabularies}
        self._cache: Recent[_Entity] = Recent(REMEMBERED)
        self._writing = asyncio.Lock()
        self._moved = asyncio.Condition()
        self.positions: dict[str, int] = dict.fromkeys(self.vocabularies, 0)
        self.stopped: dict[str, str] = {}

    async def prepare(self) -> None:
        """Make the tables, or make them anew if another version of the folds has filled them."""
        async with self.engine.begin() as db:
            await db.run_sync(self._about.create, checkfirst=True)
            version = await db.scalar(sa.select(self._about.c.version))
            if version not in (None, self.plan.version):
                log.warning("projection_rebuilt", projection=self.plan.name, was=version)
                await db.run_sync(self.metadata.drop_all)
                version = None
            await db.run_sync(self.metadata.create_all)
            if version is None:
                about = {"name": self.plan.name, "version": self.plan.version}
                await db.execute(sa.insert(self._about).values(about))
                await db.execute(
                    sa.insert(self._position),
                    [{"stream": stream, "position": 0} for stream in self.vocabularies],
                )
            rows = await db.execute(sa.select(self._position.c.stream, self._position.c.position))
            self.positions = {row.stream: row.position for row in rows}

    async def run(self, bus: Bus) -> None:
        """Follow all streams until cancelled; what cannot be read stops its stream, for all to see."""
        async with asyncio.TaskGroup() as tasks:
            for stream in self.vocabularies:
                tasks.create_task(self._follow(bus, stream))

    async def _follow(self, bus: Bus, stream: str) -> None:
        try:
            async with aclosing(read(bus, stream, self.positions[stream])) as reading:
                async for messages in reading:
                    await self._take(stream, messages)
        except (StreamProblem, Fenced) as error:
            self._stop(stream, error.code, error.message)
        except Exception as error:  # a fold's own fault: it must not stop in silence
            log.exception("projection_broken", projection=self.plan.name, stream=stream)
            self._stop(stream, "BROKEN", type(error).__name__)

    def _stop(self, stream: str, code: str, why: str) -> None:
        self.stopped[stream] = f"{code}: {why}"
        log.error("projection_stopped", projection=self.plan.name, stream=stream, code=code)

    async def _take(self, stream: str, messages: Sequence[Message]) -> None:
        """Apply what can be read; what lies before an unreadable message is kept."""
        records: list[Recorded] = []
        problem: StreamProblem | None = None
        for message in messages:
            try:
                records.append(self.vocabularies[stream].read(*message.as_read()))
            except StreamProblem as error:
                problem = error
                break
        while records:
            try:
                await self.apply(stream, records)
                break
            except DATABASE_AWAY as error:  # nothing is lost by waiting
                log.error("database_away", projection=self.plan.name, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        if problem is not None:
            raise problem

    async def apply(self, stream: str, records: Sequence[Recorded]) -> None:
        """Fold the stream's next events; all rows and the position in one transaction."""
        first, last = records[0].position, records[-1].position
        changes = Changes()
        async with self._writing:
            async with self.engine.begin() as db:
                await self._advance(db, stream, first - 1, last)
                folded = await self._fold(db, records, changes)
                kept = [r for r in records if self.plan.keeps_all or self._fold_of(r) is not None]
                await self.log.write(db, kept)
                await changes.write(db)
            self._remember(folded)
            async with self._moved:
                self.positions[stream] = last
                self._moved.notify_all()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions; DatabaseAway if there is none to be had."""
        try:
            async with self.engine.connect() as db:
                yield db
        except DATABASE_AWAY as error:
            log.warning("database_away", projection=self.plan.name, error=type(error).__name__)
            raise DatabaseAway from None

    async def reached(self, stream: str, position: int, timeout: float) -> bool:
        """Wait until the rows include a position; False if that takes longer (seconds)."""
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(lambda: self.positions[stream] >= position)
        except TimeoutError:
            return False
        return True

    async def caught_up(self, bus: Bus, timeout: float) -> bool:
        """Wait until the rows include all that the streams hold by now."""
        deadline = asyncio.get_running_loop().time() + timeout
        for stream in self.vocabularies:
            last = await bus.last_position(stream)
            left = deadline - asyncio.get_running_loop().time()
            if not await self.reached(stream, last, max(left, 0)):
                return False
        return True

    async def _advance(self, db: AsyncConnection, stream: str, before: int, after: int) -> None:
        p = self._position
        moved = await db.execute(
            sa.update(p).where(p.c.stream == stream, p.c.position == before).values(position=after)
        )
        if moved.rowcount != 1:
            raise Fenced(f"{self.plan.name}: the position of {stream} is no longer {before}")

    def _fold_of(self, record: Recorded) -> Fold | None:
        service, entity, _ = record.envelope.subject.split(".", 2)
        return self.plan.folds.get((service, entity))

    async def _fold(
        self, db: AsyncConnection, records: Iterable[Recorded], changes: Changes
    ) -> dict[str, _Entity]:
        by_entity: dict[str, list[Recorded]] = {}
        for record in records:
            if self._fold_of(record) is not None:
                by_entity.setdefault(record.envelope.subject, []).append(record)
        folded = await self._known(db, by_entity)
        for subject, new in by_entity.items():
            fold = self._fold_of(new[0])
            if fold is None:
                continue
            entity = folded[subject]
            for record in new:
                entity = self._step(subject, fold, entity, record, changes)
            folded[subject] = entity
        return folded

    def _step(
        self, subject: str, fold: Fold, entity: _Entity, record: Recorded, changes: Changes
    ) -> _Entity:
        later = self._folded(subject, fold, (*entity.records, record))
        for fact in entity.facts - later.facts:
            changes.close(self.tables[type(fact)], subject, record.position, fact)
        for fact in later.facts - entity.facts:
            changes.open(self.tables[type(fact)], subject, record.position, fact)
        return later

    async def _known(
        self, db: AsyncConnection, by_entity: Mapping[str, list[Recorded]]
    ) -> dict[str, _Entity]:
        """The entities as they stood before these events: from the cache, else from the log."""
        known = {s: it for s in by_entity if (it := self._cache.get(s)) is not None}
        missing = [s for s in by_entity if s not in known]
        stored = await self.log.histories(db, missing, self.vocabularies)
        for subject in missing:
            fold = self._fold_of(by_entity[subject][0])
            if fold is not None:
                known[subject] = self._folded(subject, fold, stored.get(subject, ()))
        return known

    def _remember(self, folded: Mapping[str, _Entity]) -> None:
        for subject, entity in folded.items():
            self._cache.keep(subject, entity, len(entity.records))

    def _folded(self, subject: str, fold: Fold, records: tuple[Recorded, ...]) -> _Entity:
        service, _, entity_id = subject.split(".", 2)
        holding = effective(records, self.vocabularies[stream_of(service)])
        return _Entity(records, frozenset(fold(entity_id, holding)))
