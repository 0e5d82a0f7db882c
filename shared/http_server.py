"""Serving HTTP from a process' first moment to its last: its health always, its answers while it can."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec
import structlog
import uvicorn
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from shared.command import Problem, Reply
from shared.errors import SluseError
from shared.life import DRAIN_SECONDS, Life

NOTICE_SECONDS = 1.0
"""So long a process that leaves still says so: whoever asks it over an open connection, or is about
to, is told to ask another, where a closed door would only break the connection."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
log = structlog.get_logger()


class PortTaken(SluseError):
    """The port cannot be had."""

    code = "PORT_TAKEN"

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}:{port}: {why}")


class Front:
    """What a process serves: its health, and behind it the application, once there is one."""

    def __init__(self, life: Life, app: ASGIApp | None = None) -> None:
        self.life = life
        self.app = app
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; while it starts or leaves, all but its health is for another process."""
        match scope["path"]:
            case "/health/live":
                await _respond(send, 200, {"ok": True})
            case "/health/ready":
                readiness = await self.life.readiness()
                await _respond(send, 200 if readiness.ok else 503, readiness)
            case _ if self.life.leaving:
                await _respond(send, 503, _refusal("LEAVING", "this process ends: ask another"))
            case _ if self.app is None:
                await _respond(send, 503, _refusal("STARTING", "this process starts: ask later"))
            case _:
                await self._pass_on(self.app, scope, receive, send)

    async def _pass_on(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and self.life.leaving:
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        self._under_way += 1
        self._idle.clear()
        try:
            await app(scope, receive, answer)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def leave(self, notice: float, at_once: asyncio.Event) -> None:
        """Take nothing more, finish what is under way; `at_once` ends the patience."""
        done = asyncio.create_task(self._finish(notice))
        hurried = asyncio.create_task(at_once.wait())
        await asyncio.wait([done, hurried], timeout=DRAIN_SECONDS, return_when="FIRST_COMPLETED")
        if not done.done():
            log.error("left_under_way", requests=self._under_way)
        done.cancel()
        hurried.cancel()
        await asyncio.gather(done, hurried, return_exceptions=True)

    async def _finish(self, notice: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.life.drain())
            tasks.create_task(_passed(notice))
        await self._idle.wait()


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn would raise them again and end the process half-way."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(
    front: Front, listening: socket.socket, started: Callable[[int], None] = lambda port: None
) -> AsyncIterator[None]:
    """Requests are answered for as long as the block runs.

    `started` is told the port (it may have been 0) once connections are taken.
    """
    config = uvicorn.Config(
        front,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="httptools",
        ws="none",
        timeout_graceful_shutdown=1,  # by then whatever matters has been finished
    )
    server = _Server(config, lambda: started(listening.getsockname()[1]))
    serving = asyncio.create_task(server.serve([listening]), name="http")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def until_told(
    front: Front,
    notice: float,
    until: "asyncio.Future[Any] | None" = None,
    leaving: Callable[[], None] = lambda: None,
) -> None:
    """Return when SIGINT or SIGTERM has come, or `until` is done, and what was under way is answered.

    A second signal ends it at once. Raises what has broken the process, see Life.break_off.
    """
    told, again = asyncio.Event(), asyncio.Event()

    def leave() -> None:
        (again if told.is_set() else told).set()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, leave)
    for end in (front.life.broken, until):
        if end is not None:
            end.add_done_callback(lambda _: told.set())
    await told.wait()
    leaving()
    await front.leave(notice, again)
    if front.life.broken.done():
        await front.life.broken


async def serve(
    app: ASGIApp,
    listening: socket.socket,
    started: Callable[[int], None] = lambda port: None,
    until: "asyncio.Future[Any] | None" = None,
    leaving: Callable[[], None] = lambda: None,
    *,
    life: Life | None = None,
) -> None:
    """Answer requests until SIGINT, SIGTERM or `until` is done; then finish those under way.

    `started` is told the port once connections are taken, `leaving` is called before those under
    way are finished. For what is there before it serves; nobody chooses between it and others.
    """
    life = life or Life()
    life.starting = None
    front = Front(life, app)
    async with served(front, listening, started):
        await until_told(front, 0.0, until, leaving)


def bound(host: str, port: int) -> socket.socket:
    """The socket to serve on, taken before anything else starts; PortTaken if it can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortTaken(host, port, error.strerror or str(error)) from None
    return listening


def run(main: Coroutine[Any, Any, None], signals: Sequence[int] = ()) -> int:
    """Run a process' main coroutine; the exit status is 0 also when a signal ended its start-up.

    `signals`: those that the caller has noticed before; one is enough not to start.
    """

    async def cancellable() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if task is not None:
                loop.add_signal_handler(number, task.cancel)
        if signals:
            main.close()
        else:
            await main

    try:
        asyncio.run(cancellable())
    except asyncio.CancelledError:
        return 0
    return 0


async def _passed(seconds: float) -> None:
    """A time that is given to others, not one in which something must happen."""
    await asyncio.sleep(seconds)


def _refusal(code: str, message: str) -> Reply:
    return Reply(ok=False, error=Problem(code, message))


async def _respond(send: Send, status: int, body: object) -> None:
    content = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
    ]
    if status == 503:
        headers += [(b"retry-after", b"1"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})
