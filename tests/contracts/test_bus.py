"""The connection: a server that is too old is refused, one that is away is said to be away at once."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from services.intake.events import VOCABULARY
from shared import streams
from shared.bus import OLDEST_SERVER, ApiError, Bus, NoAnswer, ServerTooOld, connected, refuse_old
from shared.errors import BusAway
from shared.event_store import EventStore
from tests import old_server
from tests.contracts.patience import PATIENT, at_once, until
from tests.contracts.recording import an_append
from tests.servers import NatsServer, free_port, standalone

WANTED = ".".join(map(str, OLDEST_SERVER))


async def test_a_server_that_is_too_old_is_refused_by_its_name_and_ours(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, binary=old_server.binary())
    await server.start()
    try:
        with pytest.raises(ServerTooOld) as refusal:
            async with connected(server.url, "contract"):
                pytest.fail("it was let in")
    finally:
        server.kill()

    assert old_server.version() in refusal.value.message
    assert WANTED in refusal.value.message


async def test_an_old_server_at_the_place_of_a_new_one_gets_no_request(tmp_path: Path) -> None:
    """It would store a stale write without a word."""
    new = NatsServer(tmp_path / "new")
    old = NatsServer(tmp_path / "old", binary=old_server.binary(), port=new.port)
    await new.start()
    try:
        async with connected(new.url, "contract") as bus:
            await streams.apply(bus)
            store = EventStore(bus, VOCABULARY)
            position = await store.append([an_append("intake.person.p", 0)])
            new.kill()
            await until(lambda: not bus.client.is_connected)
            await old.start()
            await until(lambda: bus.client.is_connected)

            for attempt in (
                store.append([an_append("intake.person.p", 0)]),
                store.append([an_append("intake.person.p", position, events=2)]),
                store.load("intake.person.p"),
                store.last_position("intake.person.p"),
                bus.publish("intake.person.p", b""),
            ):
                with pytest.raises(ServerTooOld):
                    await attempt

            old.kill()
            await until(lambda: not bus.client.is_connected)
            await new.start()
            await until(lambda: bus.client.is_connected)
            assert position + 1 == await store.append([an_append("intake.person.p", position)])
    finally:
        new.kill()
        old.kill()


@pytest.mark.parametrize("version", ["2.14.2", "2.13.99", "2.9.10", "1.99.99", "", "unknown"])
def test_older_versions_are_refused(version: str) -> None:
    with pytest.raises(ServerTooOld):
        refuse_old(version)


@pytest.mark.parametrize("version", ["2.14.3", "2.15.0", "2.100.0", "3.0.0", "2.15.1-RC.1"])
def test_newer_versions_are_taken(version: str) -> None:
    refuse_old(version)


async def test_nobody_at_the_address_is_said_within_the_patience() -> None:
    """With the patience that one has by default it would be too late."""
    async with asyncio.timeout(8):
        with pytest.raises(BusAway):
            async with connected(f"nats://127.0.0.1:{free_port()}", "contract", patience=0.5):
                pytest.fail("nobody is there")


async def test_a_bus_that_is_gone_is_said_to_be_away_at_once(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "contract") as bus:
        await streams.apply(bus)
        store = EventStore(bus, VOCABULARY, timeout=PATIENT)
        server.kill()
        await until(lambda: not bus.client.is_connected)

        for attempt in (
            store.append([an_append("intake.person.p", 0)]),
            store.append([an_append("intake.person.p", 0, events=2)]),
            store.load("intake.person.p"),
            store.last_position("intake.person.p"),
            bus.request("intake.person.p", b"", PATIENT),
            bus.api("INFO", {}, PATIENT),
            bus.publish("intake.person.p", b""),
        ):
            async with at_once():
                with pytest.raises(BusAway):
                    await attempt


@pytest.mark.parametrize("turns", range(6))
async def test_leaving_a_bus_that_is_gone_is_no_error(tmp_path: Path, turns: int) -> None:
    """However far the loop has come in noticing it, and with something still to be sent."""
    server = NatsServer(tmp_path)
    await server.start()
    async with connected(server.url, "contract") as bus:
        server.kill()
        for _ in range(turns):
            await asyncio.sleep(0)
        with suppress(BusAway):
            await bus.publish("intake.person.p", b"for nobody")


async def test_a_bus_that_hangs_is_waited_for_no_longer_than_allowed(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "contract") as bus:
        await streams.apply(bus)
        store = EventStore(bus, VOCABULARY, timeout=0.3)
        server.pause()
        patient = asyncio.create_task(bus.request("$JS.API.INFO", b"", PATIENT))
        try:
            async with at_once():
                with pytest.raises(BusAway):
                    await store.load("intake.person.p")
                with pytest.raises(NoAnswer):
                    await bus.request("$JS.API.INFO", b"", 0.3)
            assert not patient.done()
        finally:
            server.resume()
        assert b"account_info" in (await patient).data
        assert (await store.load("intake.person.p")).position == 0


async def test_nobody_behind_a_subject_is_said_at_once(bus: Bus) -> None:
    async with at_once():
        with pytest.raises(BusAway):
            await bus.request("commands.nobody", b"", PATIENT)


async def test_who_is_told_to_end_ends_also_when_an_answer_comes_at_that_moment(bus: Bus) -> None:
    async def ask_on_and_on() -> None:
        for _ in range(5000):
            await bus.request("$JS.API.INFO", b"", PATIENT)

    for _ in range(30):
        asking = asyncio.create_task(ask_on_and_on())
        await asyncio.sleep(0.005)  # amidst it: each time at another point
        asking.cancel()
        await asyncio.wait([asking])
        assert asking.cancelled()


async def test_what_the_api_refuses_carries_its_number(bus: Bus) -> None:
    with pytest.raises(ApiError) as refusal:
        await bus.api("STREAM.INFO.NOTHING", {})

    assert refusal.value.number == streams.STREAM_NOT_FOUND
