"""A real PostgreSQL in a container for the session; each test that asks has a fresh database in it."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from testcontainers.community.postgres import PostgresContainer

from tests.servers import free_port

IMAGE = "postgres:17-alpine"


class Postgres:
    """The container, and databases in it; its port stays the same when it is started again."""

    def __init__(self, container: PostgresContainer) -> None:
        self._container = container
        self._id = container.get_wrapped_container().id
        self.host = container.get_container_host_ip()

    @property
    def port(self) -> int:
        return int(self._container.get_exposed_port(5432))

    def url(self, name: str) -> str:
        """SQLAlchemy's, with the password: for tests alone."""
        return f"postgresql+asyncpg://test:test@{self.host}:{self.port}/{name}"

    def docker(self, *command: str) -> None:
        """stop, start, pause, unpause, restart: returns when the engine has done it."""
        done = subprocess.run(
            ["docker", *command, str(self._id)], check=False, capture_output=True, timeout=180
        )
        assert done.returncode == 0, done.stderr.decode()

    def create(self, name: str) -> None:
        asyncio.run(self._carry_out(f'CREATE DATABASE "{name}"'))

    def drop(self, name: str) -> None:
        asyncio.run(self._carry_out(f'DROP DATABASE "{name}" WITH (FORCE)'))

    async def _carry_out(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host=self.host, port=self.port, user="test", password="test", database="test"
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that tests share: nobody stops it."""
    with PostgresContainer(IMAGE, driver=None) as container:
        yield Postgres(container)


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that the test may stop and pause; on a port that stays when it starts again."""
    container = PostgresContainer(IMAGE, driver=None)
    container.ports = {"5432/tcp": ("127.0.0.1", free_port())}  # as docker-py takes it
    with container:
        yield Postgres(container)


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh database."""
    name = f"t{uuid4().hex}"
    postgres.create(name)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Addresses of fresh databases, of each kind: the same tests hold for both."""
    if request.param == "sqlite":
        numbers = count()
        yield lambda: f"sqlite+aiosqlite:///{tmp_path}/rows{next(numbers)}.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    made: list[str] = []

    def another() -> str:
        made.append(f"t{uuid4().hex}")
        server.create(made[-1])
        return server.url(made[-1])

    yield another
    for name in made:
        server.drop(name)


@pytest.fixture
def database(databases: Callable[[], str]) -> str:
    """The address of a fresh database of each kind."""
    return databases()
