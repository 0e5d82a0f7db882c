"""The operator's commands for what stands still: parked entities, and messages that nobody can read."""

from uuid import uuid4

import click
import msgspec
from rich.console import Console
from rich.table import Table

from shared.bus import connected
from shared.bus_login import BusLogin
from shared.command import Command
from shared.operations.parked import DiscardEvent, RetryParked
from shared.operations.quarantine import QuarantineMessage
from shared.parked_door import Ask, Heard, Waiting, heard
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, say
from sluse.sending import Sender

COLUMNS = ("service", "projection", "entity", "position", "event_type", "error", "attempts")

reason_option = click.option(
    "--reason", required=True, help="Why, as a code (a-z, 0-9, _): it is recorded with your name."
)


@click.group()
def parked() -> None:
    """Entities that a projection could not fold: nothing else waits for them."""


@parked.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@nats_option
def parked_list(as_json: bool, nats: BusLogin) -> None:
    """Show what is parked. Exit status 1 if something is, or if a service does not answer."""

    async def work() -> int:
        found = await _asked(nats, Ask())
        if as_json:
            say(found)
        else:
            _show(found)
        return 1 if found.waiting or found.silent else 0

    carry_out(work())


@parked.command("show")
@click.argument("entity")
@nats_option
def parked_show(entity: str, nats: BusLogin) -> None:
    """Show one ENTITY, such as intake.enrolment.e-1, wherever it is parked; one JSON line each."""
    carry_out(_told(nats, Ask(entity)))


@parked.command("retry")
@click.argument("entity")
@click.option("--dry-run", is_flag=True, help="Only say what would happen; nothing is written.")
@click.option("--reason", default=None, help="Why, as a code; recorded with your name.")
@nats_option
def parked_retry(entity: str, dry_run: bool, reason: str | None, nats: BusLogin) -> None:
    """Have ENTITY folded again, from its first event on, by everybody who has parked it."""
    if dry_run:
        carry_out(_told(nats, Ask(entity, dry_run=True)))
    carry_out(
        _sent(nats, RetryParked(command_id=str(uuid4()), entity=entity, reason=_said(reason)))
    )


@parked.command("discard")
@click.argument("entity")
@click.argument("position", type=int)
@click.option("--dry-run", is_flag=True, help="Only say what would happen; nothing is written.")
@click.option("--reason", default=None, help="Why, as a code; recorded with your name.")
@nats_option
def parked_discard(
    entity: str, position: int, dry_run: bool, reason: str | None, nats: BusLogin
) -> None:
    """Leave the event at POSITION, which ENTITY is parked at, out of every fold, for ever."""
    if dry_run:
        carry_out(_told(nats, Ask(entity, dry_run=True, without=position)))
    command = DiscardEvent(
        command_id=str(uuid4()), entity=entity, position=position, reason=_said(reason)
    )
    carry_out(_sent(nats, command))


@click.command()
@click.argument("stream")
@click.argument("position", type=int)
@reason_option
@nats_option
def quarantine(stream: str, position: int, reason: str, nats: BusLogin) -> None:
    """Have every reader of STREAM pass over the message at POSITION, which nobody can read."""
    command = QuarantineMessage(
        command_id=str(uuid4()), stream=stream, position=position, reason=reason
    )
    carry_out(_sent(nats, command))


def _said(reason: str | None) -> str:
    if reason is None:
        raise click.UsageError("Missing option '--reason'.")
    return reason


async def _asked(nats: BusLogin, ask: Ask) -> Heard:
    async with connected(nats, "sluse-parked", PATIENCE_SECONDS) as bus:
        return await heard(bus, ask)


async def _told(nats: BusLogin, ask: Ask) -> int:
    found = await _asked(nats, ask)
    for it in found.waiting:
        say(it)
    for service in found.silent:
        click.echo(f"NO_ANSWER: {service}", err=True)
    fails = [it for it in found.waiting if it.trial is not None and not it.trial.folds]
    return 1 if fails or found.silent or not found.waiting else 0


async def _sent(nats: BusLogin, command: Command) -> int:
    async with connected(nats, "sluse-parked", PATIENCE_SECONDS) as bus:
        reply = await Sender(bus).send(msgspec.json.encode(command))
    say(reply)
    return 0 if reply.ok else 1


def _show(found: Heard) -> None:
    table = Table(*COLUMNS, "waiting", title="Parked entities")
    for it in found.waiting:
        table.add_row(*_cells(it))
    Console().print(table)
    for service in found.silent:
        click.echo(f"NO_ANSWER: {service}", err=True)


def _cells(it: Waiting) -> list[str]:
    return [*(str(getattr(it, name)) for name in COLUMNS), str(len(it.waiting))]
