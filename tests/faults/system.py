"""A system of containers under load: as caseworkers see it from outside, and as its operator checks it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from shared.bus import Bus, connected
from shared.bus_login import BusLogin
from tests.containers.compose import SERVICES, Compose, Result
from tests.faults.load import Load, assert_kept, over_http

HEALTHY_AGAIN_SECONDS = 15.0


@asynccontextmanager
async def operator(system: Compose) -> AsyncIterator[Bus]:
    """The operator's connection to the system's bus."""
    password = await asyncio.to_thread(system.secret, "nats-operator")
    login = BusLogin(system.nats_url, user="operator", password=password)
    async with connected(login, "faults") as bus:
        yield bus


@asynccontextmanager
async def at_work(system: Compose, workers: int = 4) -> AsyncIterator[Load]:
    """People work through the front door while the block runs; what they were promised is there."""
    roles = {"caseworker": ["*"], "coordinator": ["*"], "operator": ["*"]}
    token = await asyncio.to_thread(lambda: system.token("fault-tests", **roles))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(trust_env=False, timeout=40, headers=headers) as client:
        load = Load(over_http(client, [system.url], may_be_cut=True), workers)
        await load.prepare()
        async with load.running():
            await load.more(10)
            yield load
            await load.more(20)


def ready(system: Compose, service: str, index: int = 1) -> Result:
    """What its health check finds now: status 0 if it may be asked."""
    return system.exec(service, "healthy", index=index)


async def healthy(
    system: Compose, seconds: float = HEALTHY_AGAIN_SECONDS, services: Sequence[str] = SERVICES
) -> float:
    """Return once every replica says that it is ready; after how many seconds that was.

    What counts is when it was asked: on a busy machine the asking itself takes seconds.
    """
    loop = asyncio.get_running_loop()
    began, took = loop.time(), 0.0
    asked = [
        (service, index + 1)
        for service in services
        for index in range(len(await asyncio.to_thread(system.containers, service)))
    ]
    while asked:
        service, index = asked[0]
        took = loop.time() - began
        told = await asyncio.to_thread(ready, system, service, index)
        if told.status == 0:
            asked.pop(0)
        elif took > seconds:
            why = await asyncio.to_thread(system.logs, service)
            raise AssertionError(f"{service} is not ready: {told.out}{told.said}\n{why[-3000:]}")
    return took


async def assert_whole(system: Compose, load: Load) -> None:
    """Every acknowledged event once; streams, read models and reports are as they must be."""
    async with operator(system) as bus:
        assert await assert_kept(bus, load) > 0
    token = await asyncio.to_thread(lambda: system.token("verifier", operator=["*"]))
    verified = await asyncio.to_thread(lambda: system.sluse("verify", token=token))
    assert verified.status == 0, verified.out + verified.said
