"""kill -9 at any moment of the demonstration's loading: nothing acknowledged is lost, nothing doubled."""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pytest

from shared.bus import connected
from shared.stream_reader import read
from tests.journeys import history
from tests.journeys.conftest import Demo
from tests.journeys.sluse_process import Up, ended, server_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CHAINS, KILLS = 2, 10
DAYS = ("2022-04-27", "2022-08-15", "2022-12-31")
Seen = dict[tuple[str, int], str]


def started(data: Path) -> Up:
    """With a clock that says nothing: what it would say depends on when it looks."""
    return Up(data, "--demo", "jobsporet", SLUSE_IMPORT_QUIET="86400")


async def seen_until(up: Up, count: int, kill: Callable[[Up], None] = Up.kill_tree) -> Seen:
    """Every event in the streams, read through the bus; killed when there are so many."""
    seen: Seen = {}
    enough = asyncio.Event()

    async def follow(stream: str) -> None:
        async with aclosing(read(bus, stream, 0)) as lists:
            async for messages in lists:
                for message in messages:
                    seen[stream, message.position] = json.loads(message.body)["id"]
                if len(seen) >= count:
                    enough.set()

    async with connected(up.nats, "journey") as bus:
        following = [asyncio.create_task(follow(stream)) for stream in history.LETTERS]
        try:
            async with asyncio.timeout(120):
                await enough.wait()
            kill(up)
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
    return seen


def figures(up: Up) -> list[Any]:
    """Goals and partition of three days, less the moment: the streams may lie differently."""
    return [
        without_moment(up.ask(f"/api/programmes/jobsporet/{question}", on=day))
        for day in DAYS
        for question in ("goals", "partition")
    ]


def without_moment(told: Any) -> Any:
    if isinstance(told, dict):
        return {key: without_moment(value) for key, value in told.items() if key != "moment"}
    return [without_moment(item) for item in told] if isinstance(told, list) else told


def loaded(up: Up, demo: Demo) -> list[history.Line]:
    """What is recorded once the demonstration and all reactions to it are."""
    up.says(r"demo jobsporet: (\d+ commands recorded|recorded before)")
    for stream in history.LETTERS:
        up.wait(stream.lower(), sum(line["stream"] == stream for line in demo.lines))
    return history.without_clock(history.read(up.run("export").out))


def undisturbed_figures(demo: Demo) -> list[Any]:
    """As known before the clock said anything: at the moment at which the loading ended."""
    moment = history.moment_of(demo.lines)
    return [
        without_moment(demo.up.ask(f"/api/programmes/jobsporet/{question}", on=day, known=moment))
        for day in DAYS
        for question in ("goals", "partition")
    ]


def assert_the_same(up: Up, demo: Demo, seen: Seen) -> None:
    lines = loaded(up, demo)
    there = {(line["stream"], line["position"]): line["event"]["id"] for line in lines}
    assert seen.items() <= there.items(), "an event that was seen is gone, or stands elsewhere"
    ids = history.ids(lines)
    assert len(ids) == len(set(ids)), "an event stands there twice"
    assert set(ids) == set(history.ids(demo.lines))
    assert figures(up) == undisturbed_figures(demo)


@pytest.mark.parametrize("chain", range(CHAINS))
async def test_a_kill_of_everything_loses_and_doubles_nothing(
    demo: Demo, data: Path, chain: int
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    points = sorted(chance.sample(range(1, len(demo.lines)), KILLS))
    seen: Seen = {}
    for number, point in enumerate(points):
        with started(data) as up:
            now = await seen_until(up, point)
        assert seen.items() <= now.items(), f"lost by kill {number} at {point} events"
        assert server_of(data) is None
        seen = now
    with started(data) as up:
        assert_the_same(up, demo, seen)


async def test_a_kill_while_it_starts_or_sends_again_changes_nothing(
    demo: Demo, data: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    # From the first second, through the bus's own start, into the sending of what is recorded.
    for seconds in [*(chance.uniform(0, 1) for _ in range(3)), chance.uniform(1, 3)]:
        kill_after(data, seconds)
    with started(data) as up:
        seen = await seen_until(up, 400)
    for seconds in (chance.uniform(0, 1), chance.uniform(1, 3), chance.uniform(3, 5)):
        kill_after(data, seconds)
    with started(data) as up:
        assert_the_same(up, demo, seen)


def kill_after(data: Path, seconds: float) -> None:
    with started(data) as up:
        psutil.wait_procs(up.tree(), seconds)
        assert up.process.poll() is None, up.err.so_far()
        up.kill_tree()


async def test_the_next_start_ends_the_server_that_a_kill_orphaned_and_goes_on(data: Path) -> None:
    with started(data) as killed:
        seen = await seen_until(killed, 100, Up.kill_parent)
        orphan = server_of(data)
        assert orphan is not None, "the server should have outlived its parent"
        with started(data) as up:
            up.says("sluse answers")
            assert ended(orphan)
            assert up.err.match("left behind", 5)
            assert server_of(data) == up.server()
            now = await seen_until(up, 200)
    assert seen.items() <= now.items()
