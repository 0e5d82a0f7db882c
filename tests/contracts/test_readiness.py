"""When a projection may be asked: once it has caught up, and as long as it keeps up."""

import asyncio
from pathlib import Path

import pytest

from services.placement.enrolled import PLAN
from shared.bus import Bus
from shared.life import Lack, Life
from shared.projection import Projection
from shared.readiness import Following
from tests.contracts.patience import PATIENT, until
from tests.contracts.reading import own_bus, person_registered, projected, running, store
from tests.contracts.recording import put


async def code_of(following: Following) -> str:
    lack = await following.lack()
    return "" if lack is None else lack.code


async def grow(bus: Bus, first: int, count: int) -> None:
    await store(bus, [person_registered(n) for n in range(first, first + count)])


async def caught_up(projection: Projection, bus: Bus) -> None:
    assert await projection.caught_up(bus, PATIENT)
    await until(lambda: projection.status().state == "live")


async def test_it_is_not_ready_before_it_has_what_was_there_at_its_start(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as projection:
        await grow(bus, 0, 3)
        lack = await Following(projection, bus).lack()
        assert lack == Lack("CATCHING_UP", "placement: generation 1 is being built")
        async with running(projection, bus):
            await caught_up(projection, bus)
        await grow(bus, 3, 30)  # while it was not there
        following = Following(projection, bus)
        assert await following.lack() == Lack("CATCHING_UP", "placement: INTAKE 3 of 33")
        async with running(projection, bus):
            await caught_up(projection, bus)
            assert await code_of(following) == ""


async def test_lag_for_a_moment_is_none_and_lag_that_lasts_is(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as projection:
        await grow(bus, 0, 3)
        patient, strict = Following(projection, bus, 3600), Following(projection, bus, 0.05)
        async with running(projection, bus):
            await caught_up(projection, bus)
            assert [await code_of(patient), await code_of(strict)] == ["", ""]
        await grow(bus, 3, 3)
        assert [await code_of(patient), await code_of(strict)] == ["", ""]
        async with asyncio.timeout(PATIENT):
            while await code_of(strict) != "BEHIND":
                await asyncio.sleep(0.01)
        assert await code_of(patient) == ""
        async with running(projection, bus):
            await caught_up(projection, bus)
            assert await code_of(strict) == ""


async def test_a_stopped_projection_is_not_asked(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus), projected(PLAN) as projection:
        await put(bus, "intake.person.p-1", b"no event at all")
        async with running(projection, bus), asyncio.timeout(PATIENT):
            following = Following(projection, bus)
            while (lack := await following.lack()) is None or lack.code != "STOPPED":
                await asyncio.sleep(0.01)
        assert "UNDECODABLE" in lack.why


async def test_what_cannot_be_found_out_in_time_is_missing() -> None:
    life = Life()
    life.starting = None

    async def never() -> Lack | None:
        await asyncio.Event().wait()
        return None

    async def broken() -> None:
        raise ValueError("one that cannot be drained")

    drained = asyncio.Event()

    async def drain() -> None:
        drained.set()

    assert (await life.readiness()).ok
    life.needs("placement", never)
    async with asyncio.timeout(PATIENT):
        [lack] = (await life.readiness()).missing
    assert (lack.service, lack.code) == ("placement", "SLOW")
    life.before_leaving(broken)
    life.before_leaving(drain)
    await life.drain()
    assert drained.is_set()
    assert [lack.code for lack in (await life.readiness()).missing] == ["LEAVING"]


@pytest.mark.parametrize("code", ["BUS_AWAY", "TimeoutError"])
async def test_a_start_that_failed_says_why_and_keeps_nothing(code: str) -> None:
    life = Life()

    async def missing() -> Lack:
        return Lack("BUS_AWAY", "of a start that is over")

    life.needs("intake", missing)
    life.start_again(Lack("STARTING", code))
    assert (await life.readiness()).missing == [Lack("STARTING", code)]
    life.starting = None
    assert (await life.readiness()).ok
