"""The drill: backed up under load, the server destroyed, restored elsewhere, and nothing wrong in silence."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import streams
from shared.bus import Bus, connected
from shared.command import Reply
from tests.contracts.casework import PROGRAMME, new
from tests.faults.load import STREAMS, Load, over_the_bus, recorded
from tests.journeys.sluse_process import Ran, run
from tests.servers import NatsServer
from tests.service_process import ServiceProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

START_SECONDS = 200
SERVICES = ("intake", "placement", "aftercare", "reporting")
Recorded = dict[str, list[dict[str, Any]]]


@asynccontextmanager
async def at_work(services: Mapping[str, ServiceProcess]) -> AsyncIterator[None]:
    """All services, ready: four processes that start together on a busy machine take their time."""
    try:
        for service in services.values():
            service.start()
        for service in services.values():
            await service.ready(seconds=START_SECONDS)
        yield
    finally:
        for service in services.values():
            service.kill()


async def sluse(server: NatsServer, *arguments: str | Path) -> Ran:
    """The operator's command."""
    return await asyncio.to_thread(run, *arguments, SLUSE_NATS_URL=server.url)


async def told(server: NatsServer, *arguments: str | Path) -> list[dict[str, Any]]:
    ran = await sluse(server, *arguments)
    assert ran.status == 0, [ran.said, *ran.lines]
    return [json.loads(line) for line in ran.lines]


async def erase(load: Load, person: str) -> list[Reply]:
    """Asked for and answered; the second command's events are the erasure."""
    requested = new("RequestErasure", person_ref=person, requested_on="2024-01-10")
    erased = new(
        "ErasePerson", person_ref=person, erased_on="2024-01-11", retention_code="P5Y", basis="x"
    )
    return [
        await load.settle("intake", {**command, "late_reason": "import"})
        for command in (requested, erased)
    ]


async def everything(bus: Bus) -> Recorded:
    return {stream: await recorded(bus, stream) for stream in (*STREAMS, "REPORTS")}


async def asked(reporting: ServiceProcess, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=reporting.url, trust_env=False, timeout=40) as client:
        response = await client.get(path)
        assert response.status_code == 200, response.text
        return response


async def caught_up(reporting: ServiceProcess, bus: Bus) -> None:
    for stream in STREAMS:
        position = await bus.last_position(stream)
        path = f"/api/wait?service={stream.lower()}&position={position}&timeout=30"
        await asked(reporting, path)


def by_id(events: Recorded) -> dict[str, tuple[str, int]]:
    """Where each event stands."""
    return {
        event["id"]: (stream, position)
        for stream, some in events.items()
        for position, event in enumerate(some, start=1)
    }


async def test_a_destroyed_server_is_restored_from_a_backup_that_was_taken_under_load(
    tmp_path: Path,
) -> None:
    server = NatsServer(tmp_path / "first")
    services = {it: ServiceProcess(it, server.url, tmp_path / "services") for it in SERVICES}
    await server.start()
    try:
        async with connected(server.url, "operator") as bus:
            await streams.apply(bus)
            async with at_work(services):
                before, load, erasure = await worked(server, bus, services, tmp_path / "set")
        server.kill()
        shutil.rmtree(server.directory)

        server = NatsServer(tmp_path / "second", port=server.port)
        await server.start()
        refused = await sluse(server, "restore", tmp_path / "nothing")
        assert refused.status == 2
        *restored, summary = await told(server, "restore", tmp_path / "set")
        async with connected(server.url, "operator") as bus, at_work(services):
            await assert_restored(bus, before, load, erasure, restored)
            assert (await sluse(server, "verify")).status == 0
            status = await asked(services["reporting"], "/api/status")
            assert status.json()["epoch"] == status.headers["sluse-epoch"] == summary["epoch"]
            assert summary["epoch"].startswith("2-")
            await assert_work_goes_on(bus, load)
            await caught_up(services["reporting"], bus)
            checked = await sluse(server, "verify")
            assert checked.status == 0, checked.lines
    finally:
        server.kill()


async def worked(
    server: NatsServer, bus: Bus, services: Mapping[str, ServiceProcess], directory: Path
) -> tuple[Recorded, Load, list[Reply]]:
    """All that was recorded, and by whom; the backup was taken on the way."""
    load = Load(over_the_bus(bus), workers=3)
    await load.prepare()
    person = str(uuid4())
    await load.settle("intake", new("RegisterPerson", person_ref=person))
    async with load.running():
        await load.more(30)
        await told(server, "report", "issue", PROGRAMME, "--on", "2021-12-31")
        await told(server, "backup", directory)
        await load.more(30)
        erasure = await erase(load, person)
    await caught_up(services["reporting"], bus)
    status = await asked(services["reporting"], "/api/status")
    assert (status.json()["epoch"], status.headers["sluse-epoch"]) == ("1", "1")
    return await everything(bus), load, erasure


async def assert_restored(
    bus: Bus, before: Recorded, load: Load, erasure: list[Reply], restored: list[dict[str, Any]]
) -> None:
    """All up to the named positions is as it was; what stood behind them is gone, but for erasures."""
    ends = {it["stream"]: it["position"] for it in restored}
    assert {it["outcome"] for it in restored} <= {"same", "more"}, restored
    was, erased = by_id(before), [event.id for it in erasure for event in it.events or ()]
    async with asyncio.timeout(180):
        while await bus.last_position("INTAKE") < ends["INTAKE"] + len(erased):
            await asyncio.sleep(0.05)
    after = await everything(bus)
    for stream in before:
        assert after[stream][: ends[stream]] == before[stream][: ends[stream]]
    now = by_id(after)
    lost = {it: where for it, where in was.items() if where[1] > ends[where[0]]}
    promised = {it for ids in load.acknowledged.values() for it in ids}
    assert len(promised & lost.keys()) >= 30, "the load went on after the backup"
    assert [it for it in promised - lost.keys() if now.get(it) != was[it]] == []
    assert {it for it in promised if it not in now} == (promised & lost.keys()) - set(erased)
    assert [event["id"] for event in after["INTAKE"][ends["INTAKE"] :]] == erased
    lost_by_stream = {s: [p for at, p in lost.values() if at == s] for s in STREAMS}
    spans = {s: (ends[s] + 1, max(some)) for s, some in lost_by_stream.items() if some}
    print(f"restored up to {ends}, lost {spans}, erased again at {[now[it] for it in erased]}")


async def assert_work_goes_on(bus: Bus, load: Load) -> None:
    """What was lost can be recorded again by the same commands; new work is taken."""
    again = Load(over_the_bus(bus), workers=2)
    async with again.running():
        await again.more(12)
