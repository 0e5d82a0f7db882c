"""The operator's command: sluse."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Iterable
from contextlib import nullcontext
from datetime import datetime
from os import fstat
from pathlib import Path
from typing import Any, BinaryIO, Literal

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.intake.events.definition import checksum_of
from shared import logs, moment, streams
from shared.bus import connected
from shared.clock import copenhagen_day, now
from shared.command import Reply
from shared.errors import BusAway, InvalidField, SluseError
from shared.http_server import run as run_until_signal
from sluse import exporting, programmes, reports
from sluse.importing import mapping, rows, table
from sluse.importing.kinds import KINDS
from sluse.importing.run import Import
from sluse.sending import Sender
from sluse.simulation import running
from sluse.simulation.wish import Wish, asked_for
from sluse.status import Status, look

PATIENCE_SECONDS = 3.0

_nats = click.option(
    "--nats",
    envvar="SLUSE_NATS_URL",
    default="nats://127.0.0.1:4222",
    show_default=True,
    help="Address of the bus.",
)


def _carry_out(work: Coroutine[Any, Any, int]) -> None:
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
@_nats
@click.option("--replicas", default=1, show_default=True, type=click.IntRange(1, 5))
def streams_apply(nats: str, replicas: int) -> None:
    """Make the streams, or change what is not as it should be."""

    async def work() -> int:
        async with connected(nats, "sluse-streams", PATIENCE_SECONDS) as bus:
            for applied in await streams.apply(bus, replicas):
                _say(applied)
        return 0

    _carry_out(work())


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
        _say({"programme": definition.key, "version": definition.version, "checksum": checksum})
        return 0

    _carry_out(work())


@programme.command("new")
@click.argument("key")
@click.option("--file", type=click.Path(path_type=Path), help="Default: KEY.toml, here.")
def programme_new(key: str, file: Path | None) -> None:
    """Write a commented definition to begin with."""

    async def work() -> int:
        path = file or Path(f"{key}.toml")
        definition = programmes.write_new(path, key, copenhagen_day(now()))
        _say({"programme": definition.key, "file": str(path)})
        return 0

    _carry_out(work())


@programme.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@_nats
def programme_apply(file: Path, nats: str) -> None:
    """Open the programme, or revise it, through intake's door."""

    async def work() -> int:
        definition = programmes.read(file)
        async with connected(nats, "sluse-programme", PATIENCE_SECONDS) as bus:
            applied = await programmes.apply(definition, Sender(bus))
        _say(applied)
        return 1 if isinstance(applied, Reply) else 0

    _carry_out(work())


@main.group()
def report() -> None:
    """Reports: figures given out, with all they rest on."""


@report.command("issue")
@click.argument("programme")
@click.option("--on", "valid_on", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option(
    "--known", default=None, help="A moment like i512.p120.a12; without: what is known now."
)
@click.option("--id", "report_id", default=None, help="The report's id; without: a new one.")
@_nats
def report_issue(
    programme: str, valid_on: datetime, known: str | None, report_id: str | None, nats: str
) -> None:
    """Give out a programme's figures of a day."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            reply = await reports.issue(Sender(bus), programme, valid_on.date(), known, report_id)
        _say(reply)
        return 0 if reply.ok else 1

    _carry_out(work())


@report.command("verify")
@click.argument("report_id", metavar="ID")
@_nats
def report_verify(report_id: str, nats: str) -> None:
    """Compute a report again from the streams alone. Exit status 1 if it says something else."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            verified = await reports.verify(bus, report_id)
        _say(verified)
        return 0 if verified.outcome == "equal" else 1

    _carry_out(work())


@report.command("diff")
@click.argument("report_id", metavar="ID")
@_nats
def report_diff(report_id: str, nats: str) -> None:
    """Say what is different today from what a report said, and which events did it."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            _say(await reports.difference(bus, report_id))
        return 0

    _carry_out(work())


@main.command()
@click.argument("file", type=click.File("rb"))
@_nats
def send(file: BinaryIO, nats: str) -> None:
    """Send commands, one JSON object a line ('-': standard input); one answer a line."""

    async def work() -> int:
        refused = 0
        async with connected(nats, "sluse-send", PATIENCE_SECONDS) as bus:
            size = fstat(file.fileno()).st_size
            with _progress("sending", size or None) as progress:
                async for answer, read in Sender(bus).send_lines(file):
                    refused += not answer.ok
                    _say(answer)
                    if progress is not None:
                        progress.update(progress.task_ids[0], completed=read)
        return 1 if refused else 0

    _carry_out(work())


@main.command("import")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--programme", help="The programme of rows that do not name one.")
@click.option(
    "--map", "map_file", type=click.Path(path_type=Path), help="TOML: columns and values."
)
@click.option("--rejects", type=click.Path(path_type=Path), help="Default: FILE.rejects.csv.")
@click.option("--dry-run", is_flag=True, help="Look at everything, send nothing.")
@_nats
def import_(
    *,
    kind: str,
    file: Path,
    programme: str | None,
    map_file: Path | None,
    rejects: Path | None,
    dry_run: bool,
    nats: str,
) -> None:
    """Import a CSV or XLSX file; bad rows go to a file. Exit status 1 if there are any."""

    async def work() -> int:
        way = mapping.read(KINDS[kind], map_file)
        content = table.read(file, way)
        sheet = rows.sheet(KINDS[kind], way, content, programme)
        async with connected(nats, "sluse-import", PATIENCE_SECONDS) as bus:
            with _progress("importing", len(content.rows)) as progress:
                summary = await Import(bus, sheet, now(), dry_run=dry_run).run(
                    rejects or file.with_name(f"{file.name}.rejects.csv"),
                    lambda: progress and progress.advance(progress.task_ids[0]),
                )
        _say(summary)
        return 1 if summary.rejected else 0

    _carry_out(work())


@main.command()
@asked_for
@_nats
def simulate(nats: str, **options: Any) -> None:
    """Simulate people of a programme. Exit status 1 if a row was not answered as it was meant."""
    wish = Wish(**options)

    async def work() -> int:
        if wish.out is not None:
            _say(running.to_file(wish, wish.out))
            return 0
        async with connected(nats, "sluse-simulate", PATIENCE_SECONDS) as bus:
            with _progress("simulating", None) as bar:
                done = await running.over_the_bus(
                    bus, wish, lambda: bar and bar.advance(bar.task_ids[0])
                )
        _say(done)
        return 1 if isinstance(done, running.Simulated) and done.unexpected else 0

    _carry_out(work())


@main.command()
@click.option("--from", "after", default=None, help="Only what was recorded after this moment.")
@_nats
def export(after: str | None, nats: str) -> None:
    """Write all private events as NDJSON, in order of recording."""

    async def work() -> int:
        behind = _moment(after) if after else {}
        async with connected(nats, "sluse-export", PATIENCE_SECONDS) as bus:
            async for line in exporting.events(bus, behind):
                sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
        return 0

    _carry_out(work())


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@_nats
def status(as_json: bool, nats: str) -> None:
    """Show streams and projections: positions and lag. Exit status 1 if something is not well."""

    async def work() -> int:
        async with connected(nats, "sluse-status", PATIENCE_SECONDS) as bus:
            found = await look(bus)
        if as_json:
            _say(found)
        else:
            _show(found)
        return 0 if found.ok else 1

    _carry_out(work())


def _moment(text: str) -> moment.Positions:
    """A moment; an instant would leave open what was recorded in its last microsecond."""
    positions = moment.parse(text)
    if isinstance(positions, datetime):
        raise InvalidField("--from", "give a moment like i512.p120.a12, not an instant")
    return positions


def _say(something: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(something) + b"\n")
    sys.stdout.buffer.flush()


def _progress(what: str, total: int | None) -> Any:
    """A bar on the terminal of the operator; none in a pipe or a log."""
    if not sys.stderr.isatty():
        return nullcontext(None)
    progress = Progress(console=Console(stderr=True))
    progress.add_task(what, total=total)
    return progress


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
