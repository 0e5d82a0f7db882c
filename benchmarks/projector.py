"""How many events a second a projection folds and commits, beside the least that this database can do."""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from statistics import median
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from services.intake.events import VOCABULARY, PersonRegistered, ResidenceChanged
from services.reporting.facts import PLAN
from shared.database import opened, writing
from shared.envelope import Envelope, Event, Recorded, encode, encode_data
from shared.projection import Patience, Projection

BATCH = 500
PERSON_REF = "person-{}"
AT = datetime(2022, 4, 27, tzinfo=UTC)


def events(first: int, count: int) -> list[Recorded]:
    """Two of each person: registered, and moved; a fact for each and its row in the log."""
    return [_recorded(position) for position in range(first, first + count)]


def _recorded(position: int) -> Recorded:
    ref = PERSON_REF.format((position - 1) // 2)
    event: Event = (
        PersonRegistered(person_ref=ref, birth_year=1985)
        if position % 2
        else ResidenceChanged(area="gullestrup", from_on=AT.date())
    )
    envelope = Envelope(
        id=f"event-{position}",
        source=VOCABULARY.source,
        type=type(event).__name__,
        subject=f"intake.person.{ref}",
        time=AT,
        data=encode_data(event),
        commandid=f"command-{position}",
        commanddigest="d" * 64,
        correlationid=f"command-{position}",
        causationid=f"command-{position}",
        actor="benchmark",
    )
    return VOCABULARY.read(envelope.subject, position, AT, encode(envelope))


async def seconds(work: Callable[[], Awaitable[None]]) -> float:
    """How long it takes."""
    since = time.perf_counter()
    await work()
    return time.perf_counter() - since


async def measure(url: str, batches: int) -> tuple[float, float]:
    """Events a second: of the projection, and of plain rows with a position in one transaction.

    They take turns batch by batch, so that whatever else the machine does falls on both alike.
    """
    metadata = sa.MetaData()
    plain = sa.Table(
        "plain",
        metadata,
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    at = sa.Table("plain_position", metadata, sa.Column("position", sa.BigInteger))
    async with opened(url) as engine:
        projection = Projection(PLAN, engine, Patience(lease=0))
        await projection.prepare()
        async with writing(engine) as db:
            await db.run_sync(metadata.drop_all)
            await db.run_sync(metadata.create_all)
            await db.execute(sa.insert(at).values(position=0))

        async def by_hand(records: Sequence[Recorded]) -> None:
            rows = [
                {
                    "position": record.position,
                    "subject": record.envelope.subject,
                    "body": encode(record.envelope).decode(),
                }
                for record in records
            ]
            async with writing(engine) as db:
                await db.execute(sa.insert(plain), rows)
                await db.execute(sa.update(at).values(position=records[-1].position))

        ours, theirs = [], []
        for _ in range(batches):
            records = events(projection.positions["INTAKE"] + 1, BATCH)
            ours.append(await seconds(partial(projection.apply, "INTAKE", records)))
            theirs.append(await seconds(partial(by_hand, records)))
        await projection.served.release()
    return BATCH / median(ours), BATCH / median(theirs)


def main() -> None:
    """Print both, for a SQLite file or the database that is named (it must be empty)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="", help="SQLAlchemy's URL; without: a SQLite file")
    parser.add_argument("--batches", type=int, default=40)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="sluse-") as directory:
        url = asked.database or f"sqlite+aiosqlite:///{directory}/rows.db"
        ours, theirs = asyncio.run(measure(url, asked.batches))
    name = sa.make_url(url).get_backend_name()
    print(f"{name}: folds {ours:,.0f} events/s, plain rows {theirs:,.0f}/s")


if __name__ == "__main__":
    main()
