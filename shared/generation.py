"""A generation: one fold of a projection's streams into tables of its own, written by one process at a time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import generation_control as control
from shared import lease as leases
from shared import tracing
from shared.backoff import Backoff
from shared.bus import Bus
from shared.database import is_away, writing
from shared.envelope import Recorded
from shared.epoch import Epoch
from shared.errors import OtherHistory, StreamProblem, Undecodable
from shared.event_log import EventLog
from shared.fact_table import Changes, FactTable, tables
from shared.facts import Fact
from shared.folding import Folding
from shared.generation_control import State
from shared.history import History
from shared.isolation import apply_in_spite
from shared.lease import Fenced, Lease
from shared.operations import quarantine
from shared.operations.events import VOCABULARY as OPERATIONS
from shared.parking import Parking
from shared.plan import Plan
from shared.progress import Progress
from shared.refolding import Refolding
from shared.stream_reader import Message, read

RETRY_SECONDS = 0.5
RELEASE_SECONDS = 2.0

log = structlog.get_logger()


def prefix_of(projection: str, number: int) -> str:
    """What the names of a generation's tables begin with."""
    return f"{projection}_g{number}_"


class Generation:
    """The tables, the positions, and the work of whoever holds the lease."""

    def __init__(
        self,
        plan: Plan,
        number: int,
        engine: AsyncEngine,
        moved: Callable[[], Coroutine[Any, Any, None]] | None = None,
        replaced: "Callable[[Generation], Coroutine[Any, Any, None]] | None" = None,
    ) -> None:
        """`moved` is called after every change of a position, `replaced` when it is forsaken."""
        self.plan = plan
        self.number = number
        self.engine = engine
        self.state: State = "building"
        self.metadata = sa.MetaData()
        prefix = prefix_of(plan.name, number)
        self.log = EventLog(self.metadata, prefix)
        self.tables: dict[type[Fact], FactTable[Any]] = tables(plan.facts, self.metadata, prefix)
        self.vocabularies = {v.stream: v for v in (*plan.vocabularies, OPERATIONS)}
        self.progress = {stream: Progress() for stream in self.vocabularies}
        self.stopped: dict[str, str] = {}
        self.lease: Lease | None = None
        self.history = History(plan.name, number, self.log)
        self.folding = Folding(plan, self.log, self.tables)
        self.parking = Parking(self.metadata, prefix)
        self.refolding = Refolding(
            self.vocabularies, self.log, self.tables, self.folding, self.parking
        )
        self._writing = asyncio.Lock()
        self._told = moved
        self._replaced = replaced
        self._is_forsaken = False

    @property
    def positions(self) -> dict[str, int]:
        """Up to where the rows include each stream."""
        return {stream: progress.position for stream, progress in self.progress.items()}

    def stands_still(self, after: float) -> bool:
        """Whether events wait in a stream, and for so many seconds none of it has been folded."""
        return any(it.stalled(after) for it in self.progress.values())

    async def saw(self, stream: str, epoch: Epoch, last: int) -> None:
        """The stream is in this epoch and ends there; one that is not asked may just be dropped."""
        try:
            await self.history.saw(self.engine, stream, epoch, self.positions[stream])
        except DBAPIError as error:
            if is_away(error) or self.state == "live":
                raise
            log.debug("generation_gone", projection=self.plan.name, generation=self.number)
        self.progress[stream].saw(last)

    async def make_tables(self, db: AsyncConnection) -> None:
        """Make what is missing, and start what is not followed yet."""
        await db.run_sync(self.metadata.create_all)
        known = (await control.positions(db, self.plan.name)).get(self.number, {})
        missing = self.vocabularies.keys() - known.keys()
        await control.add_streams(db, self.plan.name, self.number, set(missing))

    async def moved_to(self, positions: Mapping[str, int]) -> None:
        """The rows have come so far, whoever wrote them."""
        if positions != self.positions:
            for stream in self.vocabularies:
                self.progress[stream].moved(positions.get(stream, 0))
            await self._tell()

    async def hold(self, lease: Lease, positions: Mapping[str, int]) -> None:
        """Be the writer from here on; what is remembered of an earlier time may be old."""
        self.folding.forget()
        self.stopped.clear()
        self._is_forsaken = False  # whoever had it meanwhile may have left before it was replaced
        self.lease = lease
        await self.moved_to(positions)

    async def write(self, bus: Bus) -> None:
        """Follow all streams as the holder of the lease; returns when somebody else has it.

        What cannot be read stops its stream, for all to see.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._stay_alive())
                for stream in self.vocabularies:
                    tasks.create_task(self._follow(bus, stream))
        except* Fenced as fenced:
            why = fenced.exceptions[0]
            log.warning("projection_fenced", projection=self.plan.name, why=str(why))
        finally:
            await self.release()

    async def release(self) -> None:
        """Let the next writer take over at once; a database that is away will see it without us."""
        lease, self.lease = self.lease, None
        if lease is None:
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS), writing(self.engine) as db:
                await leases.release(db, lease)
        except Exception as error:
            if not is_away(error):
                raise

    async def apply(self, stream: str, records: Sequence[Recorded]) -> None:
        """Fold the stream's next events; the lease's check, rows and position in one transaction."""
        with tracing.folding(self.plan.name, stream, records):
            await self._apply(stream, records)

    async def _apply(self, stream: str, records: Sequence[Recorded]) -> None:
        first, last = records[0].position, records[-1].position
        changes = Changes()
        async with self._writing:
            async with writing(self.engine) as db:
                await self._advance(db, stream, first - 1, last)
                folding = [r for r in records if self.parking.folds(r)]
                folded = await self.folding.fold(db, folding, changes)
                kept = [r for r in records if self.plan.keeps(r)]
                await self.log.write(db, kept, self.parking.is_discarded)
                await changes.write(db)
                held = self.parking.held
                if stream == OPERATIONS.stream:
                    await self.refolding.operate(db, records)
                    held = await self.parking.read(db)
            self.parking.held = held
            self.folding.remember(folded)
            self.progress[stream].moved(last)
        await self._tell()

    async def tried(self, record: Recorded) -> int:
        """How often the event could not be folded, this time included."""
        async with self._writing, writing(self.engine) as db:
            await self._hold_on(db)
            return await self.parking.tried(db, record)

    async def park(self, record: Recorded, error: str, attempts: int) -> None:
        """Let the event's entity wait, and go on after it."""
        async with self._writing:
            async with writing(self.engine) as db:
                await self._advance(db, record.stream, record.position - 1, record.position)
                await self.log.write(db, [record])
                await self.parking.park(db, record, error, attempts)
                held = await self.parking.read(db)
            self.parking.held = held
            self.progress[record.stream].moved(record.position)
        await self._tell()

    async def pass_over(self, stream: str, position: int) -> None:
        """Go on after a message that is in quarantine."""
        async with self._writing:
            async with writing(self.engine) as db:
                await self._advance(db, stream, position - 1, position)
            self.progress[stream].moved(position)
        await self._tell()

    async def _tell(self) -> None:
        if self._told is not None:
            await self._told()

    async def _hold_on(self, db: AsyncConnection) -> None:
        """The first statement of whatever is committed: Fenced unless this process is the writer."""
        if self.lease is None:
            raise Fenced(f"{self.plan.name}: this process does not write it")
        await leases.renew(db, self.lease)

    async def _advance(self, db: AsyncConnection, stream: str, before: int, after: int) -> None:
        await self._hold_on(db)
        name = self.plan.name
        if not await control.advance(db, name, self.number, stream, before=before, after=after):
            # a commit whose answer was lost, or a restored database: the position is read again
            raise Fenced(f"{name}: the position of {stream} is no longer {before}")

    async def _stay_alive(self) -> None:
        while True:
            await asyncio.sleep(leases.BEAT_SECONDS)
            try:
                async with self._writing, writing(self.engine) as db:
                    await self._hold_on(db)
            except Exception as error:
                if not is_away(error):
                    raise

    async def _follow(self, bus: Bus, stream: str) -> None:
        async def check(position: int) -> None:
            await self._patiently(partial(self._check, bus, stream, position))

        try:
            async with aclosing(read(bus, stream, self.positions[stream], check)) as reading:
                async for messages in reading:
                    await self._take(bus, stream, messages)
        except OtherHistory as error:
            await self._forsake(stream, error)
        except StreamProblem as error:
            self.stop(stream, error.code, error.message)
        except Fenced:
            raise
        except Exception as error:  # a fold's own fault: it must not stop in silence
            log.exception("projection_broken", projection=self.plan.name, stream=stream)
            self.stop(stream, "BROKEN", type(error).__name__)

    async def _check(self, bus: Bus, stream: str, position: int) -> None:
        """See that the stream is the one that was read; note its epoch if that is new."""
        epoch = await self.history.stands(self.engine, bus, stream, position)
        if epoch is None:
            return
        async with self._writing, writing(self.engine) as db:
            await self._hold_on(db)
            await self.history.keep(db, stream, epoch)

    async def _forsake(self, stream: str, error: OtherHistory) -> None:
        """Nobody is answered from here any more; another generation takes the place."""
        first, self._is_forsaken = not self._is_forsaken, True
        self.history.forsaken = error.message
        self.stop(stream, error.code, error.message)
        if first and self._replaced is not None:
            await self._patiently(partial(self._replaced, self))
            raise Fenced(f"{self.plan.name}: generation {self.number} is replaced")

    def stop(self, stream: str, code: str, why: str) -> None:
        """Go no further in a stream until the next start, and say why."""
        self.stopped[stream] = f"{code}: {why}"
        log.error("projection_stopped", projection=self.plan.name, stream=stream, code=code)

    async def _take(self, bus: Bus, stream: str, messages: Sequence[Message]) -> None:
        """Apply what can be read; an unreadable message is waited at until it is in quarantine."""
        records: list[Recorded] = []
        for message in messages:
            try:
                records.append(self.vocabularies[stream].read(*message.as_read()))
            except Undecodable as error:
                await self._patiently(partial(apply_in_spite, self, stream, records))
                records = []
                await self._until_quarantined(bus, stream, message, error)
                await self._patiently(partial(self.pass_over, stream, message.position))
            except StreamProblem:
                await self._patiently(partial(apply_in_spite, self, stream, records))
                raise
        await self._patiently(partial(apply_in_spite, self, stream, records))

    async def _patiently(self, write: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Write; while the database is away, try again: nothing is lost by waiting."""
        said, backoff = False, Backoff()
        while True:
            try:
                return await write()
            except Exception as error:
                if not is_away(error):
                    raise
                if not said:  # once, not at every try
                    said = True
                    name = type(error).__name__
                    log.error("database_away", projection=self.plan.name, error=name)
            await backoff.wait()

    async def _until_quarantined(
        self, bus: Bus, stream: str, message: Message, error: Undecodable
    ) -> None:
        """Stand still, for all to see, until an operator lets every reader pass over the message."""
        while not await quarantine.is_passed_over(bus, stream, message):
            if stream not in self.stopped:
                self.stop(stream, error.code, error.message)
            await asyncio.sleep(RETRY_SECONDS)
        self.stopped.pop(stream, None)
        log.warning("message_passed_over", stream=stream, position=message.position)
