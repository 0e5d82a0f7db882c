"""A projection: its streams folded into fact tables, by one process at a time, asked in every process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import blue_green
from shared import generation_control as control
from shared import lease as leases
from shared.backoff import Backoff
from shared.bus import ApiError, Bus, NoAnswer
from shared.database import is_away, writing
from shared.envelope import Recorded, Vocabulary
from shared.epoch import epoch_of, latest
from shared.errors import BusAway, DatabaseAway, NotYet
from shared.event_log import EventLog
from shared.fact_table import FactTable
from shared.facts import Fact
from shared.generation import Generation
from shared.generation_control import GenerationRow, GenerationState
from shared.isolation import apply_in_spite
from shared.lease import Watch
from shared.parking import ParkedEntity
from shared.plan import Plan
from shared.projection_status import ProjectionStatus, status_of

WRITER_LOOKS_SECONDS = 0.5
STANDBY_LOOKS_SECONDS = 0.1  # what another process wrote is seen after this
STREAMS_SECONDS = 1.0

BeforeForsaking: TypeAlias = Callable[[Generation], Awaitable[None]]
"""What is done before the tables of a generation go because its streams were restored."""

log = structlog.get_logger()


async def _nothing_to_save(generation: Generation) -> None:
    """All that most tables hold is in the streams."""


class Patience(Struct, frozen=True):
    """After how many seconds a silent writer is replaced; after how many a projection is stalled."""

    lease: float = 5.0
    stall: float = 30.0


DEFAULT = Patience()


class Projection:
    """Asked in every process; one of them writes. A new version of the plan has a new generation."""

    def __init__(self, plan: Plan, engine: AsyncEngine, patience: Patience = DEFAULT) -> None:
        self.plan = plan
        self.engine = engine
        self.before_forsaking: BeforeForsaking = _nothing_to_save
        self.database_away = False
        self.patience = patience
        # one process alone has a SQLite file: whoever held the lease before is gone
        first = 0.0 if engine.dialect.name == "sqlite" else None
        self.watch = Watch(patience.lease, stall=patience.stall, first=first)
        self.generations: dict[int, Generation] = {}
        self._rows: list[GenerationRow] = []
        self._served: Generation | None = None
        self._moved = asyncio.Condition()
        self._writers: dict[int, asyncio.Task[None]] = {}

    @property
    def served(self) -> Generation:
        """The generation that is asked now: the live one, or the first one of a new version."""
        if self._served is None:
            raise DatabaseAway  # asked before it was prepared
        return self._served

    @property
    def metadata(self) -> sa.MetaData:
        return self.served.metadata

    @property
    def log(self) -> EventLog:
        return self.served.log

    @property
    def tables(self) -> dict[type[Fact], FactTable[Any]]:
        return self.served.tables

    @property
    def vocabularies(self) -> dict[str, Vocabulary]:
        return self.served.vocabularies

    @property
    def positions(self) -> dict[str, int]:
        """Up to where the rows include each stream."""
        return self.served.positions

    @property
    def stopped(self) -> dict[str, str]:
        """By stream: why this process goes no further."""
        return self.served.stopped

    @property
    def epoch(self) -> str:
        """The epoch in which the streams were read: each restore begins another."""
        return latest(self.served.history.epochs.values())

    @property
    def parked(self) -> Mapping[str, ParkedEntity]:
        """What waits, by entity, as this process last saw it."""
        return self.served.parking.parked

    def status(self) -> ProjectionStatus:
        """Where it stands now, as this process sees it."""
        return status_of(self.served, self.patience.stall)

    async def prepare(self) -> None:
        """Find this version's generations, or begin the first one beside those of other versions."""
        async with writing(self.engine) as db:
            await control.make_tables(db)
            rows = await control.rows(db, self.plan.name)
            if not any(row.version == self.plan.version for row in rows):
                await blue_green.begin(db, self.plan)
                rows = await control.rows(db, self.plan.name)
            self._adopt(rows)
            for generation in self.generations.values():
                await generation.make_tables(db)
        await self._look_once(take=False)

    async def run(self, bus: Bus) -> None:
        """Follow all streams, or stand by for whoever does, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look_at_streams(bus))
                await self._look_at_generations(bus, tasks)
        except Exception as error:  # a defect: it must not stop in silence
            log.exception("projection_broken", projection=self.plan.name)
            for stream in self.vocabularies:
                self.served.stop(stream, "BROKEN", type(error).__name__)

    async def apply(self, stream: str, records: list[Recorded]) -> None:
        """Fold the stream's next events into the generation that is asked; Fenced if another writes."""
        if self.served.lease is None:
            await self._look_once(take=True)
        await apply_in_spite(self.served, stream, records)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions; DatabaseAway without one, NotYet right after a restore."""
        served = self.served
        if served.history.forsaken:
            raise NotYet("the streams were restored: the read models are being made again")
        try:
            async with self.engine.connect() as db:
                yield db
        except Exception as error:
            if not is_away(error):
                if isinstance(error, DBAPIError) and await self._is_gone(served):
                    raise NotYet("the read models were made again meanwhile") from None
                raise
            log.warning("database_away", projection=self.plan.name, error=type(error).__name__)
            raise DatabaseAway from None

    async def reached(self, stream: str, position: int, timeout: float) -> bool:
        """Wait until the rows include a position; False if that takes longer (seconds)."""
        try:
            async with asyncio.timeout(timeout), self._moved:
                await self._moved.wait_for(
                    lambda: not self.served.history.forsaken and self.positions[stream] >= position
                )
        except TimeoutError:
            return False
        return True

    async def caught_up(self, bus: Bus, timeout: float) -> bool:
        """Wait until the rows include all that the streams hold by now."""
        deadline = asyncio.get_running_loop().time() + timeout
        for vocabulary in self.vocabularies.values():
            last = await bus.last_position(vocabulary.stream)
            left = deadline - asyncio.get_running_loop().time()
            if not await self.reached(vocabulary.stream, last, max(left, 0)):
                return False
        return True

    async def _look_at_generations(self, bus: Bus, tasks: asyncio.TaskGroup) -> None:
        backoff = Backoff(WRITER_LOOKS_SECONDS)
        while True:
            try:
                await self._look_once(take=True)
            except Exception as error:
                if not is_away(error):
                    raise
                if not self.database_away:
                    name = type(error).__name__
                    log.error("database_away", projection=self.plan.name, error=name)
                self.database_away = True
                await backoff.wait()
                continue
            self.database_away = False
            backoff.reset()
            for number, generation in self.generations.items():
                writer = self._writers.get(number)
                if generation.lease is not None and (writer is None or writer.done()):
                    self._writers[number] = tasks.create_task(generation.write(bus))
            standby = any(it.lease is None for it in self.generations.values())
            await asyncio.sleep(STANDBY_LOOKS_SECONDS if standby else WRITER_LOOKS_SECONDS)

    async def _look_once(self, *, take: bool) -> None:
        """See which generations there are and how far; take over those that nobody writes."""
        asked: Generation | None = None
        try:
            async with self.engine.connect() as db:
                rows = await control.rows(db, self.plan.name)
                positions = await control.positions(db, self.plan.name)
                self._adopt(rows)
                asked = self.generations.get(self.served.number)
                if asked is not None and asked.lease is None:  # not older than the positions
                    asked.parking.held = await asked.parking.read(db)
        except DBAPIError as error:
            if is_away(error) or asked is None or not await self._is_gone(asked):
                raise
            await self._look_once(take=take)  # at what is there in its place
            return
        if not self.generations:
            for vocabulary in self.vocabularies.values():
                self.served.stopped[vocabulary.stream] = "DROPPED: by an operator; start again"
        for row in rows:
            generation = self.generations.get(row.generation)
            stands_still = generation is not None and generation.stands_still(self.patience.stall)
            # of other versions too: do they live?
            is_free = self.watch.may_take(row, stands_still=stands_still)
            if generation is None or generation.lease is not None:
                continue
            await generation.moved_to(positions.get(row.generation, {}))
            if take and is_free:
                await self._take_over(generation, row)

    async def _is_gone(self, generation: Generation) -> bool:
        """Whether it was dropped meanwhile: who waits for a table finds it gone, or never sees it."""
        async with self.engine.connect() as db:
            rows = await control.rows(db, self.plan.name)
        return generation.number not in {row.generation for row in rows}

    async def _take_over(self, generation: Generation, row: GenerationRow) -> None:
        async with writing(self.engine) as db:
            lease = await leases.take(db, row, self.watch.holder)
            if lease is None:
                return  # somebody was faster, or it was dropped
            positions = await control.positions(db, self.plan.name)
            held = await generation.parking.read(db)
        generation.parking.held = held
        log.info("projection_taken", projection=self.plan.name, generation=row.generation)
        await generation.hold(lease, positions[row.generation])

    def _adopt(self, rows: list[GenerationRow]) -> None:
        """Know this version's generations, and ask the live one, or else the newest."""
        self._rows = rows
        own = {row.generation: row for row in rows if row.version == self.plan.version}
        for number in self.generations.keys() - own.keys():
            del self.generations[number]
        for number, row in own.items():
            if number not in self.generations:
                self.generations[number] = Generation(
                    self.plan, number, self.engine, self._notify, self._replace
                )
            self.generations[number].state = row.state
        asked = control.asked(rows, self.plan.version)
        if asked is not None:
            self._served = self.generations[asked]

    async def _replace(self, generation: Generation) -> None:
        """What the tables alone still know is saved first."""
        await self.before_forsaking(generation)
        if generation.lease is not None:
            await blue_green.replace(self.engine, self.plan, generation.lease)

    async def _notify(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    async def _look_at_streams(self, bus: Bus) -> None:
        while True:
            await self.look(bus)
            await asyncio.sleep(STREAMS_SECONDS)

    async def look(self, bus: Bus) -> None:
        """See how far the streams are, and what that means for the generations."""
        try:
            for stream in self.vocabularies:
                epoch, last = await epoch_of(bus, stream)
                for it in list(self.generations.values()):  # they may change meanwhile
                    await it.saw(stream, epoch, last)
            await self._settle()
        except (NoAnswer, ApiError, BusAway):
            log.debug("streams_not_seen", projection=self.plan.name)
        except GenerationState:  # an operator was faster; the next look decides
            log.info("projection_changed_meanwhile", projection=self.plan.name)
        except Exception as error:
            if not is_away(error):
                raise

    async def _settle(self) -> None:
        """A version's first generation is live once it has caught up; what is too old goes."""
        served = self.served
        if served.lease is None or served.history.forsaken:
            return
        if served.state == "building" and not any(it.lag for it in served.progress.values()):
            await blue_green.go_live(self.engine, self.plan, served.number)
        if blue_green.old(self._rows, self.plan.version, self.watch.lives):
            await blue_green.prune(self.engine, self.plan, self.watch.lives)
