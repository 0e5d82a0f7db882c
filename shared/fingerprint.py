"""Fingerprints of a projection's tables at a moment: equal facts give equal ones, wherever they lie."""

from collections.abc import AsyncIterator, Sequence
from hashlib import blake2b

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.moment import Positions
from shared.projection import Projection
from shared.subjects import stream_of

BUCKETS = 256
EVENTS = "events"
ROWS_AT_ONCE = 1000
_MODULUS = 2**128

_encoder = msgspec.json.Encoder(order="sorted")


class TablePrint(Struct, frozen=True):
    """A table at a moment: how many rows, and a digest of each bucket of entities that has some."""

    table: str
    rows: int
    buckets: dict[int, str]


class Fingerprint(Struct, frozen=True):
    """A projection's tables, the events that it has folded among them."""

    projection: str
    version: int
    tables: tuple[TablePrint, ...]


class _Digest:
    """A digest of a set of rows, whatever their order."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, row: Sequence[object]) -> None:
        digest = blake2b(_encoder.encode(row), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(digest)) % _MODULUS

    def __str__(self) -> str:
        return f"{self._sum:032x}"


def bucket_of(entity: str) -> int:
    """Which bucket an entity's rows are counted in."""
    return blake2b(entity.encode(), digest_size=1).digest()[0]


async def fingerprint(projection: Projection, moment: Positions) -> Fingerprint:
    """What the tables said at a moment that they have reached; `moment` names all their streams."""
    prints = [await _table_print(projection, name, moment) for name in tables(projection)]
    return Fingerprint(projection.plan.name, projection.plan.version, tuple(prints))


async def entities(
    projection: Projection, table: str, bucket: int, moment: Positions
) -> dict[str, str]:
    """The digest of each entity's rows in one bucket of a table."""
    digests: dict[str, _Digest] = {}
    async with projection.reading() as db:
        async for entity, row in _rows(db, projection, table, moment):
            if bucket_of(entity) == bucket:
                digests.setdefault(entity, _Digest()).add(row)
    return {entity: str(digest) for entity, digest in digests.items()}


async def _table_print(projection: Projection, table: str, moment: Positions) -> TablePrint:
    count = 0
    digests: dict[int, _Digest] = {}
    async with projection.reading() as db:
        async for entity, row in _rows(db, projection, table, moment):
            count += 1
            digests.setdefault(bucket_of(entity), _Digest()).add(row)
    return TablePrint(table, count, {bucket: str(it) for bucket, it in digests.items()})


def tables(projection: Projection) -> list[str]:
    """What a fingerprint is taken of: each kind of fact, and the events."""
    return [*(kind.__name__ for kind in projection.tables), EVENTS]


async def _rows(
    db: AsyncConnection, projection: Projection, table: str, moment: Positions
) -> AsyncIterator[tuple[str, Sequence[object]]]:
    """The entity and the content of every row as of the moment.

    What has come since is left out, and what has been closed since is open: so the writer may go
    on meanwhile, and the same rows come from whoever has reached the moment.
    """
    if table == EVENTS:
        async for row in _all(db, projection.log.table):
            if row["position"] <= moment[row["stream"]]:
                yield row["subject"], _event(row)
        return
    (facts,) = (it for kind, it in projection.tables.items() if kind.__name__ == table)
    async for row in _all(db, facts.table):
        position = moment[stream_of(row["entity"].split(".", 1)[0])]
        if row["since"] <= position:
            until = row["until"]
            open_then = until is None or until > position
            content = [row[name] for name in facts.fields]
            key = row["entity"], row["since"], row["fact_key"]
            yield row["entity"], [*key, None if open_then else until, *content]


def _event(row: sa.RowMapping) -> Sequence[object]:
    """An event's row; its body as JSON says it, not as it happens to be written."""
    names = ("stream", "position", "recorded_us", "subject", "origin")
    return [*(row[name] for name in names), msgspec.json.decode(row["body"])]


async def _all(db: AsyncConnection, table: sa.Table) -> AsyncIterator[sa.RowMapping]:
    rows = await db.stream(sa.select(table).execution_options(yield_per=ROWS_AT_ONCE))
    async for row in rows.mappings():
        yield row
