"""PostgreSQL stopped, paused, restarted: the projection waits and goes on, and questions are told so."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from services.placement.enrolled import PLAN, EnrolledFact
from shared.bus import Bus
from shared.database import is_away, opened, writing
from shared.errors import DatabaseAway
from shared.projection import Projection
from shared.view import following
from tests.contracts.patience import PATIENT
from tests.contracts.reading import by_stream, demonstration, fresh_rows, own_bus, rows, store
from tests.postgres import Postgres

EVENTS = by_stream(demonstration())
BACK_SECONDS = 120.0

FAULTS: dict[str, tuple[str, str]] = {"stopped": ("stop", "start"), "paused": ("pause", "unpause")}


@pytest.fixture
def own_database(own_postgres: Postgres) -> str:
    name = f"t{uuid4().hex}"
    own_postgres.create(name)
    return own_postgres.url(name)


async def asked(projection: Projection) -> int:
    async with projection.reading() as db:
        return len(await projection.tables[EnrolledFact].effective(db))


async def in_a_thread(act: Callable[..., None], *arguments: str) -> None:
    await asyncio.get_running_loop().run_in_executor(None, act, *arguments)


@asynccontextmanager
async def at_work(database: str, bus: Bus) -> AsyncIterator[Projection]:
    async with following(PLAN, database, bus) as projection:
        await store(bus, demonstration()[:300])
        assert await projection.caught_up(bus, BACK_SECONDS)
        yield projection


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_database_that_is_away_is_waited_for(
    fault: str, own_database: str, own_postgres: Postgres, tmp_path: Path
) -> None:
    away, back = FAULTS[fault]
    async with own_bus(tmp_path) as (_, bus), at_work(own_database, bus) as projection:
        await in_a_thread(own_postgres.docker, away)
        loading = asyncio.create_task(store(bus, demonstration()[300:]))
        for _ in range(2):
            since = time.monotonic()
            with pytest.raises(DatabaseAway):
                async with asyncio.timeout(PATIENT):
                    await asked(projection)
            print(f"{fault}: answered after {time.monotonic() - since:.1f} s")
        await loading
        await until_known(projection, away=True)
        assert projection.stopped == {}
        assert projection.positions["PLACEMENT"] < len(EVENTS["PLACEMENT"])
        await in_a_thread(own_postgres.docker, back)
        since = time.monotonic()
        assert await projection.caught_up(bus, BACK_SECONDS)
        print(f"{fault}: caught up {time.monotonic() - since:.1f} s after it came back")
        await until_known(projection, away=False)
        assert projection.stopped == {}
        assert projection.parked == {}
        assert await rows(projection) == await fresh_rows(PLAN, EVENTS)


async def until_known(projection: Projection, *, away: bool) -> None:
    async with asyncio.timeout(BACK_SECONDS):
        while projection.database_away is not away:
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_restart_under_load_loses_nothing(
    own_database: str, own_postgres: Postgres, tmp_path: Path
) -> None:
    async with own_bus(tmp_path) as (_, bus), at_work(own_database, bus) as projection:
        restarting = asyncio.create_task(in_a_thread(own_postgres.docker, "restart"))
        for at in range(300, len(demonstration()), 10):
            await store(bus, demonstration()[at : at + 10])
        await restarting
        assert await projection.caught_up(bus, BACK_SECONDS)
        assert projection.stopped == {}
        assert await rows(projection) == await fresh_rows(PLAN, EVENTS)


async def test_a_service_that_starts_first_waits_for_its_database(
    postgres: Postgres, tmp_path: Path
) -> None:
    nowhere = postgres.url("x").replace(f":{postgres.port}", ":1")
    async with own_bus(tmp_path) as (_, bus):
        starting = asyncio.create_task(started(nowhere, bus))
        done, _ = await asyncio.wait([starting], timeout=1)
        assert not done
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting


async def started(database: str, bus: Bus) -> None:
    async with following(PLAN, database, bus):
        pass


async def test_a_locked_file_is_a_database_that_is_away(tmp_path: Path) -> None:
    file = f"sqlite+aiosqlite:///{tmp_path}/rows.db"
    async with opened(file) as engine:
        impatient = create_async_engine(file, connect_args={"timeout": 0.05})
        async with writing(engine) as lock:
            await lock.execute(sa.text("CREATE TABLE it (x)"))
            with pytest.raises(sa.exc.OperationalError) as locked:
                async with impatient.begin() as db:
                    await db.execute(sa.text("CREATE TABLE other (x)"))
        assert is_away(locked.value)
        await impatient.dispose()


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM nowhere", "SELECT nothing()", "INSERT INTO one_each VALUES (1), (1)", "SELEKT"],
)
async def test_a_wrong_statement_is_no_database_that_is_away(database: str, statement: str) -> None:
    async with opened(database) as engine:
        async with writing(engine) as db:
            await db.execute(sa.text("CREATE TABLE one_each (x INTEGER PRIMARY KEY)"))
        with pytest.raises(sa.exc.DBAPIError) as wrong:
            async with writing(engine) as db:
                await db.execute(sa.text(statement))
        assert not is_away(wrong.value)


@pytest.mark.parametrize(
    "statement",
    ["SELECT pg_sleep(3600)", "SELECT pg_terminate_backend(pg_backend_pid())"],
    ids=["takes too long", "the connection was ended"],
)
async def test_what_waiting_cures_is_a_database_that_is_away(
    postgres_database: str, statement: str
) -> None:
    async with opened(postgres_database) as engine:
        with pytest.raises((sa.exc.DBAPIError, OSError)) as away:
            async with engine.connect() as db:
                await db.execute(sa.text(statement))
        assert is_away(away.value)
        async with engine.connect() as db:
            assert await db.scalar(sa.text("SELECT 1")) == 1
