"""What the operator's commands share: where the bus is, how they end, what they say meanwhile."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress

from shared.bus_login import BusLogin
from shared.errors import BusAway, SluseError
from shared.settings import SettingsError, bus_from
from sluse import embedded_login
from sluse.nats_configuration import passwords

PATIENCE_SECONDS = 3.0
URL = "SLUSE_NATS_URL"
SECRETS = "SLUSE_NATS_SECRETS"
"""The directory of the passwords of all bus users, for who comes as several of them."""

DEFAULT_URL = "nats://127.0.0.1:4222"
R = TypeVar("R")


def nats_option(command: Callable[..., R]) -> Callable[..., R]:
    """Give the command `nats: BusLogin`: by the environment, or of the embedded sluse in --data."""

    @click.option("--nats", metavar="URL", envvar=URL, help="Address of the bus.")
    @click.option(
        "--data",
        type=click.Path(path_type=Path),
        default=Path(".sluse"),
        show_default=True,
        help="An embedded sluse's data: its bus is asked, as its operator.",
    )
    @wraps(command)
    def with_login(*arguments: Any, nats: str | None, data: Path, **options: Any) -> R:
        return command(*arguments, nats=login_as("operator", nats, data), **options)

    return with_login


def login_as(user: str, nats: str | None, data: Path) -> BusLogin:
    """The user, by its file in SLUSE_NATS_SECRETS; else what SLUSE_NATS_USER and its like say; else,
    the user of the bus that has its files in `data`.

    A password goes to no other address than the one that it was made for.
    """
    embedded = embedded_login.login(data / "nats", user)
    try:
        given = bus_from(os.environ, nats or (embedded.url if embedded else DEFAULT_URL))
        if secrets := os.environ.get(SECRETS):
            return replace(given, user=user, password=_password(Path(secrets), user))
    except SluseError as error:
        click.echo(f"{error.code}: {error.message}", err=True)
        sys.exit(2)
    if embedded is None or given.user or given.url != embedded.url:
        return given
    return replace(embedded, token=given.token)


def _password(directory: Path, user: str) -> str:
    file = passwords.file_of(directory, user)
    try:
        return file.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{SECRETS}: {error.strerror}: {file}") from None


def carry_out(work: Coroutine[Any, Any, int]) -> None:
    """Run to the end; an error is one line with its code, and exit status 1 or 2."""
    try:
        status = asyncio.run(work)
    except SluseError as error:
        why = error.message
        if type(error) is BusAway:
            why = "nothing answers at the address given by --nats"
        click.echo(f"{error.code}: {why}", err=True)
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
