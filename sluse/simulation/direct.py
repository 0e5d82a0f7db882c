"""Straight into the streams (--direct): a population's events for load, without the doors."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from shared.bus import Bus
from shared.envelope import Envelope
from shared.errors import Conflict
from shared.event_store import (
    LARGEST_BATCH,
    Append,
    EventStore,
    NotNow,
    NotStored,
    StaleExpectation,
    Unacknowledged,
)
from sluse.simulation.books import VOCABULARIES, Books
from sluse.simulation.faults import Row
from sluse.simulation.population import company_rows, person_rows
from sluse.simulation.setting import Setting

IN_FLIGHT = 8  # groups at the same time
GROUP = 50  # people
BATCH = 500  # events; a server takes 1000
ORDER = ("intake", "aftercare", "placement")
"""Plans before the jobs that they are for: aftercare's reaction to a job finds its offer made."""

TRIES = 20


class Written(Struct, frozen=True, kw_only=True):
    """How much was written; what was there already is not counted."""

    programme: str
    people: int
    events: int
    seconds: float


async def write(
    bus: Bus,
    setting: Setting,
    people: int,
    *,
    faults: bool,
    digest_key: bytes,
    progress: Callable[[], object],
) -> Written:
    """Write all events of a population; a second time, or after an interruption, what is missing.

    Groups of people are written side by side, in atomic batches of whole entities.
    """
    stores = [EventStore(bus, VOCABULARIES[service], 10.0) for service in ORDER]
    began = time.perf_counter()
    books = Books(setting.definition, digest_key)
    await _enter(books, company_rows(setting))
    counts = [await _write(stores, [books])]
    groups = iter(range(0, people, GROUP))

    async def worker() -> None:
        for first in groups:
            group = []
            for number in range(first, min(first + GROUP, people)):
                books = Books(setting.definition, digest_key)
                await _enter(books, person_rows(setting, number, faults))
                group.append(books)
                progress()
            counts.append(await _write(stores, group))

    async with asyncio.TaskGroup() as workers:
        for _ in range(IN_FLIGHT):
            workers.create_task(worker())
    return Written(
        programme=setting.definition.key,
        people=people,
        events=sum(counts),
        seconds=round(time.perf_counter() - began, 1),
    )


async def _enter(books: Books, rows: Iterable[Row]) -> None:
    for row in rows:
        if row.refused is None:
            await books.take(row.command)


async def _write(stores: Sequence[EventStore], group: Sequence[Books]) -> int:
    count = 0
    for store in stores:
        batch: list[Append] = []
        for append in _appends(group, store.vocabulary.service):
            if batch and _size([*batch, append]) > BATCH:
                count += await _store(store, batch)
                batch = []
            batch.append(append)
        count += await _store(store, batch)
    return count


def _appends(group: Sequence[Books], service: str) -> Iterator[Append]:
    """All of each entity, as if nothing of it were there."""
    for books in group:
        for subject, records in books.records.items():
            if records and subject.startswith(f"{service}."):
                yield Append(subject, 0, tuple(record.envelope for record in records))


def _size(batch: Iterable[Append]) -> int:
    return sum(len(append.envelopes) for append in batch)


async def _store(store: EventStore, batch: Sequence[Append]) -> int:
    """How many events were new."""
    if not batch:
        return 0
    try:
        await store.append(batch)
    except (StaleExpectation, NotStored, Unacknowledged):
        return sum([await _complete(store, it.subject, it.envelopes) for it in batch])
    return _size(batch)


async def _complete(store: EventStore, subject: str, envelopes: Sequence[Envelope]) -> int:
    """Write what an entity lacks, behind whatever it has."""
    lacking: int | None = None
    for attempt in range(TRIES):
        history = await store.load(subject, await store.last_position(subject))
        known = {record.envelope.id for record in history.records}
        missing = [envelope for envelope in envelopes if envelope.id not in known]
        lacking = len(missing) if lacking is None else lacking
        if not missing:
            return lacking
        try:
            await store.append([Append(subject, history.position, tuple(missing[:LARGEST_BATCH]))])
        except (StaleExpectation, NotNow, Unacknowledged):
            await asyncio.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
    raise Conflict(f"{subject}: others were faster, {TRIES} times over")
