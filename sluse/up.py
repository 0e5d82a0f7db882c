"""The embedded mode: a real nats-server and all four services in one process, on loopback."""

import asyncio
import os
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import structlog
from msgspec.structs import replace

from services.aftercare import app as aftercare
from services.intake import app as intake
from services.placement import app as placement
from services.reporting import app as reporting
from shared import settings, streams
from shared.bus import connected
from shared.errors import SluseError
from shared.http_server import bound, serve
from shared.settings import Settings
from sluse import demo
from sluse.data_directory import DataDirectory
from sluse.embedded_nats import Server, end_leftover, nats_server
from sluse.sending import Sender

log = structlog.get_logger()


async def up(data: Path, *, fresh: bool, demos: tuple[str, ...], port: int, nats_port: int) -> None:
    """Run everything until a signal comes."""
    keys = demo.chosen(demos)  # a wrong name is told before anything starts
    directory = DataDirectory(data)
    listening = bound("127.0.0.1", port)
    with listening, directory.held():
        if await end_leftover(directory.nats):
            click.echo("ended the nats-server that an earlier run had left behind", err=True)
        if fresh:
            directory.clear()
        directory.prepare()
        async with nats_server(directory.nats, nats_port) as server:
            given = replace(
                settings.from_environment(os.environ, digest_key=directory.digest_key()),
                nats_url=server.url,
                database=directory.database_url(),
            )
            await _serve(given, directory, keys, listening, server)


async def _serve(
    given: Settings,
    directory: DataDirectory,
    keys: tuple[str, ...],
    listening: socket.socket,
    server: Server,
) -> None:
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(connected(given.nats_url, "sluse-up"))
        await streams.apply(bus)
        for service in (intake, placement, aftercare):
            await stack.enter_async_context(service.running(given))
        app = await stack.enter_async_context(reporting.running(given))
        tasks: list[asyncio.Task[None]] = []

        def started(port: int) -> None:
            click.echo(f"sluse answers at http://127.0.0.1:{port} (documented at /schema)")
            click.echo(f"the bus is at {given.nats_url}, the data in {directory.path}")
            click.echo("Ctrl-C ends it")
            for key in keys:
                if demo.is_recorded(key, directory):
                    continue
                click.echo(f"demo {key}: on its way; figures are those so far")
            sys.stdout.flush()
            tasks.append(asyncio.create_task(_load(keys, directory, Sender(bus))))

        def leaving() -> None:
            for task in tasks:
                task.cancel()  # nothing more is sent while what is under way is answered

        try:
            await serve(app, listening, started, server.ended, leaving)
            server.refuse_if_ended()
        finally:
            leaving()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _load(keys: tuple[str, ...], directory: DataDirectory, sender: Sender) -> None:
    """One after the other: a later one may speak of what an earlier one has told."""
    for key in keys:
        await _load_one(key, directory, sender)


async def _load_one(key: str, directory: DataDirectory, sender: Sender) -> None:
    try:
        sent = await demo.load(key, directory, sender)
    except SluseError as error:
        click.echo(f"demo {key}: {error.message}", err=True)
        return
    except Exception as error:
        log.exception("demo_failed", demo=key, error=type(error).__name__)
        return
    click.echo(f"demo {key}: {sent} commands recorded" if sent else f"demo {key}: recorded before")
    sys.stdout.flush()
