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
from shared.bus_door import WORKERS, forwarder
from shared.command import Reply
from shared.context import Context
from shared.event_store import EventStore
from tests.contracts.casework import new
from tests.contracts.conftest import Nats, make
from tests.contracts.patience import PATIENT
from tests.contracts.proxy import between
from tests.contracts.recording import ids, last_position
from tests.servers import NatsServer, standalone
from tests.service_process import ServiceProcess, started

HEALTHY_AGAIN_SECONDS = 15
PATIENT_INTAKE = "tests.contracts.patient_intake"
MORE_THAN_IT_WORKS_ON_AT_ONCE = WORKERS + 16


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
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=PATIENT) as client:
        return await client.post(f"{process.url}/intake/commands", json=command)


async def answered(
    door: str, bus: Bus, process: ServiceProcess, command: dict[str, object]
) -> Reply:
    if door == "bus":
        return await forwarder(bus, "intake", PATIENT)(msgspec.json.encode(command), Context())
    response = await posted(process, command)
    return msgspec.json.decode(response.content, type=Reply)


async def leaving(process: ServiceProcess) -> None:
    """Return once it says that it leaves: a bus that is away makes it unready before."""
    said = [{"code": "LEAVING", "why": "the process has been told to end", "service": ""}]
    async with asyncio.timeout(PATIENT):
        while (await process.answer())[1].get("missing") != said:
            await asyncio.sleep(0.02)


async def times(bus: Bus, command: dict[str, object]) -> int:
    """How many events the command has left."""
    return len(await ids(EventStore(bus, VOCABULARY), f"intake.person.{command['person_ref']}"))


@pytest.mark.slow
@pytest.mark.parametrize("door", ["bus", "HTTP"])
async def test_told_to_leave_it_answers_what_it_has_begun_and_takes_nothing_more(
    server: NatsServer, bus: Bus, tmp_path: Path, door: str
) -> None:
    """Its commands are stored and it does not hear of it: so they are under way when it is told."""
    commands = persons(MORE_THAN_IT_WORKS_ON_AT_ONCE if door == "bus" else 20)
    async with between(server.url) as wire:
        intake = ServiceProcess(
            "intake", wire.url, tmp_path, module=PATIENT_INTAKE, SLUSE_REQUEST_TIMEOUT="10"
        )
        async with started(intake):
            wire.arm()
            asked = [asyncio.create_task(answered(door, bus, intake, one)) for one in commands]
            await wire.struck.wait()
            async with asyncio.timeout(PATIENT):
                while await last_position(bus, "INTAKE") < 1:
                    await asyncio.sleep(0.01)
            intake.process.terminate()
            await leaving(intake)
            assert await intake.health("ready") == 503
            assert await intake.health("live") == 200
            late = await posted(intake, persons(1)[0])
            assert (late.status_code, late.headers["retry-after"]) == (503, "1")
            assert late.json()["error"]["code"] == "LEAVING"
            assert not any(task.done() for task in asked)
            wire.heal()
            replies = await asyncio.gather(*asked)
            assert await asyncio.to_thread(intake.process.wait, PATIENT) == 0
    assert [reply for reply in replies if not reply.ok] == []
    assert [await times(bus, command) for command in commands] == [1] * len(commands)
    told = await answered("bus", bus, intake, persons(1)[0])
    assert told.error is not None
    assert told.error.code == "BUS_AWAY"  # at once: nobody listens there any more


@pytest.mark.slow
@pytest.mark.parametrize("door", ["bus", "HTTP"])
async def test_a_second_signal_ends_it_at_once(
    server: NatsServer, bus: Bus, tmp_path: Path, door: str
) -> None:
    """Its commands would last an hour, and so long it would wait for them."""
    commands = persons(MORE_THAN_IT_WORKS_ON_AT_ONCE if door == "bus" else 20)
    async with between(server.url) as wire:
        intake = ServiceProcess(
            "intake", wire.url, tmp_path, module=PATIENT_INTAKE, SLUSE_REQUEST_TIMEOUT="3600"
        )
        async with started(intake):
            wire.arm()
            asked = [asyncio.create_task(answered(door, bus, intake, one)) for one in commands]
            await wire.struck.wait()
            intake.process.terminate()
            await leaving(intake)
            intake.send(signal.SIGINT)
            assert await asyncio.to_thread(intake.process.wait, PATIENT) == 0
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
    assert ("left_unanswered" if door == "bus" else "left_under_way") in intake.said()


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
        await intake.ready()
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
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENT) as client:
        return await client.post(f"{process.url}/placement/commands", json=command)


def test_pauses_grow_are_bounded_and_differ() -> None:
    for tries, whole in ((1, 0.2), (2, 0.4), (3, 0.8), (4, 1.6), (5, 2.0), (500, 2.0)):
        some = {pause_after(tries, 0.2, 2.0) for _ in range(200)}
        assert whole / 2 <= min(some) <= max(some) <= whole
        assert len(some) > 100


def test_a_success_begins_the_pauses_anew() -> None:
    backoff = Backoff(first=1, most=3600)
    pauses = [backoff.next_pause() for _ in range(6)]
    assert 16 <= pauses[-1] <= 32
    backoff.reset()
    assert backoff.next_pause() <= 1
