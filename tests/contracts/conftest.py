"""Two sets of real servers for all contracts, one alone and three as a cluster, and what talks to them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import Struct

from services.intake.events import VOCABULARY, PersonEvent
from shared import streams
from shared.bus import Bus, connected
from shared.envelope import Vocabulary
from shared.event_store import EventStore
from shared.settings import Settings
from tests.servers import Cluster, NatsServer


class Nats(Struct, frozen=True):
    """Where the servers are, and how many hold each stream."""

    url: str
    replicas: int


async def make(nats: Nats, made: Mapping[str, str] = streams.ALL) -> Nats:
    """Make streams; each server answers on their subjects when this returns."""
    for url in nats.url.split(","):
        async with connected(url, "operator") as bus:
            await streams.apply(bus, nats.replicas, dict(made))
            for subject in made.values():
                await streams.ready(bus, subject)
    return nats


@pytest.fixture(scope="session")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """A server alone."""
    server = NatsServer(tmp_path_factory.mktemp("alone"))
    asyncio.run(server.start())
    yield asyncio.run(make(Nats(server.url, 1)))
    server.kill()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """Three servers as a cluster."""
    servers = Cluster(tmp_path_factory.mktemp("cluster"))
    asyncio.run(servers.start())
    yield asyncio.run(make(Nats(servers.url, 3)))
    servers.stop()


@pytest.fixture(params=["R1", "R3"], scope="session")
def nats(request: pytest.FixtureRequest) -> Nats:
    """Each contract holds on both."""
    servers: Nats = request.getfixturevalue("alone" if request.param == "R1" else "cluster")
    return servers


@pytest.fixture
async def bus(nats: Nats) -> AsyncIterator[Bus]:
    async with connected(nats.url, "contract") as connection:
        yield connection


@pytest.fixture
def store(bus: Bus) -> EventStore:
    """Intake's stream; the events of a test stand on subjects of its own."""
    return EventStore(bus, VOCABULARY)


@pytest.fixture
async def own_store(bus: Bus, nats: Nats) -> EventStore:
    """A stream of the test's own, with the settings of all: for what no reader of intake may meet."""
    service = f"own{uuid4().hex}"
    vocabulary = Vocabulary(service, {"person": PersonEvent})
    await make(nats, {vocabulary.stream: f"{service}.>"})
    return EventStore(bus, vocabulary)


@pytest.fixture
def subject() -> str:
    """An entity that nobody has said anything of."""
    return f"intake.person.{uuid4()}"


@pytest.fixture
def settings(nats: Nats, tmp_path: Path) -> Settings:
    return settings_for(nats.url, tmp_path)


def settings_for(url: str, directory: Path) -> Settings:
    """A service's settings at these servers, with databases in the directory."""
    return Settings(
        nats_url=url,
        digest_key="a secret of contract tests",
        database=f"sqlite+aiosqlite:///{directory}/{{service}}.db",
    )
