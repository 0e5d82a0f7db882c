"""kill -9 of the projector at fifty instants of its commits: its rows are those of an undisturbed fold."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

import pytest

from services.reporting.facts import PLAN
from tests.contracts.reading import by_stream, demonstration, fresh_rows, own_bus, projected, rows
from tests.contracts.reading import store as stored
from tests.faults.projector import KILLS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def test_a_projector_killed_at_any_instant_loses_and_doubles_no_row(
    database: str, tmp_path: Path
) -> None:
    events = demonstration()
    portion = len(events) // KILLS
    told: Counter[str] = Counter()
    async with own_bus(tmp_path) as (server, bus):
        projector = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.projector", server.url, database,
            stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        assert projector.stdin is not None
        assert projector.stdout is not None
        for number in range(KILLS + 1):
            end = None if number == KILLS else (number + 1) * portion
            await stored(bus, events[number * portion : end])
            projector.stdin.write(b"\n")
            async with asyncio.timeout(180):
                told[(await projector.stdout.readline()).decode().strip()] += 1
        assert await projector.wait() == 0
        async with projected(PLAN, database) as projection:
            assert await rows(projection) == await fresh_rows(PLAN, by_stream(events))
    print(dict(told))
    assert told.total() == KILLS + 1
    assert told["killed before its end"] >= KILLS // 10, told
