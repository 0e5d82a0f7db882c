"""Serving HTTP until a signal comes, and leaving in order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from litestar import Litestar

from shared.errors import SluseError

DRAIN_SECONDS = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class PortTaken(SluseError):
    """The port cannot be had."""

    code = "PORT_TAKEN"

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"{host}:{port}: {why}")


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


async def serve(
    app: Litestar,
    listening: socket.socket,
    started: Callable[[int], None] = lambda port: None,
    until: asyncio.Future[Any] | None = None,
    leaving: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until SIGINT, SIGTERM or `until` is done; then finish those under way.

    `started` is told the port (it may have been 0) once connections are taken, `leaving` is called
    before those under way are finished.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="httptools",
        ws="none",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config, lambda: started(listening.getsockname()[1]))
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _leave, server, leaving)
    if until is not None:
        until.add_done_callback(lambda _: _leave(server, leaving))
    await server.serve([listening])


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


def _leave(server: uvicorn.Server, leaving: Callable[[], None]) -> None:
    leaving()
    server.force_exit = server.should_exit  # asked twice: at once
    server.should_exit = True


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
