"""The bus' disk is full: commands are answered "again later", and what was acknowledged is there afterwards."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared.bus import Bus, connected
from shared.bus_door import forwarder
from shared.context import Context
from shared.errors import BusAway
from tests.containers.compose import Result, docker, free_ports
from tests.contracts.casework import new
from tests.contracts.conftest import Nats, make
from tests.faults.load import SETTLED_LATER, Load, assert_kept, over_the_bus
from tests.service_process import ServiceProcess, started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SIZE, BALLAST = 24_000, 22_500  # KiB: room for the streams and some hundred commands
HEALTHY_AGAIN_SECONDS = 15


def must(result: Result) -> str:
    assert result.status == 0, result.said
    return result.out.strip()


class SmallDisk:
    """A nats-server in a container, on a disk of which something else takes nearly all."""

    def __init__(self) -> None:
        self._name = f"sluse-test-life-{uuid4().hex[:8]}"
        [port] = free_ports(1)
        self.url = f"nats://127.0.0.1:{port}"
        options = ("--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", f"o=size={SIZE}k")
        must(docker("volume", "create", *options, self._name))
        volume = ("--volume", f"{self._name}:/data")
        # It keeps the disk while the server is started again.
        other = ("run", "--detach", "--name", f"{self._name}-other", *volume, "busybox:1.37")
        must(docker(*other, "sleep", "1800"))
        self._other("dd", "if=/dev/zero", "of=/data/other", "bs=1024", f"count={BALLAST}")
        published = ("--publish", f"127.0.0.1:{port}:4222")
        server = ("run", "--detach", "--name", self._name, *volume, *published, "nats:2.15-alpine")
        must(docker(*server, "--jetstream", "--store_dir", "/data"))

    def _other(self, *command: str) -> None:
        must(docker("exec", f"{self._name}-other", *command))

    def make_room(self) -> None:
        """What took the room is removed, and the server is started again, as its operator would."""
        self._other("rm", "/data/other")
        must(docker("restart", "--time", "5", self._name))

    def remove(self) -> None:
        docker("rm", "--force", self._name, f"{self._name}-other")
        docker("volume", "rm", self._name)


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    one = SmallDisk()
    try:
        yield one
    finally:
        one.remove()


async def test_a_full_disk_refuses_and_forgets_nothing(disk: SmallDisk, tmp_path: Path) -> None:
    await wait_for(disk)
    await make(Nats(disk.url, 1))
    intake = ServiceProcess("intake", disk.url, tmp_path)
    async with started(intake):
        async with connected(disk.url, "faults") as bus, asyncio.timeout(300):
            acknowledged = await filled(bus)
        assert len(acknowledged) > 100
        assert await intake.health("live") == 200
        await asyncio.to_thread(disk.make_room)
        await wait_for(disk)
        await intake.ready(200, HEALTHY_AGAIN_SECONDS)
        async with connected(disk.url, "faults") as bus:
            load = Load(over_the_bus(bus))
            load.acknowledged |= acknowledged
            await load.settle("intake", new("RegisterPerson", person_ref=str(uuid4())))
            assert await assert_kept(bus, load) == len(acknowledged) + 1


async def wait_for(disk: SmallDisk) -> None:
    """Return once the server answers: the container is there a little earlier."""
    async with asyncio.timeout(180):
        while True:
            with suppress(BusAway):
                async with connected(disk.url, "faults"):
                    return


async def filled(bus: Bus) -> dict[str, list[str]]:
    """Register people until that is not possible any more; the events of each command."""
    ask = forwarder(bus, "intake", 60)
    acknowledged: dict[str, list[str]] = {}
    full = asyncio.Event()

    async def register() -> None:
        while not full.is_set():
            command = new("RegisterPerson", person_ref=str(uuid4()), birth_year=1980)
            reply = await ask(msgspec.json.encode(command), Context())
            if reply.ok:
                ids = [event.id for event in reply.events or ()]
                acknowledged[f"intake {command['command_id']}"] = ids
                continue
            assert reply.error is not None
            assert reply.error.code in SETTLED_LATER, reply.error
            full.set()

    await asyncio.gather(*(register() for _ in range(16)))
    return acknowledged
