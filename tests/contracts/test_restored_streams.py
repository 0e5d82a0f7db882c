"""Read models that have seen more than the restored streams hold are noticed and made again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from services.intake.events import VOCABULARY as INTAKE
from services.reporting.facts import PLAN as REPORTING
from shared import generation_control as control
from shared import lease, streams
from shared.bus import Bus, connected
from shared.database import writing
from shared.envelope import Recorded
from shared.epoch import FIRST, Epoch
from shared.errors import NotYet
from shared.event_store import EventStore
from shared.facts import Fact
from shared.fingerprint import fingerprint
from shared.generation import Generation
from shared.plan import Plan
from shared.projection import Projection
from shared.view import following
from sluse.backup import manifest
from sluse.backup.restoring import restore
from sluse.backup.snapshot import upload
from sluse.backup.taking import take
from tests.contracts.patience import until_kept_waiting
from tests.contracts.reading import demonstration, own_bus, store
from tests.contracts.recording import an_append
from tests.servers import standalone


class SeenFact(Fact, frozen=True):
    """An event that was folded."""

    INDEXED = ()

    event_id: str


def fold(person: str, history: Sequence[Recorded]) -> list[Fact]:
    return [SeenFact(record.envelope.id) for record in history]


PLAN = Plan(
    name="people",
    version=1,
    vocabularies=(INTAKE,),
    facts=(SeenFact,),
    folds={("intake", "person"): fold},
    keeps_all=True,
)
BACKED_UP = 20


class Server:
    """A server alone, and the streams on it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def record(self, name: str, count: int) -> None:
        store = EventStore(self.bus, INTAKE)
        for number in range(count):
            await store.append([an_append(f"intake.person.{name}-{number}", 0)])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with standalone(tmp_path / "a") as nats, connected(nats.url, "operator") as bus:
        await streams.apply(bus)
        made = Server(bus)
        await made.record("before", BACKED_UP)
        yield made


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Server]:
    """Where the backup is restored."""
    async with standalone(tmp_path / "b") as nats, connected(nats.url, "operator") as bus:
        yield Server(bus)


@asynccontextmanager
async def folded(
    server: Server, tmp_path: Path, plan: Plan = PLAN, database: str = ""
) -> AsyncIterator[Projection]:
    """The projection once it has folded all; its database outlives the block."""
    url = database or f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with following(plan, url, server.bus) as projection:
        await equal(projection, server)
        yield projection


async def equal(projection: Projection, server: Server) -> None:
    """Return once the rows are those of the streams as they are now, and no others."""
    last = {stream: await server.bus.last_position(stream) for stream in projection.positions}
    async with asyncio.timeout(30):
        while projection.served.history.forsaken or projection.positions != last:
            await asyncio.sleep(0.02)


async def replaced(projection: Projection, server: Server) -> None:
    """Return once another generation is asked, and has folded the streams as they are now."""
    async with asyncio.timeout(30):
        while projection.served.number == 1:  # until its reader has looked
            await asyncio.sleep(0.02)
    await equal(projection, server)


async def assert_a_fresh_fold(projection: Projection, server: Server, tmp_path: Path) -> None:
    moment = dict(projection.positions)
    url = f"sqlite+aiosqlite:///{tmp_path}/fresh.db"
    async with following(projection.plan, url, server.bus) as fresh:
        await equal(fresh, server)
        assert await fingerprint(projection, moment) == await fingerprint(fresh, moment)


async def restored_by_another_tool(other: Server, directory: Path) -> None:
    """Without a new epoch."""
    for entry in reversed(manifest.read(directory).streams):
        await upload(other.bus, entry.stream, entry.config, entry.state, directory / entry.file)


async def test_rows_that_the_restored_streams_hold_are_kept(
    server: Server, other: Server, tmp_path: Path
) -> None:
    async with folded(server, tmp_path) as projection:
        assert (projection.epoch, projection.served.number) == (FIRST, 1)
    await take(server.bus, tmp_path / "set")
    epoch = (await restore(other.bus, tmp_path / "set")).epoch
    await other.record("after", 5)
    async with folded(other, tmp_path) as projection:
        assert (projection.epoch, projection.served.number) == (epoch, 1)
        await assert_a_fresh_fold(projection, other, tmp_path)


@pytest.mark.parametrize("after", [0, 3, 10, 30])
async def test_rows_of_events_that_are_gone_are_made_again(
    server: Server, other: Server, tmp_path: Path, after: int
) -> None:
    """Whether the restored stream is shorter than what was read, as long, or longer by now."""
    await take(server.bus, tmp_path / "set")
    await server.record("lost", 10)
    async with folded(server, tmp_path) as projection:
        assert projection.positions["INTAKE"] == BACKED_UP + 10
    epoch = (await restore(other.bus, tmp_path / "set")).epoch
    await other.record("after", after)
    async with folded(other, tmp_path) as projection:
        await replaced(projection, other)
        assert (projection.epoch, projection.served.number) == (epoch, 2)
        await assert_a_fresh_fold(projection, other, tmp_path)
        async with projection.reading() as db:
            names = await db.run_sync(lambda sync: sync.dialect.get_table_names(sync))
        assert [name for name in names if name.startswith("people_g1_")] == []


async def test_read_models_of_several_streams_are_made_again_once(
    other: Server, tmp_path: Path
) -> None:
    """All streams are noticed at the same time, and one generation takes the place."""
    begun = demonstration()[:600]
    async with own_bus(tmp_path / "first") as (_, bus):
        await store(bus, begun[:300])
        await take(bus, tmp_path / "set")
        await store(bus, begun[300:])
        async with folded(Server(bus), tmp_path, plan=REPORTING) as projection:
            assert sum(projection.positions.values()) == len(begun)
    await restore(other.bus, tmp_path / "set")
    async with folded(other, tmp_path, plan=REPORTING) as projection:
        assert projection.served.number == 2
        await assert_a_fresh_fold(projection, other, tmp_path)


@pytest.mark.parametrize("after", [0, 10, 30])
async def test_a_restore_by_another_tool_is_noticed_by_the_event_that_was_read_last(
    server: Server, other: Server, tmp_path: Path, after: int
) -> None:
    await take(server.bus, tmp_path / "set")
    await server.record("lost", 10)
    async with folded(server, tmp_path):
        pass
    await restored_by_another_tool(other, tmp_path / "set")
    await other.record("after", after)
    async with folded(other, tmp_path) as projection:
        await replaced(projection, other)
        assert projection.epoch == FIRST
        await assert_a_fresh_fold(projection, other, tmp_path)


async def test_nobody_is_answered_from_rows_of_events_that_are_gone(
    server: Server, other: Server, postgres_database: str, tmp_path: Path
) -> None:
    """Neither where they are written nor where somebody stands by, who reads while they are dropped."""
    await take(server.bus, tmp_path / "set")
    await server.record("lost", 10)
    async with folded(server, tmp_path, database=postgres_database):
        pass
    await restore(other.bus, tmp_path / "set")
    await other.record("after", 30)
    saved, may_go = asyncio.Event(), asyncio.Event()
    seen: list[int] = []

    async def save(generation: Generation) -> None:
        seen.append(generation.positions["INTAKE"])
        saved.set()
        await may_go.wait()

    async with AsyncExitStack() as stack:

        async def another() -> Projection:
            return await stack.enter_async_context(
                following(PLAN, postgres_database, other.bus, before_forsaking=save)
            )

        writer = await another()
        async with asyncio.timeout(10):
            await saved.wait()
        standby = await another()
        for projection in (writer, standby):
            with pytest.raises(NotYet):
                async with projection.reading():
                    pass
        assert [it.status().role for it in (writer, standby)] == ["writer", "standby"]
        async with writing(writer.engine) as db:
            await control.make_tables(db)  # until the end nobody else makes any
            may_go.set()
            await until_kept_waiting(writer.engine, "FROM people_g1_discarded")
        for projection in (writer, standby):
            await replaced(projection, other)
            async with projection.reading():
                pass
        assert [writer.stopped, standby.stopped] == [{}, {}]
    assert set(seen) == {BACKED_UP + 10}  # again, if the database refused for a moment


async def test_who_writes_again_replaces_what_nobody_has_replaced(
    server: Server, other: Server, tmp_path: Path
) -> None:
    """Another process had it meanwhile, and left before it was done."""
    await take(server.bus, tmp_path / "set")
    await server.record("lost", 10)
    async with folded(server, tmp_path):
        pass
    await restore(other.bus, tmp_path / "set")
    begun, never = asyncio.Event(), asyncio.Event()
    saving: list[int] = []

    async def save(generation: Generation) -> None:
        saving.append(generation.number)
        if len(saving) == 1:
            begun.set()
            await never.wait()  # it loses the lease before

    url = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with following(PLAN, url, other.bus, before_forsaking=save) as projection:
        async with asyncio.timeout(10):
            await begun.wait()
        async with writing(projection.engine) as db:
            (row,) = await control.rows(db, PLAN.name)
            held = await lease.take(db, row, "another")
            assert held is not None
            await lease.release(db, held)
        await replaced(projection, other)
        assert projection.stopped == {}
    assert saving == [1, 1]


@pytest.mark.parametrize(
    ("known", "position", "goes_on"),
    [
        ("", 0, True),
        ("", 100, True),  # of the first epoch, before there were any others
        ("1", 100, True),
        ("1", 101, False),
        ("2-b", 500, True),
        ("2-c", 50, False),  # another restore of the same backup
        ("2-c", 0, True),
    ],
)
def test_what_was_read_goes_on_up_to_where_both_epochs_are_the_same(
    known: str, position: int, goes_on: bool
) -> None:
    assert Epoch("2-b", of=FIRST, after=100).goes_on(known, position) is goes_on
