"""The operator's command for verifying everything."""

import click
from rich.console import Console
from rich.table import Table

from shared.bus import connected
from shared.bus_login import BusLogin
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, say
from sluse.verify import Verification
from sluse.verify import verify as look_at_all


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@nats_option
def verify(as_json: bool, nats: BusLogin) -> None:
    """Check that streams are whole, read models a fold of them, and reports the same again.

    Exit status 1 if something is wrong, or could not be looked at.
    """

    async def work() -> int:
        async with connected(nats, "sluse-verify", PATIENCE_SECONDS) as bus:
            found = await look_at_all(bus)
        if as_json:
            say(found)
        else:
            _show(found)
        return 0 if found.ok else 1

    carry_out(work())


def _show(found: Verification) -> None:
    moment = ", ".join(f"{stream} {position}" for stream, position in found.moment.items())
    table = Table(title=f"As of {moment}")
    for name in ("what", "name", "outcome", "detail"):
        table.add_column(name, overflow="fold")
    for check in found.checks:
        table.add_row(check.kind, check.name, check.outcome, check.detail)
    Console().print(table)
