"""The operator's commands for projections: folded anew beside what is asked, and exchanged without a pause."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from shared.access.asking import ask
from shared.bus import Bus, NoAnswer, connected
from shared.bus_login import BusLogin
from shared.errors import BusAway
from shared.projection_door import Ask, GenerationStatus, Told
from shared.subjects import PROJECTING, projections_subject
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, progress, say

ANSWER_SECONDS = 10.0  # a promotion may wait for the last events
LOOK_SECONDS = 1.0  # between two looks: the rate is what was folded meanwhile

service_option = click.option(
    "--service", type=click.Choice(PROJECTING), default="reporting", show_default=True
)
projection_option = click.option(
    "--projection", default="", help="Its name; without: the service's first."
)


class Row(Struct, frozen=True):
    """A generation as it is shown; `rate` in events a second, `left` is how long it will take."""

    service: str
    projection: str
    generation: int
    version: int
    state: str
    asked: bool
    written: bool
    events: int
    of: int | None
    rate: float | None
    left: str | None


@click.group()
def projection() -> None:
    """Read models: folded anew beside those that are asked, then exchanged without a pause."""


@projection.command("list")
@click.option("--service", type=click.Choice(PROJECTING), help="Without: all of them.")
@click.option("--projection", "name", default="", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line instead of a table.")
@nats_option
def projection_list(service: str | None, name: str, as_json: bool, nats: BusLogin) -> None:
    """Show every generation and how far it is. Exit status 1 if a service does not answer."""

    async def work() -> int:
        services = [service] if service else list(PROJECTING)
        async with connected(nats, "sluse-projection", PATIENCE_SECONDS) as bus:
            found, silent = await _everything(bus, services)
            rows = await _with_rates(bus, services, found)
        shown = [row for row in rows if name in ("", row.projection)]
        if as_json:
            for row in shown:
                say(row)
        else:
            Console().print(_table(shown))
        for one in silent:
            click.echo(f"NO_ANSWER: {one}", err=True)
        return 1 if silent else 0

    carry_out(work())


@projection.command("rebuild")
@service_option
@projection_option
@click.option("--detach", is_flag=True, help="Do not wait until it has caught up.")
@nats_option
def projection_rebuild(service: str, projection: str, detach: bool, nats: BusLogin) -> None:
    """Fold a projection anew, beside the one that is asked; Ctrl-C leaves it at work.

    It goes on where it was after any interruption. Promote it when it has caught up.
    """

    async def work() -> int:
        async with connected(nats, "sluse-projection", PATIENCE_SECONDS) as bus:
            told = await _ask(bus, service, Ask("rebuild", projection))
            if not detach:
                told = await _caught_up(bus, service, told)
        _say(told)
        return 0

    carry_out(work())


@projection.command("promote")
@service_option
@projection_option
@click.option("--generation", type=int, help="Without: the newest that is not asked.")
@nats_option
def projection_promote(
    service: str, projection: str, generation: int | None, nats: BusLogin
) -> None:
    """Let another generation be asked from now on; refused while it is behind."""
    carry_out(_sent(nats, service, Ask("promote", projection, generation)))


@projection.command("rollback")
@service_option
@projection_option
@nats_option
def projection_rollback(service: str, projection: str, nats: BusLogin) -> None:
    """Let the generation that was asked before be asked again."""
    carry_out(_sent(nats, service, Ask("rollback", projection)))


@projection.command("drop")
@service_option
@projection_option
@click.option("--generation", type=int, required=True)
@nats_option
def projection_drop(service: str, projection: str, generation: int, nats: BusLogin) -> None:
    """Drop a generation that nobody is asked for."""
    carry_out(_sent(nats, service, Ask("drop", projection, generation)))


async def _sent(nats: BusLogin, service: str, asked: Ask) -> int:
    async with connected(nats, "sluse-projection", PATIENCE_SECONDS) as bus:
        _say(await _ask(bus, service, asked))
    return 0


def _say(told: Told) -> None:
    """One line for the generation that it was about; none if it is gone."""
    for it in told.generations:
        if (it.projection, it.generation) == told.done:
            say(it)


async def _ask(bus: Bus, service: str, asked: Ask) -> Told:
    body = msgspec.json.encode(asked)
    answer = await ask(bus, projections_subject(service), body, ANSWER_SECONDS)
    return msgspec.json.decode(answer, type=Told)


async def _everything(
    bus: Bus, services: Iterable[str]
) -> tuple[list[GenerationStatus], list[str]]:
    found: list[GenerationStatus] = []
    silent: list[str] = []
    for service in services:
        try:
            told = await _ask(bus, service, Ask())
        except (NoAnswer, BusAway):
            silent.append(service)
            continue
        found += told.generations
    return found, silent


async def _with_rates(bus: Bus, services: list[str], before: list[GenerationStatus]) -> list[Row]:
    """The rate from two looks, if anything is behind: whoever answers may not be who folds."""
    if not any(_behind(it) for it in before):
        return [_row(it, None) for it in before]
    await asyncio.sleep(LOOK_SECONDS)
    then = {_key(it): it.events for it in before}
    found, _ = await _everything(bus, services)
    return [
        _row(it, (it.events - then[_key(it)]) / LOOK_SECONDS if _key(it) in then else None)
        for it in found
    ]


async def _caught_up(bus: Bus, service: str, begun: Told) -> Told:
    """Show how it goes on until it is there; a service that is restarted goes on with it."""
    folded = 0
    with progress("folding", None) as bar:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                told = await _ask(bus, service, Ask())
            except (NoAnswer, BusAway):
                continue
            mine = [it for it in told.generations if (it.projection, it.generation) == begun.done]
            for it in mine:
                rate, folded = (it.events - folded) / LOOK_SECONDS, it.events
                if bar is not None:
                    bar.update(bar.task_ids[0], total=it.of, completed=it.events)
                else:
                    click.echo(msgspec.json.encode(_row(it, rate)), err=True)
            if not any(_behind(it) for it in mine):
                return Told(told.generations, begun.done)


def _behind(it: GenerationStatus) -> bool:
    return it.of is not None and it.events < it.of


def _key(it: GenerationStatus) -> tuple[str, str, int]:
    return it.service, it.projection, it.generation


def _row(it: GenerationStatus, rate: float | None) -> Row:
    left = None
    if rate and it.of is not None and it.events < it.of:
        left = str(timedelta(seconds=round((it.of - it.events) / rate)))
    return Row(
        service=it.service,
        projection=it.projection,
        generation=it.generation,
        version=it.version,
        state=it.state,
        asked=it.asked,
        written=it.written,
        events=it.events,
        of=it.of,
        rate=rate,
        left=left,
    )


def _table(rows: list[Row]) -> Table:
    table = Table(title="Projections")
    for name in Row.__struct_fields__:
        table.add_column(name)
    for row in rows:
        values = msgspec.structs.asdict(row).values()
        table.add_row(*("" if value is None else str(value) for value in values))
    return table
