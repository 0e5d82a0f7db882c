"""A view waits for what it is asked about; and a moment, as people write it."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.events import VOCABULARY as INTAKE
from services.placement.enrolled import PLAN, EnrolledFact
from shared.errors import BusAway, InvalidField, NotYet
from shared.moment import parse, written
from shared.view import View, following
from tests.contracts.reading import STREAMS, by_stream, demonstration, facts_at, own_bus, store

INTAKE_EVENTS = [e for e in demonstration() if e.subject.startswith("intake.")]


def enrolled(count: int) -> set[object]:
    """Who is enrolled after so many of intake's events."""
    events = by_stream(INTAKE_EVENTS[:count])
    moment = {stream: len(records) for stream, records in events.items()}
    return {fact for fact in facts_at(PLAN, events, moment) if isinstance(fact, EnrolledFact)}


async def test_a_view_that_has_caught_up_shows_all_that_was_recorded(tmp_path: Path) -> None:
    async with (
        own_bus(tmp_path) as (_, bus),
        following(PLAN, f"sqlite+aiosqlite:///{tmp_path}/view.db", bus) as projection,
    ):
        view = View(projection, bus, wait=5)
        await view.catch_up()
        for at in range(0, len(INTAKE_EVENTS), 25):
            some = INTAKE_EVENTS[at : at + 25]
            await store(bus, some)
            await view.catch_up()
            assert enrolled(at + len(some)) == set(await view.facts(EnrolledFact))


async def test_a_view_that_stands_still_says_not_yet(tmp_path: Path) -> None:
    async with (
        own_bus(tmp_path) as (_, bus),
        following(PLAN, f"sqlite+aiosqlite:///{tmp_path}/view.db", bus) as projection,
    ):
        await bus.request("intake.person.p1", b"not an event", 5)
        view = View(projection, bus, wait=0.3)
        with pytest.raises(NotYet):
            await view.catch_up()
        assert [INTAKE.stream] == list(projection.stopped)


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_a_view_without_its_bus_says_so(tmp_path: Path, how: str) -> None:
    async with (
        own_bus(tmp_path) as (server, bus),
        following(PLAN, f"sqlite+aiosqlite:///{tmp_path}/view.db", bus) as projection,
    ):
        view = View(projection, bus, wait=5)
        await view.catch_up()
        server.kill() if how == "killed" else server.pause()
        with pytest.raises(BusAway):
            await view.catch_up()
        if how == "killed":
            await server.start()
        else:
            server.resume()
        await _come_back(view)


async def _come_back(view: View) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await view.catch_up()
            except (BusAway, NotYet):
                await asyncio.sleep(0.1)  # between two tries: catching up is the wait for positions
            else:
                return


async def test_a_view_of_a_stream_that_nobody_made_says_that_the_bus_is_away(
    tmp_path: Path,
) -> None:
    async with (
        own_bus(tmp_path) as (_, bus),
        following(PLAN, f"sqlite+aiosqlite:///{tmp_path}/view.db", bus) as projection,
    ):
        await bus.api("STREAM.DELETE.INTAKE", {})
        with pytest.raises(BusAway):
            await View(projection, bus, wait=1).catch_up()


async def test_nothing_goes_on_after_the_block(tmp_path: Path) -> None:
    async with own_bus(tmp_path) as (_, bus):
        await store(bus, INTAKE_EVENTS[:50])
        before = asyncio.all_tasks()
        async with following(PLAN, f"sqlite+aiosqlite:///{tmp_path}/view.db", bus) as projection:
            await projection.reached("INTAKE", 1, 5)
        assert before == asyncio.all_tasks()


@given(st.fixed_dictionaries(dict.fromkeys(STREAMS, st.integers(0, 10**18 - 1))))
def test_a_moment_that_was_written_can_be_read(moment: dict[str, int]) -> None:
    assert moment == parse(written(moment))


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])))
def test_an_instant_can_be_read_with_its_offset(at: datetime) -> None:
    assert at == parse(at.isoformat())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "i1",
        "i1.p2",
        "i1.p2.a3.a3",
        "i1.i1.p2.a3",
        "i1.p2.x3",
        "i1.p2.a3.x4",
        "I1.p2.a3",
        "i01.p2.a3",
        "i-1.p2.a3",
        "i1.p2.a",
        "i1.p2.a3.",
        "i1.p2.a3\n",
        "i1.p2.a٣",
        "i1.p2.a9999999999999999999",
        "2022-04-27",
        "2022-04-27T12:00:00",
        "yesterday",
    ],
)
def test_what_is_neither_a_moment_nor_an_instant_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        parse(text)
    assert refusal.value.path == "known"
