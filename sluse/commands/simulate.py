"""The operator's command for people who never were: simulate."""

from typing import Any

import click

from shared.bus import connected
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, progress, say
from sluse.simulation import running
from sluse.simulation.wish import Wish, asked_for


@click.command()
@asked_for
@nats_option
def simulate(nats: str, **options: Any) -> None:
    """Simulate people of a programme. Exit status 1 if a row was not answered as it was meant."""
    wish = Wish(**options)

    async def work() -> int:
        if wish.out is not None:
            say(running.to_file(wish, wish.out))
            return 0
        async with connected(nats, "sluse-simulate", PATIENCE_SECONDS) as bus:
            with progress("simulating", None) as bar:
                done = await running.over_the_bus(
                    bus, wish, lambda: bar and bar.advance(bar.task_ids[0])
                )
        say(done)
        return 1 if isinstance(done, running.Simulated) and done.unexpected else 0

    carry_out(work())
