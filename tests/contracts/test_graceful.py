"""A process from its first moment to its last: what it answers while it waits, works, and leaves."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest

from services.intake.events import VOCABULARY
from shared.backoff import Backoff, pause_after
from shared.bus import Bus, connected
from shared.bus_door import forwarder
from shared.command import Reply
from shared.context import Context
from shared.event_store import EventStore
from tests.contracts.casework import new
from tests.contracts.conftest import Nats, make
from tests.contracts.proxy import between
from tests.contracts.recording import ids, last_position
from tests.servers import NatsServer, standalone
from tests.service_process import ServiceProcess, started

HEALTHY_AGAIN_SECONDS = 15


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with standalone(tmp_path) as one:
        await make(Nats(one.url, 1))
        yield one


@pytest.fixture
async def bus(server: NatsServer) -> AsyncIterator[Bus]:
    async with connected(server.url, "asker") as one:
        yield one


def persons(count: int) -> list[dict[str, object]]:
    return [new("RegisterPerson", person_ref=str(uuid4())) for _ in range(count)]


async def posted(process: ServiceProcess, command: dict[str, object]) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=30) as client:
        return await client.post(f"{process.url}/intake/commands", json=command)


async def times(bus: Bus, command: dict[str, object]) -> int:
    """How many events the command has left."""
    return len(await ids(EventStore(bus, VOCABULARY), f"intake.person.{command['person_ref']}"))


@pytest.mark.slow
@pytest.mark.parametrize("door", ["bus", "HTTP"])
async def test_told_to_leave_it_answers_what_it_has_begun_and_takes_nothing_more(
    server: NatsServer, bus: Bus, tmp_path: Path, door: str
) -> None:
    """Its commands are stored and it does not hear of it: so they are under way when it is told."""
    # over the bus more than it works on at once: some lie in front of its door
    commands = persons(80 if door == "bus" else 20)
    ask = forwarder(bus, "intake", 20)

    async def answered(command: dict[str, object]) -> Reply:
        if door == "bus":
            return await ask(msgspec.json.encode(command), Context())
        response = await posted(intake, command)
        return msgspec.json.decode(response.content, type=Reply)

    async with between(server.url) as wire:
        intake = ServiceProcess("intake", wire.url, tmp_path)
        async with started(intake):
            wire.arm()
            asked = [asyncio.create_task(answered(command)) for command in commands]
            await wire.struck.wait()
            async with asyncio.timeout(20):
                while await last_position(bus, "INTAKE") < 1:
                    await asyncio.sleep(0.01)
            intake.process.terminate()
            await intake.ready(503)
            assert (await intake.answer())[1]["missing"] == [
                {"code": "LEAVING", "why": "the process has been told to end", "service": ""}
            ]
            assert await intake.health("live") == 200
            late = await posted(intake, persons(1)[0])
            assert (late.status_code, late.headers["retry-after"]) == (503, "1")
            assert late.json()["error"]["code"] == "LEAVING"
            assert not any(task.done() for task in asked)
            wire.heal()
            replies = await asyncio.gather(*asked)
            assert await asyncio.to_thread(intake.process.wait, 20) == 0
    assert [reply for reply in replies if not reply.ok] == []
    assert [await times(bus, command) for command in commands] == [1] * len(commands)
    told = await ask(msgspec.json.encode(persons(1)[0]), Context())
    assert told.error is not None
    assert told.error.code == "BUS_AWAY"  # at once: nobody listens there any more


@pytest.mark.slow
async def test_a_second_signal_ends_it_at_once(
    server: NatsServer, bus: Bus, tmp_path: Path
) -> None:
    async with between(server.url) as wire:
        intake = ServiceProcess("intake", wire.url, tmp_path)
        async with started(intake):
            wire.arm()
            post = asyncio.create_task(posted(intake, persons(1)[0]))
            await wire.struck.wait()
            intake.process.terminate()
            await intake.ready(503)
            intake.send(signal.SIGINT)
            assert await asyncio.to_thread(intake.process.wait, 8) == 0
            await asyncio.gather(post, return_exceptions=True)


@pytest.mark.slow
async def test_it_lives_and_waits_while_there_is_no_bus_and_no_stream(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    intake = ServiceProcess("intake", server.url, tmp_path / "intake")
    intake.start()
    try:
        await intake.ready(503)
        assert (await intake.answer("live"))[0] == 200
        refusal = await posted(intake, persons(1)[0])
        assert (refusal.status_code, refusal.json()["error"]["code"]) == (503, "STARTING")
        await server.start()
        await intake.ready(503)  # nobody has made the streams
        await make(Nats(server.url, 1))
        await intake.ready(200, HEALTHY_AGAIN_SECONDS)
        assert (await posted(intake, persons(1)[0])).status_code == 200
        assert await intake.terminate() == 0
    finally:
        intake.kill()
        server.kill()


@pytest.mark.slow
@pytest.mark.parametrize("outage", ["stopped", "paused"])
async def test_it_is_ready_soon_after_the_bus_is_back_and_lives_meanwhile(
    server: NatsServer, tmp_path: Path, outage: str
) -> None:
    placement = ServiceProcess("placement", server.url, tmp_path)
    async with started(placement):
        if outage == "paused":
            server.pause()
        else:
            server.kill()
        await placement.ready(503)
        assert await placement.health("live") == 200
        assert (await posted_company(placement)).status_code == 503
        if outage == "paused":
            server.resume()
        else:
            await server.start()
        await placement.ready(200, HEALTHY_AGAIN_SECONDS)
        assert (await posted_company(placement)).status_code == 200
        assert await placement.terminate() == 0


async def posted_company(process: ServiceProcess) -> httpx.Response:
    command = new("RegisterCompany", cvr="12345678", name="Hedens Brød", sector="retail")
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        return await client.post(f"{process.url}/placement/commands", json=command)


def test_pauses_grow_are_bounded_and_differ() -> None:
    for tries, whole in ((1, 0.2), (2, 0.4), (3, 0.8), (4, 1.6), (5, 2.0), (500, 2.0)):
        some = {pause_after(tries, 0.2, 2.0) for _ in range(200)}
        assert whole / 2 <= min(some) <= max(some) <= whole
        assert len(some) > 100


async def test_a_success_begins_the_pauses_anew() -> None:
    loop = asyncio.get_running_loop()
    backoff = Backoff(first=0.001, most=60)
    for _ in range(6):
        await backoff.wait()
    backoff.reset()
    began = loop.time()
    await backoff.wait()
    assert loop.time() - began < 0.03  # the seventh would have been 0.032 at least
