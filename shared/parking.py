"""What a projection keeps apart: parked entities, and the events that are left out of every fold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import now
from shared.database import TEXT
from shared.envelope import Recorded
from shared.errors import SluseError, Undecodable

ATTEMPTS = 3
"""How often an event is tried before its entity is parked."""


class Poison(SluseError):
    """A fold has failed with these events: a defect of ours, or data that cannot be."""

    code = "POISON"


class ParkedEntity(Struct, frozen=True, kw_only=True):
    """An entity whose fold failed at an event; it and what came later wait, facts stay as before.

    `entity` is its subject, `error` the exception's class: its text might quote data.
    """

    entity: str
    stream: str
    position: int
    event_id: str
    event_type: str
    error: str
    attempts: int
    parked_at: datetime


class Held(Struct, frozen=True):
    """Parked entities by subject; ids of discarded events by stream and position."""

    parked: Mapping[str, ParkedEntity] = {}
    discards: Mapping[tuple[str, int], str] = {}


def cause_of(error: Exception) -> str:
    """The class of what made a fold fail."""
    return type(error.__cause__ or error).__name__


class Parking:
    """The tables of one generation of folds, and in memory what they held when last loaded."""

    def __init__(self, metadata: sa.MetaData, prefix: str = "") -> None:
        self._parked = sa.Table(
            f"{prefix}parked",
            metadata,
            sa.Column("entity", TEXT, primary_key=True),
            sa.Column("stream", TEXT, nullable=False),
            sa.Column("position", sa.BigInteger, nullable=False),
            sa.Column("event_id", TEXT, nullable=False),
            sa.Column("event_type", TEXT, nullable=False),
            sa.Column("error", TEXT, nullable=False),
            sa.Column("attempts", sa.BigInteger, nullable=False),
            sa.Column("parked_at", TEXT, nullable=False),
        )
        self._attempt = _positions(f"{prefix}attempt", metadata, sa.Column("times", sa.BigInteger))
        self._discarded = _positions(f"{prefix}discarded", metadata, sa.Column("event_id", TEXT))
        self.held = Held()

    @property
    def parked(self) -> Mapping[str, ParkedEntity]:
        """What waits, by entity, as last read."""
        return self.held.parked

    async def read(self, db: AsyncConnection) -> Held:
        """What the tables hold now; who changes them keeps it once that is committed."""
        c = self._discarded.c
        rows = await db.execute(sa.select(c.stream, c.position, c.event_id))
        return Held(
            {it.entity: it for it in await self.stored(db)},
            {(stream, position): event_id for stream, position, event_id in rows},
        )

    async def stored(self, db: AsyncConnection) -> list[ParkedEntity]:
        """Everything that waits, the longest first."""
        c = self._parked.c
        rows = (
            await db.execute(sa.select(self._parked).order_by(c.parked_at, c.entity))
        ).mappings()
        return [
            ParkedEntity(**{**row, "parked_at": datetime.fromisoformat(row["parked_at"])})
            for row in rows
        ]

    def is_discarded(self, record: Recorded) -> bool:
        """Whether the event is left out of every fold."""
        return self.held.discards.get((record.stream, record.position)) == record.envelope.id

    def folds(self, record: Recorded) -> bool:
        """Whether the event is to be folded now: not discarded, its entity not parked."""
        return record.envelope.subject not in self.held.parked and not self.is_discarded(record)

    def folded(
        self, histories: Mapping[str, tuple[Recorded, ...]]
    ) -> dict[str, tuple[Recorded, ...]]:
        """Of entities' events those that their facts are made of: what waits is not among them."""
        parked = self.held.parked
        return {
            subject: tuple(
                it
                for it in events
                if subject not in parked or it.position < parked[subject].position
            )
            for subject, events in histories.items()
        }

    async def tried(self, db: AsyncConnection, record: Recorded) -> int:
        """How often the event has failed, this time included."""
        c = self._attempt.c
        here = (c.stream == record.stream) & (c.position == record.position)
        times = (await db.scalar(sa.select(c.times).where(here)) or 0) + 1
        await db.execute(sa.delete(self._attempt).where(here))
        row = {"stream": record.stream, "position": record.position, "times": times}
        await db.execute(sa.insert(self._attempt).values(row))
        return times

    async def park(self, db: AsyncConnection, record: Recorded, error: str, attempts: int) -> None:
        """From this event on the entity waits."""
        await self.release(db, record.envelope.subject)
        c = self._attempt.c
        here = (c.stream == record.stream) & (c.position == record.position)
        await db.execute(sa.delete(self._attempt).where(here))
        row = {
            "entity": record.envelope.subject,
            "stream": record.stream,
            "position": record.position,
            "event_id": record.envelope.id,
            "event_type": record.envelope.type,
            "error": error,
            "attempts": attempts,
            "parked_at": now().isoformat(),
        }
        await db.execute(sa.insert(self._parked).values(row))

    async def release(self, db: AsyncConnection, entity: str) -> None:
        """The entity waits no more."""
        await db.execute(sa.delete(self._parked).where(self._parked.c.entity == entity))

    async def discard(self, db: AsyncConnection, stream: str, position: int, event_id: str) -> None:
        """From now on the event is left out of every fold."""
        c = self._discarded.c
        await db.execute(
            sa.delete(self._discarded).where(c.stream == stream, c.position == position)
        )
        row = {"stream": stream, "position": position, "event_id": event_id}
        await db.execute(sa.insert(self._discarded).values(row))


def is_poison(error: Exception) -> bool:
    """Whether an error that is not the database's speaks against the event.

    An event type that is not known speaks of a newer writer, and stops the projection.
    """
    return not isinstance(error, SluseError) or isinstance(error, Poison | Undecodable)


def _positions(name: str, metadata: sa.MetaData, value: sa.Column[Any]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("stream", TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        value,
    )
