"""What the operator's commands share: where the bus is, how they end, what they say meanwhile."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import nullcontext
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from shared.errors import BusAway, SluseError

PATIENCE_SECONDS = 3.0

nats_option = click.option(
    "--nats",
    envvar="SLUSE_NATS_URL",
    default="nats://127.0.0.1:4222",
    show_default=True,
    help="Address of the bus.",
)


def carry_out(work: Coroutine[Any, Any, int]) -> None:
    """Run to the end; an error is one line with its code, and exit status 1 or 2."""
    try:
        status = asyncio.run(work)
    except BusAway:
        click.echo("BUS_AWAY: nothing answers at the address given by --nats", err=True)
        status = 2
    except SluseError as error:
        click.echo(f"{error.code}: {error.message}", err=True)
        status = 2
    sys.exit(status)


def say(something: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(something) + b"\n")
    sys.stdout.buffer.flush()


def progress(what: str, total: int | None) -> Any:
    """A bar on the terminal of the operator; none in a pipe or a log."""
    if not sys.stderr.isatty():
        return nullcontext(None)
    bar = Progress(console=Console(stderr=True))
    bar.add_task(what, total=total)
    return bar
