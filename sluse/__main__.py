"""The operator's command: sluse."""

import logging
import signal
import sys
from collections.abc import Iterable
from datetime import datetime
from os import fstat
from pathlib import Path
from typing import BinaryIO, Literal

import click
import msgspec
from rich.console import Console
from rich.table import Table

from services.intake.events.definition import checksum_of
from shared import logs, moment, streams
from shared.bus import connected
from shared.clock import copenhagen_day, now
from shared.command import Reply
from shared.errors import InvalidField, SluseError
from shared.http_server import run as run_until_signal
from sluse import exporting, programmes
from sluse.commands.import_file import import_
from sluse.commands.report import report
from sluse.commands.simulate import simulate
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, progress, say
from sluse.sending import Sender
from sluse.status import Status, look


@click.group()
@click.option("--verbose", is_flag=True, help="Log what happens, not only what goes wrong.")
@click.option(
    "--log-format",
    envvar="SLUSE_LOG_FORMAT",
    type=click.Choice(["auto", "json", "pretty"]),
    default="auto",
    show_default=True,
    help="Pretty is for people; auto is pretty on a terminal.",
)
def main(verbose: bool, log_format: Literal["auto", "json", "pretty"]) -> None:
    """Sluse: from a referral to a goal, every step recorded as an event."""
    logs.set_up(log_format, logging.INFO if verbose else logging.WARNING)


for command in (report, import_, simulate):
    main.add_command(command)


@main.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path(".sluse"), show_default=True)
@click.option("--fresh", is_flag=True, help="Start over: remove what is recorded in --data.")
@click.option(
    "--demo", "demos", multiple=True, help="Record a programme's demo history; 'all': every one."
)
@click.option("--port", default=8080, show_default=True, help="HTTP, on 127.0.0.1; 0: any.")
@click.option("--nats-port", default=4222, show_default=True, help="Bus, on 127.0.0.1; 0: any.")
def up(data: Path, fresh: bool, demos: tuple[str, ...], port: int, nats_port: int) -> None:
    """Run everything in one process: nats-server, services, SQLite."""
    asked_to_leave: list[int] = []  # while Python imports: an exception there may be swallowed
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked_to_leave.append(number))
    from sluse.up import up as run_everything  # noqa: PLC0415 - needs the extra 'embedded', the other commands don't

    try:
        work = run_everything(data, fresh=fresh, demos=demos, port=port, nats_port=nats_port)
        sys.exit(run_until_signal(work, asked_to_leave))
    except SluseError as error:
        click.echo(f"{error.code}: {error.message}", err=True)
        sys.exit(2)


@main.group("streams")
def streams_() -> None:
    """The streams on the bus."""


@streams_.command("apply")
@nats_option
@click.option("--replicas", default=1, show_default=True, type=click.IntRange(1, 5))
def streams_apply(nats: str, replicas: int) -> None:
    """Make the streams, or change what is not as it should be."""

    async def work() -> int:
        async with connected(nats, "sluse-streams", PATIENCE_SECONDS) as bus:
            for applied in await streams.apply(bus, replicas):
                say(applied)
        return 0

    carry_out(work())


@main.group()
def programme() -> None:
    """Programme definitions."""


@programme.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def programme_check(file: Path) -> None:
    """Say what is wrong with a definition file, and where."""

    async def work() -> int:
        definition = programmes.read(file)
        checksum = checksum_of(definition)
        say({"programme": definition.key, "version": definition.version, "checksum": checksum})
        return 0

    carry_out(work())


@programme.command("new")
@click.argument("key")
@click.option("--file", type=click.Path(path_type=Path), help="Default: KEY.toml, here.")
def programme_new(key: str, file: Path | None) -> None:
    """Write a commented definition to begin with."""

    async def work() -> int:
        path = file or Path(f"{key}.toml")
        definition = programmes.write_new(path, key, copenhagen_day(now()))
        say({"programme": definition.key, "file": str(path)})
        return 0

    carry_out(work())


@programme.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@nats_option
def programme_apply(file: Path, nats: str) -> None:
    """Open the programme, or revise it, through intake's door."""

    async def work() -> int:
        definition = programmes.read(file)
        async with connected(nats, "sluse-programme", PATIENCE_SECONDS) as bus:
            applied = await programmes.apply(definition, Sender(bus))
        say(applied)
        return 1 if isinstance(applied, Reply) else 0

    carry_out(work())


@main.command()
@click.argument("file", type=click.File("rb"))
@nats_option
def send(file: BinaryIO, nats: str) -> None:
    """Send commands, one JSON object a line ('-': standard input); one answer a line."""

    async def work() -> int:
        refused = 0
        async with connected(nats, "sluse-send", PATIENCE_SECONDS) as bus:
            size = fstat(file.fileno()).st_size
            with progress("sending", size or None) as bar:
                async for answer, read in Sender(bus).send_lines(file):
                    refused += not answer.ok
                    say(answer)
                    if bar is not None:
                        bar.update(bar.task_ids[0], completed=read)
        return 1 if refused else 0

    carry_out(work())


@main.command()
@click.option("--from", "after", default=None, help="Only what was recorded after this moment.")
@nats_option
def export(after: str | None, nats: str) -> None:
    """Write all private events as NDJSON, in order of recording."""

    async def work() -> int:
        behind = _moment(after) if after else {}
        async with connected(nats, "sluse-export", PATIENCE_SECONDS) as bus:
            async for line in exporting.events(bus, behind):
                sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
        return 0

    carry_out(work())


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@nats_option
def status(as_json: bool, nats: str) -> None:
    """Show streams and projections: positions and lag. Exit status 1 if something is not well."""

    async def work() -> int:
        async with connected(nats, "sluse-status", PATIENCE_SECONDS) as bus:
            found = await look(bus)
        if as_json:
            say(found)
        else:
            _show(found)
        return 0 if found.ok else 1

    carry_out(work())


def _moment(text: str) -> moment.Positions:
    """A moment; an instant would leave open what was recorded in its last microsecond."""
    positions = moment.parse(text)
    if isinstance(positions, datetime):
        raise InvalidField("--from", "give a moment like i512.p120.a12, not an instant")
    return positions


def _show(found: Status) -> None:
    console = Console()
    console.print(_table("Streams", found.streams))
    console.print(_table("Projections", found.projections))


def _table(title: str, rows: Iterable[msgspec.Struct]) -> Table:
    table = Table(title=title)
    for number, row in enumerate(rows):
        values = msgspec.structs.asdict(row)
        if number == 0:
            for name in values:
                table.add_column(name)
        table.add_row(*("" if value is None else str(value) for value in values.values()))
    return table


if __name__ == "__main__":
    main()
