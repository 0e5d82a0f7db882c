"""The events that a projection has folded, beside its facts: bodies for folding again, and instants."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.envelope import Recorded, Vocabulary, encode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IN_ONE_QUERY = 500


def microseconds(at: datetime) -> int:
    """Microseconds since 1970: every database compares integers alike."""
    return (at - _EPOCH) // timedelta(microseconds=1)


class EventLog:
    """One row per event: stream, position, recorded_us, subject, origin, body (the whole envelope)."""

    def __init__(self, metadata: sa.MetaData) -> None:
        self.table = sa.Table(
            "event",
            metadata,
            sa.Column("stream", sa.Text, primary_key=True),
            sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("recorded_us", sa.BigInteger, nullable=False),
            sa.Column("subject", sa.Text, nullable=False, index=True),
            sa.Column("origin", sa.Text, nullable=False),
            sa.Column("body", sa.Text, nullable=False),
            sa.Index("ix_event_recorded", "stream", "recorded_us"),
            sa.Index("ix_event_origin", "origin", "recorded_us"),
        )

    async def write(self, db: AsyncConnection, records: Sequence[Recorded]) -> None:
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
                }
                for record in records
            ]
            await db.execute(sa.insert(self.table), rows)

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
                query.where(t.subject.in_(some)).order_by(t.subject, t.position)
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
