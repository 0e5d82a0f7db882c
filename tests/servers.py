"""Real nats-servers for tests: one alone, or three as a cluster, on loopback, on ports of their own."""

import asyncio
import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats

BINARY = Path(sysconfig.get_path("scripts")) / "nats-server"
START_SECONDS = 20


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NatsServer:
    """One nats-server process; the same port and files whenever it is started."""

    def __init__(
        self, directory: Path, *, binary: Path = BINARY, name: str = "n1", port: int = 0
    ) -> None:
        self.directory = directory
        self.binary = binary
        self.name = name
        self.port = port or free_port()
        self.extra: dict[str, object] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        config = {
            "server_name": self.name,
            "host": "127.0.0.1",
            "port": self.port,
            "jetstream": {"store_dir": str(self.directory / "store"), "sync_interval": "always"},
            **self.extra,
        }
        path = self.directory / "nats.json"
        path.write_text(json.dumps(config))
        self._process = subprocess.Popen(
            [self.binary, "-c", str(path), "-l", str(self.directory / "nats.log")],
            start_new_session=True,
        )
        await self.ready()

    async def ready(self) -> None:
        """Return once it takes connections; what it wrote is in the error if it does not."""
        for _ in range(START_SECONDS * 50):
            assert self._process is not None
            if self._process.poll() is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
            await asyncio.sleep(0.02)
        raise AssertionError((self.directory / "nats.log").read_text()[-2000:])

    def kill(self) -> None:
        """As if the machine had taken it away."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(20)

    def pause(self) -> None:
        """It neither answers nor breaks its connections, once the last of its threads has stopped."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        while not all(state == "T" for state in _states(self._process.pid)):
            time.sleep(0.001)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


async def _makes_streams(url: str) -> None:
    client = await nats.connect(url)
    jetstream = client.jetstream()
    try:
        for _ in range(START_SECONDS * 10):
            with contextlib.suppress(nats.errors.Error):
                await jetstream.add_stream(name="PROBE", subjects=["probe"], num_replicas=3)
                await jetstream.delete_stream("PROBE")
                return
            await asyncio.sleep(0.1)
    finally:
        await client.close()
    raise AssertionError("the cluster has found no leader")


def _states(pid: int) -> list[str]:
    """What each thread of a process does, as the kernel writes it; T: stopped."""
    stats = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [stat.rsplit(")", 1)[1].split()[0] for stat in stats]


class Cluster:
    """Three nats-servers; `url` names all three."""

    def __init__(self, directory: Path) -> None:
        routes = [free_port() for _ in range(3)]
        self.servers = [NatsServer(directory / f"n{i}", name=f"n{i}") for i in (1, 2, 3)]
        for server, port in zip(self.servers, routes, strict=True):
            server.extra = {
                "cluster": {
                    "name": "c",
                    "listen": f"127.0.0.1:{port}",
                    "routes": [f"nats://127.0.0.1:{other}" for other in routes if other != port],
                }
            }

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    async def start(self) -> None:
        """Return once a stream on all three can be made from each of them."""
        for server in self.servers:
            await server.start()
        for server in self.servers:
            await _makes_streams(server.url)

    def stop(self) -> None:
        for server in self.servers:
            server.resume() if server._process and server._process.poll() is None else None
            server.kill()


@asynccontextmanager
async def standalone(directory: Path) -> AsyncIterator[NatsServer]:
    """A server alone, R1."""
    server = NatsServer(directory / "nats")
    await server.start()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.directory, ignore_errors=True)


@asynccontextmanager
async def three_nodes(directory: Path) -> AsyncIterator[Cluster]:
    """A cluster of three, R3."""
    cluster = Cluster(directory / "cluster")
    try:
        await cluster.start()
        yield cluster
    finally:
        cluster.stop()
