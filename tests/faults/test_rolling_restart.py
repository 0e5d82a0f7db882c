"""Replicas are restarted one after the other while people work: nothing is lost, everything answered."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from shared.bus import connected
from tests.contracts.conftest import Nats, make
from tests.faults.load import Load, assert_kept, over_http, over_the_bus
from tests.servers import standalone
from tests.service_process import ServiceProcess, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SERVICES = ("intake", "placement", "aftercare", "reporting")


def replicas(service: str, nats: str, directory: Path, count: int = 2) -> list[ServiceProcess]:
    """Each with a database of its own."""
    return [ServiceProcess(service, nats, directory / f"{service}-{n}") for n in range(count)]


async def roll(processes: list[ServiceProcess], load: Load) -> None:
    """One after the other is told to leave, comes back, and is ready before the next one leaves."""
    for process in processes:
        await load.more(20)
        assert await process.terminate() == 0, process.said()[-3000:]
        await load.more(20)
        process.start()
        await process.ready()


@pytest.mark.parametrize("service", ["intake", "placement", "aftercare"])
async def test_a_command_service_is_restarted_under_load(tmp_path: Path, service: str) -> None:
    async with standalone(tmp_path) as server, AsyncExitStack() as stack:
        await make(Nats(server.url, 1))
        bus = await stack.enter_async_context(connected(server.url, "load"))
        twice = replicas(service, server.url, tmp_path)
        once = [
            process
            for name in SERVICES[:3]
            if name != service
            for process in replicas(name, server.url, tmp_path, 1)
        ]
        await stack.enter_async_context(started(*twice, *once))
        load = Load(over_the_bus(bus, 120))
        await load.prepare()
        async with asyncio.timeout(600), load.running():
            await roll(twice, load)
        # Another replica takes what comes: nobody is told that nobody is there, nor left waiting.
        assert set(load.again) <= {"NOT_YET"}, load.again
        assert await assert_kept(bus, load) > 75
        for process in twice:
            assert "left_unanswered" not in process.said()
            assert "Traceback" not in process.said()


async def test_the_front_door_is_restarted_under_load(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, AsyncExitStack() as stack:
        await make(Nats(server.url, 1))
        bus = await stack.enter_async_context(connected(server.url, "load"))
        doors = replicas("reporting", server.url, tmp_path)
        others = [p for name in SERVICES[:3] for p in replicas(name, server.url, tmp_path, 1)]
        await stack.enter_async_context(started(*doors, *others))
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=120))
        load = Load(over_http(client, [door.url for door in doors]))
        await load.prepare()
        async with asyncio.timeout(600), load.running():
            await roll(doors, load)
        # A connection that is cut off before its answer would have ended the load with an error.
        assert set(load.again) <= {"NOT_YET", "LEAVING", "STARTING"}, load.again
        assert await assert_kept(bus, load) > 75
