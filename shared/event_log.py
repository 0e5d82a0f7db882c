"""The events that a projection has folded, beside its facts: bodies for folding again, and instants."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import TEXT
from shared.envelope import Recorded, Vocabulary, encode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IN_ONE_QUERY = 500


def microseconds(at: datetime) -> int:
    """Microseconds since 1970: every database compares integers alike."""
    return (at - _EPOCH) // timedelta(microseconds=1)


class EventLog:
    """One row per event: stream, position, recorded_us, subject, origin, body (the whole envelope).

    `left_out`: an operator discarded the event, so it is in no history; its place and instant stay.
    """

    def __init__(self, metadata: sa.MetaData, prefix: str = "") -> None:
        name = f"{prefix}event"
        self.table = sa.Table(
            name,
            metadata,
            sa.Column("stream", TEXT, primary_key=True),
            sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("recorded_us", sa.BigInteger, nullable=False),
            sa.Column("subject", TEXT, nullable=False, index=True),
            sa.Column("origin", TEXT, nullable=False),
            sa.Column("body", TEXT, nullable=False),
            sa.Column("left_out", sa.Boolean, nullable=False),
            sa.Index(f"ix_{name}_recorded", "stream", "recorded_us"),
            sa.Index(f"ix_{name}_origin", "origin", "recorded_us"),
        )

    async def write(
        self,
        db: AsyncConnection,
        records: Sequence[Recorded],
        is_left_out: Callable[[Recorded], bool] = lambda record: False,
    ) -> None:
        """Keep the events."""
        if records:
            rows = [
                {
                    "stream": record.stream,
                    "position": record.position,
                    "recorded_us": microseconds(record.recorded_at),
                    "subject": record.envelope.subject,
                    "origin": record.envelope.origin,
                    "body": encode(record.envelope).decode(),
                    "left_out": is_left_out(record),
                }
                for record in records
            ]
            await db.execute(sa.insert(self.table), rows)

    async def leave_out(self, db: AsyncConnection, stream: str, position: int) -> None:
        """From now on the event is in no history."""
        t = self.table.c
        there = (t.stream == stream) & (t.position == position)
        await db.execute(sa.update(self.table).where(there).values(left_out=True))

    async def positions_from(self, db: AsyncConnection, subject: str, position: int) -> list[int]:
        """The positions of an entity's kept events from one on, those left out excepted."""
        t = self.table.c
        query = sa.select(t.position).where(t.subject == subject, t.position >= position)
        return list(await db.scalars(query.where(~t.left_out).order_by(t.position)))

    async def naming(self, db: AsyncConnection, subjects: Sequence[str], name: str) -> set[str]:
        """Those of some entities whose kept events say a text somewhere in their JSON."""
        t = self.table.c
        quoted = msgspec.json.encode(name).decode()
        query = sa.select(t.subject).where(t.body.contains(quoted, autoescape=True)).distinct()
        return set(await db.scalars(query.where(t.subject.in_(subjects))))

    async def histories(
        self,
        db: AsyncConnection,
        subjects: Sequence[str],
        vocabularies: Mapping[str, Vocabulary],
        up_to: Mapping[str, int] | None = None,
    ) -> dict[str, tuple[Recorded, ...]]:
        """The kept events of some entities, each in order; `up_to`: stream to last position."""
        records: list[Recorded] = []
        t = self.table.c
        for start in range(0, len(subjects), _IN_ONE_QUERY):
            some = subjects[start : start + _IN_ONE_QUERY]
            query = sa.select(t.stream, t.position, t.recorded_us, t.subject, t.body)
            rows = await db.execute(
                query.where(t.subject.in_(some), ~t.left_out).order_by(t.subject, t.position)
            )
            records += [
                _recorded(row, vocabularies)
                for row in rows
                if up_to is None or row.position <= up_to[row.stream]
            ]
        return {subject: tuple(group) for subject, group in _by_subject(records)}

    async def at(
        self,
        db: AsyncConnection,
        stream: str,
        positions: Sequence[int],
        vocabularies: Mapping[str, Vocabulary],
    ) -> list[Recorded]:
        """The kept events at these positions of a stream, in order."""
        records: list[Recorded] = []
        t = self.table.c
        for start in range(0, len(positions), _IN_ONE_QUERY):
            some = positions[start : start + _IN_ONE_QUERY]
            query = sa.select(t.stream, t.position, t.recorded_us, t.subject, t.body)
            rows = await db.execute(
                query.where(t.stream == stream, t.position.in_(some)).order_by(t.position)
            )
            records += [_recorded(row, vocabularies) for row in rows]
        return records

    async def last_kept(
        self, db: AsyncConnection, stream: str, position: int
    ) -> tuple[int, int] | None:
        """The last kept event's position up to this one, and its instant in microseconds."""
        t = self.table.c
        query = sa.select(t.position, t.recorded_us)
        query = query.where(t.stream == stream, t.position <= position)
        found = (await db.execute(query.order_by(t.position.desc()).limit(1))).first()
        return None if found is None else (found.position, found.recorded_us)

    async def position_at(self, db: AsyncConnection, stream: str, at: datetime) -> int:
        """The last position recorded at or before an instant; 0 if there is none."""
        t = self.table.c
        query = sa.select(sa.func.max(t.position)).where(
            t.stream == stream, t.recorded_us <= microseconds(at)
        )
        return await db.scalar(query) or 0

    async def recorded_after(self, db: AsyncConnection, stream: str, at: datetime) -> bool:
        """Whether an event of the stream was recorded later: then the past is settled."""
        t = self.table.c
        query = sa.select(sa.func.max(t.recorded_us)).where(t.stream == stream)
        newest = await db.scalar(query)
        return newest is not None and newest > microseconds(at)

    async def newest(self, db: AsyncConnection, origin: str) -> datetime | None:
        """When an event of this origin was last recorded; None if there is none."""
        t = self.table.c
        newest = await db.scalar(sa.select(sa.func.max(t.recorded_us)).where(t.origin == origin))
        return None if newest is None else _EPOCH + timedelta(microseconds=newest)


def _recorded(
    row: sa.Row[str, int, int, str, str], vocabularies: Mapping[str, Vocabulary]
) -> Recorded:
    recorded_at = _EPOCH + timedelta(microseconds=row.recorded_us)
    return vocabularies[row.stream].read(row.subject, row.position, recorded_at, row.body.encode())


def _by_subject(records: Iterable[Recorded]) -> Iterable[tuple[str, Iterable[Recorded]]]:
    return groupby(records, key=lambda record: record.envelope.subject)
