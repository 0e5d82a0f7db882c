"""A command on an entity with 50 events: does it cost more in a stream of 200,000 than in a short one?"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import click
import msgspec
from msgspec import Struct

from benchmarks import placements
from benchmarks.results import Measured, Run, page, table
from services.placement import placement
from services.placement.events import VOCABULARY
from services.placement.known import Known
from services.placement.placement import Placement, PlacementCommand
from shared import streams
from shared.bus import Bus, connected
from shared.event_store import EventStore
from shared.handling import Context, Handler, Handling
from sluse.embedded_nats import nats_server

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
EVENTS = 50
TURNS = 5  # of two commands each, so an entity grows from 45 to 55 events while it is measured
FIRST_EVENTS = EVENTS - TURNS


class Side(Struct, frozen=True):
    """One server with one stream."""

    bus: Bus
    events: int

    def newcomer(self) -> Handler:
        """A service just started: its store remembers nothing."""
        return Handler(EventStore(self.bus, VOCABULARY, timeout=30.0), b"a secret of benchmarks")


async def _known(command: PlacementCommand, state: Placement, fresh: bool) -> Known:
    return Known()


HANDLING = Handling(placement, _known)


@asynccontextmanager
async def side(
    directory: Path, together: list[str], apart: list[str], total: int
) -> AsyncIterator[Side]:
    """A fresh server with `total` events (or no others), the entities' among them.

    `together`: each entity's events in a row, written lately. `apart`: evenly over the stream.
    """
    directory.mkdir()
    async with nats_server(directory, 0) as server, connected(server.url, "benchmark") as bus:
        await streams.apply(bus, 1, {VOCABULARY.stream: f"{VOCABULARY.service}.>"})
        lately = FIRST_EVENTS * len(together)
        events = await placements.fill(bus, placements.spread(apart, FIRST_EVENTS, total - lately))
        events += await placements.fill(bus, placements.in_a_row(together, FIRST_EVENTS))
        yield Side(bus, events)


async def two_round_trips(on: Side, entity: str) -> None:
    """The least that a command can cost: read one message, append one that expects."""
    question = msgspec.json.encode({"last_by_subj": placements.subject(entity)})
    await on.bus.request(f"$JS.API.DIRECT.GET.{VOCABULARY.stream}", question, 30.0)
    other, body = placements.stored(f"raw-{uuid4()}", 0)
    headers = {"Nats-Expected-Last-Subject-Sequence": "0", "Nats-Msg-Id": uuid4().hex}
    await on.bus.request(other, body, 30.0, headers)


async def command(handler: Handler, entity: str, week: int) -> None:
    """Load, fold, decide, append, as a service does it."""
    reply = await handler.handle(HANDLING, placements.report(entity, week), Context())
    if not reply.events:
        raise placements.NotAsSaid("the command recorded nothing")


async def timed(what: Awaitable[None], seconds: list[float]) -> None:
    """How long it took is added to the list."""
    began = perf_counter()
    await what
    seconds.append(perf_counter() - began)


async def one_run(long: Side, short: Side, together: list[str], apart: list[str]) -> Run:
    """One of each in turn, so that what else the machine does falls on all alike."""
    run = Run()
    for turn in range(TURNS):
        week = FIRST_EVENTS + 2 * turn
        for near, far in zip(together, apart, strict=True):
            in_short, in_long = short.newcomer(), long.newcomer()
            await timed(two_round_trips(long, far), run.raw)
            await two_round_trips(short, near)  # a server that was idle takes longer at first
            await timed(command(in_short, near, week), run.short)
            await timed(command(in_short, near, week + 1), run.short_again)
            await timed(command(long.newcomer(), near, week), run.together)
            await timed(command(in_long, far, week), run.apart)
            await timed(command(in_long, far, week + 1), run.apart_again)
            await timed(command(long.newcomer(), near, week + 1), run.together)
    return run


async def measure(events: int, runs: int, commands: int) -> Measured:
    """Fill both streams, then run; the first run warms up and is not counted."""
    numbers = [
        [f"{run}-{number}" for number in range(commands // TURNS)] for run in range(runs + 1)
    ]
    together = [[f"together-{number}" for number in run] for run in numbers]
    apart = [[f"apart-{number}" for number in run] for run in numbers]
    with tempfile.TemporaryDirectory(prefix="sluse-benchmark-") as directory:
        root = Path(directory)
        async with (
            side(root / "long", list(chain(*together)), list(chain(*apart)), events) as long,
            side(root / "short", list(chain(*together)), [], 0) as short,
        ):
            load = os.getloadavg()[0]
            _, *counted = [
                await one_run(long, short, near, far)
                for near, far in zip(together, apart, strict=True)
            ]
            server = long.bus.client.connected_server_version
            return Measured(
                server=f"{server.major}.{server.minor}.{server.patch}",
                long=long.events,
                short=short.events,
                entity=EVENTS,
                commands=commands,
                load=max(load, os.getloadavg()[0]),
                runs=counted,
            )


@click.command()
@click.option("--events", default=200_000, show_default=True, help="In the long stream.")
@click.option("--runs", default=7, show_default=True)
@click.option("--commands", default=100, show_default=True, help="Of each kind, in each run.")
@click.option("--write", is_flag=True, help="Renew docs/performance.md.")
def main(events: int, runs: int, commands: int, write: bool) -> None:
    """Measure a command in a long stream against two round trips, and against a short stream."""
    measured = asyncio.run(measure(events, runs, commands))
    click.echo(table(measured))
    if write:
        PAGE.write_text(page(measured))


if __name__ == "__main__":
    main()
