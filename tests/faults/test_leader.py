"""The leader of three NATS servers is killed while people work."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.bus import connected
from tests.contracts.conftest import Nats, make
from tests.contracts.recording import leader
from tests.faults.load import Load, assert_kept, over_the_bus
from tests.servers import three_nodes
from tests.service_process import ServiceProcess, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def test_another_leads_and_nothing_is_lost(tmp_path: Path) -> None:
    async with three_nodes(tmp_path) as nodes, AsyncExitStack() as stack:
        await make(Nats(nodes.url, 3))
        services = [
            ServiceProcess(name, nodes.url, tmp_path / name)
            for name in ("intake", "placement", "aftercare")
        ]
        await stack.enter_async_context(started(*services))
        async with connected(nodes.url, "load") as bus:
            load = Load(over_the_bus(bus), workers=3)
            await load.prepare()
            async with asyncio.timeout(700), load.running():
                await load.more(10)
                name = await leader(bus, "INTAKE")
                victim = next(node for node in nodes.servers if node.name == name)
                victim.kill()
                await load.more(20)  # with two of three
                await victim.start()
                for service in services:
                    await service.ready()
                await load.more(10)
            assert await assert_kept(bus, load) > 30
            print(dict(load.again))
