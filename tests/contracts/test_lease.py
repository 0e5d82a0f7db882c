"""One process writes a projection; the others read it, and one of them goes on when it is gone."""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.placement import enrolled
from services.placement.enrolled import PLAN as VIEW
from services.reporting.facts import PLAN
from shared import generation_control as control
from shared.bus import Bus
from shared.database import opened, writing
from shared.generation_control import GenerationRow
from shared.lease import Fenced, take
from shared.projection import Patience, Projection
from shared.view import View, following
from tests.contracts.reading import (
    ROOT,
    by_stream,
    demonstration,
    fresh_rows,
    own_bus,
    projected,
    rows,
    store,
)

EVENTS = by_stream(demonstration())
LEASE_SECONDS = 2.0  # a look counts for at most one: on a busy machine each takes longer
TAKEN_OVER_SECONDS = 10.0
EACH_SECONDS = 120.0


class Follower:
    """A process that follows the streams, and what it said last of its role.

    `since`: when it had that role, on the clock that all processes of this machine share.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.role = ""
        self.since = 0.0
        self.changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self.changed:
                self.role, since = line.decode().split()
                self.since = float(since)
                self.changed.notify_all()

    async def is_now(self, role: str) -> None:
        async with asyncio.timeout(EACH_SECONDS), self.changed:
            await self.changed.wait_for(lambda: self.role == role)

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    async def end(self) -> None:
        if self.process.returncode is None:
            self.send(signal.SIGKILL)
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def follower(database: str, url: str) -> AsyncIterator[Follower]:
    code = (
        "from services.reporting.facts import PLAN\n"
        "from shared.projection import Patience\n"
        "from tests.contracts.reading import follow_until_killed\n"
        f"follow_until_killed(PLAN, {database!r}, {url!r}, Patience({LEASE_SECONDS}))"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, stdout=PIPE
    )
    it = Follower(process)
    try:
        yield it
    finally:
        await it.end()


async def only_generation(projection: Projection) -> GenerationRow:
    async with projection.reading() as db:
        (row,) = await control.rows(db, projection.plan.name)
    return row


async def stored_slowly(bus: Bus) -> None:
    for at in range(0, len(demonstration()), 20):
        await store(bus, demonstration()[at : at + 20])


async def seen_by_a_reader(database: str, bus: Bus) -> None:
    """A third process' reader sees all of it, and the rows are those of a fresh fold."""
    async with following(PLAN, database, bus) as reader:
        assert await reader.caught_up(bus, EACH_SECONDS)
        assert await rows(reader) == await fresh_rows(PLAN, EVENTS)
        assert reader.stopped == {}


async def test_the_one_that_stands_by_reads_what_the_other_wrote(
    database: str, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), following(VIEW, database, bus) as one:
        await View(one, bus, wait=EACH_SECONDS).catch_up()
        async with following(VIEW, database, bus) as two:
            view = View(two, bus, wait=EACH_SECONDS)
            await view.catch_up()
            for at in range(0, 400, 100):
                await store(bus, demonstration()[at : at + 100])
                await view.catch_up()
                folded = by_stream(demonstration()[: at + 100])
                expected = {stream: len(folded[stream]) for stream in ("INTAKE", "PLACEMENT")}
                assert expected.items() <= two.positions.items()
                shown = await view.facts(enrolled.EnrolledFact)
                async with projected(VIEW) as fresh:
                    for stream, records in folded.items():
                        if records and stream in fresh.positions:
                            await fresh.apply(stream, records)
                    async with fresh.reading() as db:
                        table = fresh.tables[enrolled.EnrolledFact]
                        assert set(shown) == set(await table.effective(db))
                assert await one.caught_up(bus, EACH_SECONDS)  # both read, whichever of them writes
            assert {it.status().role for it in (one, two)} == {"writer", "standby"}
            assert [one.stopped, two.stopped] == [{}, {}]


@pytest.mark.slow
async def test_a_killed_writer_is_replaced_within_ten_seconds(
    postgres_database: str, tmp_path: Path
) -> None:
    async with (
        own_bus(tmp_path) as (server, bus),
        follower(postgres_database, server.url) as first,
    ):
        await first.is_now("writer")
        async with follower(postgres_database, server.url) as second:
            await second.is_now("standby")
            loading = asyncio.create_task(stored_slowly(bus))
            killed = time.monotonic()
            first.send(signal.SIGKILL)
            await second.is_now("writer")
            took = second.since - killed
            print(f"taken over after {took:.1f} s")
            assert took < TAKEN_OVER_SECONDS
            await loading
            await seen_by_a_reader(postgres_database, bus)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_writer_that_was_paused_commits_nothing_and_stands_by(
    seed: int, postgres_database: str, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    async with (
        own_bus(tmp_path) as (server, bus),
        follower(postgres_database, server.url) as first,
    ):
        await first.is_now("writer")
        async with follower(postgres_database, server.url) as second:
            await second.is_now("standby")
            loading = asyncio.create_task(stored_slowly(bus))
            await asyncio.sleep(chance.uniform(0, 0.09))  # somewhere in its work
            paused = time.monotonic()
            first.send(signal.SIGSTOP)
            await second.is_now("writer")
            print(f"taken over after {second.since - paused:.1f} s")
            first.send(signal.SIGCONT)
            await first.is_now("standby")
            await loading
            await seen_by_a_reader(postgres_database, bus)


async def test_a_writer_that_leaves_in_order_is_replaced_at_once(
    database: str, tmp_path: Path
) -> None:
    patient = Patience(lease=3600)
    async with own_bus(tmp_path) as (_, bus):
        for at in (0, 1):
            async with following(VIEW, database, bus, patience=patient) as projection:
                await store(bus, demonstration()[at * 100 : at * 100 + 100])
                assert await projection.caught_up(bus, EACH_SECONDS)
                assert projection.status().role == "writer"


async def test_whoever_lost_the_lease_can_commit_nothing(database: str) -> None:
    async with projected(PLAN, database) as old, opened(database) as engine:
        await old.apply("INTAKE", EVENTS["INTAKE"][:50])
        before = await rows(old)
        new = Projection(PLAN, engine, Patience(lease=0))
        await new.prepare()
        await new.apply("INTAKE", EVENTS["INTAKE"][50:60])
        with pytest.raises(Fenced):
            await old.apply("INTAKE", EVENTS["INTAKE"][50:70])
        assert before["position"] != (after := await rows(new))["position"]
        with pytest.raises(Fenced):
            await old.apply("INTAKE", EVENTS["INTAKE"][60:70])
        assert after == await rows(new)


async def test_of_two_that_would_take_over_one_does(database: str) -> None:
    async with projected(PLAN, database) as projection, opened(database) as engine:
        row = await only_generation(projection)
        held = []
        for holder in ("one", "two"):
            async with writing(engine) as db:
                held.append(await take(db, row, holder))
        assert [lease is not None for lease in held] == [True, False]


async def test_a_holder_that_gives_a_sign_meanwhile_is_not_replaced(database: str) -> None:
    async with projected(PLAN, database) as projection:
        await projection.apply("INTAKE", EVENTS["INTAKE"][:10])
        seen = await only_generation(projection)
        await projection.apply("INTAKE", EVENTS["INTAKE"][10:20])
        async with writing(projection.engine) as db:
            assert await take(db, seen, "somebody") is None
        await projection.apply("INTAKE", EVENTS["INTAKE"][20:30])
