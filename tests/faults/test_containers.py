"""Containers that are killed, paused and restarted under people who work, and what is left of it: all."""

import asyncio

import pytest

from tests.containers.compose import SERVICES, Compose
from tests.faults.system import assert_whole, at_work, healthy, ready
from tests.service_process import START_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("service", [*SERVICES, "nats"])
async def test_a_kill_loses_and_doubles_nothing(system: Compose, service: str) -> None:
    async with at_work(system) as load:
        await asyncio.to_thread(system.kill, service)
        await asyncio.to_thread(system.start, service)
        took = await healthy(system, START_SECONDS)  # its own start included
        print(f"{service}: healthy {took:.1f} s after its start, {dict(load.again)}")
    await assert_whole(system, load)


async def test_a_database_that_restarts_loses_and_doubles_nothing(system: Compose) -> None:
    async with at_work(system) as load:
        await asyncio.to_thread(system.restart, "postgres")
        took = await healthy(system)
        print(f"healthy {took:.1f} s after the restart, {dict(load.again)}")
    await assert_whole(system, load)


@pytest.mark.parametrize("service", ["postgres", "nats"])
async def test_who_stands_still_for_a_while_is_waited_for(system: Compose, service: str) -> None:
    async with at_work(system) as load:
        await asyncio.to_thread(system.pause, service)
        try:
            await until_unready(system)
        finally:
            await asyncio.to_thread(system.unpause, service)
        took = await healthy(system)
        print(f"healthy {took:.1f} s after it went on, {dict(load.again)}")
    await assert_whole(system, load)


async def until_unready(system: Compose) -> None:
    """Return once every service says that it is not to be asked, though it lives."""
    async with asyncio.timeout(180):
        for service in SERVICES:
            while (await asyncio.to_thread(ready, system, service)).status == 0:
                pass
            state = await asyncio.to_thread(system.inspect, service)
            assert state["State"]["Running"]
            assert state["RestartCount"] == 0
