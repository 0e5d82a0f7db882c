"""A projection that has events to fold and folds none says so."""

import asyncio
from pathlib import Path

from services.placement.enrolled import PLAN
from shared.projection import Patience, Projection
from shared.view import following
from tests.contracts.patience import PATIENT
from tests.contracts.reading import demonstration, own_bus, store

SOON = Patience(stall=0.5)


def stalled(projection: Projection) -> set[str]:
    return {it.stream for it in projection.status().streams if it.stalled}


async def test_a_stream_that_stands_still_is_stalled_and_no_other(
    database: str, tmp_path: Path
) -> None:
    async with (
        own_bus(tmp_path) as (_, bus),
        following(PLAN, database, bus, patience=SOON) as projection,
    ):
        await store(bus, demonstration()[:100])
        assert await projection.caught_up(bus, PATIENT)
        assert stalled(projection) == set()
        await bus.request("intake.person.p1", b"not an event", PATIENT)
        async with asyncio.timeout(PATIENT):
            while not (stalled(projection) and projection.stopped):
                await asyncio.sleep(0.02)
        assert stalled(projection) == {"INTAKE"}
        (it,) = (it for it in projection.status().streams if it.stalled)
        assert it.lag == 1
        assert it.last == it.position + 1
        assert it.lag_seconds >= SOON.stall
        assert it.stopped is not None
