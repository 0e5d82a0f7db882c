"""A service as its own process: python -m services.<name>, on ports and a database of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from tests.servers import free_port

START_SECONDS = 150  # of a Python that starts while many others do
LEAVING_SECONDS = 60


class ServiceProcess:
    """One replica; the same port, settings and database whenever it is started."""

    def __init__(
        self,
        service: str,
        nats: str,
        directory: Path,
        *,
        module: str = "",
        database: str = "",
        **settings: str,
    ) -> None:
        """`database`: SQLAlchemy's URL instead of files in the directory; `settings`: SLUSE_ variables."""
        self.service = service
        self.port = free_port()
        self.directory = directory
        self._module = module or f"services.{service}"
        directory.mkdir(parents=True, exist_ok=True)
        self._settings = {
            "SLUSE_NATS_URL": nats,
            "SLUSE_DIGEST_KEY": "a secret of process tests",
            "SLUSE_DATABASE": database or f"sqlite+aiosqlite:///{directory}/{{service}}.db",
            "SLUSE_HTTP_PORT": str(self.port),
            "SLUSE_AUTH": "off",
            "SLUSE_LOG_FORMAT": "json",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Start it; it may not be ready yet, nor answer."""
        environment = {n: v for n, v in os.environ.items() if not n.startswith("SLUSE_")}
        with (self.directory / f"{self.service}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env={**environment, **self._settings},
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        """What it has logged so far, in all its lives."""
        return (self.directory / f"{self.service}.log").read_text()

    async def health(self, question: str = "ready") -> int:
        """The status of its health; 0 while it does not listen."""
        return (await self.answer(question))[0]

    async def answer(self, question: str = "ready") -> tuple[int, Mapping[str, object]]:
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                response = await client.get(f"{self.url}/health/{question}")
                return response.status_code, response.json()
        return 0, {}

    async def ready(self, status: int = 200, seconds: float = START_SECONDS) -> None:
        """Return once its readiness has the status."""
        last: object = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    last = await self.answer()
                    if last[0] == status:
                        return
                    assert self.process.poll() is None, self.said()[-3000:]
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.service}: {last}\n{self.said()[-3000:]}") from None

    async def terminate(self) -> int:
        """SIGTERM; its exit status."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, LEAVING_SECONDS)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """As if the machine had taken it away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(LEAVING_SECONDS)


@asynccontextmanager
async def started(*processes: ServiceProcess) -> AsyncIterator[None]:
    """All of them, ready; none is left behind."""
    try:
        for process in processes:
            process.start()
        for process in processes:
            await process.ready()
        yield
    finally:
        for process in processes:
            process.kill()
