"""The control tables of a database: which generations its projections have, how far each is, who writes it."""

from datetime import UTC, datetime
from typing import Literal, TypeAlias

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import TEXT
from shared.errors import Refused

State: TypeAlias = Literal["building", "live", "previous", "dropped"]

_ONE_AT_A_TIME = 7_583_001  # the advisory lock under which tables are made: sluse's own number

CONTROL = sa.MetaData()

GENERATION = sa.Table(
    "projection_generation",
    CONTROL,
    sa.Column("projection", TEXT, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("begun_at", TEXT, nullable=False),  # shown to operators, never compared
    sa.Column("holder", TEXT, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("beat", sa.BigInteger, nullable=False),
)
POSITION = sa.Table(
    "projection_position",
    CONTROL,
    sa.Column("projection", TEXT, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", TEXT, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("epoch", TEXT, nullable=False, server_default=""),
)


class GenerationRow(Struct, frozen=True):
    """One fold of a projection: its number, the version of its plan, its state, its lease.

    One generation of a version is live: the one that is asked. `holder`: who writes it, empty for
    nobody; `token` grows with every holder, `beat` with every sign of life.
    """

    projection: str
    generation: int
    version: int
    state: State
    begun_at: str
    holder: str
    token: int
    beat: int


class NoSuchGeneration(Refused):
    code = "NO_SUCH_GENERATION"


class GenerationState(Refused):
    """The generation's state does not allow this."""

    code = "GENERATION_STATE"


async def make_tables(db: AsyncConnection) -> None:
    """Make the control tables; what is made in this transaction nobody else makes meanwhile."""
    await _alone(db)
    await db.run_sync(CONTROL.create_all)


async def _alone(db: AsyncConnection) -> None:
    """Until the transaction ends; SQLite's are alone whenever they write."""
    if db.dialect.name == "postgresql":
        await db.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))


async def rows(db: AsyncConnection, projection: str) -> list[GenerationRow]:
    """The projection's generations, the oldest first, without those that were dropped."""
    g = GENERATION.c
    found = await db.execute(
        sa.select(GENERATION)
        .where(g.projection == projection, g.state != "dropped")
        .order_by(g.generation)
    )
    return [GenerationRow(**row) for row in found.mappings()]


def asked(rows: list[GenerationRow], version: int) -> int | None:
    """Which generation the processes of a version ask: its live one, or else its newest."""
    own = [row for row in rows if row.version == version]
    live = [row for row in own if row.state == "live"]
    return max((row.generation for row in live or own), default=None)


async def begin(db: AsyncConnection, projection: str, version: int, now: datetime) -> int:
    """A new generation; its number was never used before."""
    await _alone(db)
    g = GENERATION.c
    last = await db.scalar(sa.select(sa.func.max(g.generation)).where(g.projection == projection))
    number = (last or 0) + 1
    await db.execute(
        sa.insert(GENERATION).values(
            projection=projection,
            generation=number,
            version=version,
            state="building",
            begun_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            holder="",
            token=0,
            beat=0,
        )
    )
    return number


async def change(db: AsyncConnection, row: GenerationRow, state: State) -> None:
    """Give a generation another state; refused if it has another one than was seen."""
    await _change(db, row, state=state)


async def drop(db: AsyncConnection, row: GenerationRow) -> None:
    """Let nobody write it any more, and forget its positions; its tables are the caller's to drop.

    Refused if it has another state than was seen.
    """
    p = POSITION.c
    await _change(db, row, state="dropped", holder="", token=GENERATION.c.token + 1)
    await db.execute(
        sa.delete(POSITION).where(p.projection == row.projection, p.generation == row.generation)
    )


async def _change(db: AsyncConnection, row: GenerationRow, **values: object) -> None:
    g = GENERATION.c
    changed = await db.execute(
        sa.update(GENERATION)
        .where(
            g.projection == row.projection,
            g.generation == row.generation,
            g.state == row.state,
        )
        .values(**values)
    )
    if changed.rowcount != 1:
        raise GenerationState(f"generation {row.generation} is not {row.state} any more")


async def positions(db: AsyncConnection, projection: str) -> dict[int, dict[str, int]]:
    """By generation: the last folded position of each stream."""
    p = POSITION.c
    found = await db.execute(
        sa.select(p.generation, p.stream, p.position).where(p.projection == projection)
    )
    by_generation: dict[int, dict[str, int]] = {}
    for row in found:
        by_generation.setdefault(row.generation, {})[row.stream] = row.position
    return by_generation


async def add_streams(
    db: AsyncConnection, projection: str, generation: int, streams: set[str]
) -> None:
    """Start streams that the generation does not follow yet at position 0."""
    if streams:
        new = [
            {"projection": projection, "generation": generation, "stream": stream, "position": 0}
            for stream in sorted(streams)
        ]
        await db.execute(sa.insert(POSITION), new)


async def advance(
    db: AsyncConnection, projection: str, generation: int, stream: str, *, before: int, after: int
) -> bool:
    """Move a position; False if it is not where it was thought to be."""
    p = POSITION.c
    moved = await db.execute(
        sa.update(POSITION)
        .where(
            p.projection == projection,
            p.generation == generation,
            p.stream == stream,
            p.position == before,
        )
        .values(position=after)
    )
    return moved.rowcount == 1


async def epochs(db: AsyncConnection, projection: str, generation: int) -> dict[str, str]:
    """By stream: the epoch in which it was read; empty before anything was."""
    p = POSITION.c
    found = await db.execute(
        sa.select(p.stream, p.epoch).where(p.projection == projection, p.generation == generation)
    )
    return {row.stream: row.epoch for row in found}


async def keep_epoch(
    db: AsyncConnection, projection: str, generation: int, stream: str, epoch: str
) -> None:
    """The stream is read in this epoch from now on."""
    p = POSITION.c
    await db.execute(
        sa.update(POSITION)
        .where(p.projection == projection, p.generation == generation, p.stream == stream)
        .values(epoch=epoch)
    )
