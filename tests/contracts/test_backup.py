"""A backup is whole or none, taken under load; a restore gives the same positions, or says what differs."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from services.intake.events import VOCABULARY as INTAKE
from services.reporting.events import ReportIssued
from shared import streams
from shared.actors import own
from shared.bus import Bus, NoAnswer, connected
from shared.envelope import encode, encode_data
from shared.epoch import FIRST, epoch_of
from shared.errors import BusAway
from shared.event_store import EventStore
from shared.stream_reader import read
from shared.subjects import status_subject
from sluse.backup import manifest
from sluse.backup.manifest import Contradiction, Manifest, StreamEntry
from sluse.backup.restoring import (
    RestoredStream,
    RestoreInterrupted,
    ServerNotEmpty,
    ServicesRun,
    restore,
)
from sluse.backup.taking import NotEmpty, consumers, take
from tests.contracts.recording import an_append, an_event
from tests.servers import NatsServer, standalone

REPORT = Path(__file__).parent.parent / "samples" / "reports.report.ReportIssued.json"
PEOPLE = 40
DURABLE = "placement-persons-v1"


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with standalone(tmp_path / "source") as server:
        yield server


@pytest.fixture
async def bus(source: NatsServer) -> AsyncIterator[Bus]:
    """A server with the streams and some people in them."""
    async with connected(source.url, "operator") as connection:
        await streams.apply(connection)
        await record(connection, "before", PEOPLE)
        yield connection


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Bus]:
    """A server with nothing on it."""
    async with standalone(tmp_path / "empty") as server, connected(server.url, "operator") as to:
        yield to


async def record(bus: Bus, name: str, count: int) -> None:
    store = EventStore(bus, INTAKE)
    for number in range(count):
        await store.append([an_append(f"intake.person.{name}-{number}", 0)])


async def everything(bus: Bus, stream: str) -> list[tuple[str, int, str, bytes]]:
    last = await bus.last_position(stream)
    found: list[tuple[str, int, str, bytes]] = []
    while last > len(found):
        async for messages in read(bus, stream, len(found)):
            found += [(m.subject, m.position, str(m.recorded_at), m.body) for m in messages]
            break
    return found


async def test_a_restore_gives_the_same_messages_at_the_same_positions(
    bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    taken = await take(bus, tmp_path / "set")
    restored = await restore(empty, tmp_path / "set")
    assert restored.ok
    assert {it.stream: it.position for it in restored.streams} == taken.positions()
    assert taken.positions()["INTAKE"] == PEOPLE
    assert await everything(empty, "INTAKE") == await everything(bus, "INTAKE")
    await record(empty, "after", 1)
    assert await empty.last_position("INTAKE") == PEOPLE + 1


async def test_a_backup_under_load_holds_all_that_was_acknowledged_when_it_began(
    bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    written: list[int] = []

    async def load() -> None:
        store = EventStore(bus, INTAKE)
        while True:
            subject = f"intake.person.load-{len(written)}"
            written.append(await store.append([an_append(subject, 0)]))

    loading = asyncio.create_task(load())
    while len(written) < 100:
        await asyncio.sleep(0.01)
    acknowledged = written[-1]
    taken = await take(bus, tmp_path / "set")
    while written[-1] < taken.positions()["INTAKE"] + 100:
        await asyncio.sleep(0.01)
    loading.cancel()
    await asyncio.gather(loading, return_exceptions=True)
    restored = await restore(empty, tmp_path / "set")
    [intake] = [it for it in restored.streams if it.stream == "INTAKE"]
    assert intake.outcome in {"same", "more"}, intake
    assert acknowledged <= intake.expected <= intake.position < written[-1]
    there = await everything(empty, "INTAKE")
    assert there == (await everything(bus, "INTAKE"))[: intake.position]


async def test_whatever_is_derived_is_taken_before_its_source(bus: Bus, tmp_path: Path) -> None:
    await streams.apply(bus, streams={"PUBLIC_COUNCIL": "public.council.>"})
    taken = await take(bus, tmp_path / "set")
    order = [entry.stream for entry in taken.streams]
    assert order == [
        "PUBLIC_COUNCIL", "REPORTS", "OPERATIONS", "AFTERCARE", "PLACEMENT", "INTAKE",
    ]  # fmt: skip
    for earlier, later in zip(taken.streams, taken.streams[1:], strict=False):
        assert earlier.ended_at <= later.begun_at


async def test_a_restore_begins_an_epoch_of_its_own_each_time(
    bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    await take(bus, tmp_path / "set")
    assert (await epoch_of(bus, "INTAKE"))[0].id == FIRST
    restored = await restore(empty, tmp_path / "set")
    epoch, last = await epoch_of(empty, "INTAKE")
    assert (epoch.id, epoch.of, epoch.after, last) == (restored.epoch, FIRST, PEOPLE, PEOPLE)
    assert restored.epoch.startswith("2-")
    await take(empty, tmp_path / "second")
    async with (
        standalone(tmp_path / "third") as server,
        connected(server.url, "operator") as third,
    ):
        again = await restore(third, tmp_path / "second")
        applied = await streams.apply(third)
        epoch, _ = await epoch_of(third, "INTAKE")
    assert again.epoch.startswith("3-")
    assert (epoch.id, epoch.of) == (again.epoch, restored.epoch)
    assert {it.outcome for it in applied} == {"unchanged"}


async def test_a_consumer_goes_back_to_what_it_had_settled_before_anything_was_taken(
    source: NatsServer, bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    """Its later reactions may be recorded in a stream that was taken before: they are repeated."""
    await durable(bus)
    await acknowledge(bus, 10)

    def goes_on(entry: StreamEntry) -> None:
        if entry.stream == "PLACEMENT":
            thread = threading.Thread(target=asyncio.run, args=[acknowledge_at(source.url, 10)])
            thread.start()
            thread.join(10)

    taken = await take(bus, tmp_path / "set", goes_on)
    assert taken.streams[-1].floors == {DURABLE: 10}
    await restore(empty, tmp_path / "set")
    [consumer] = await consumers(empty, "INTAKE")
    assert (consumer.name, consumer.ack_floor.stream_seq) == (DURABLE, 10)
    assert await acknowledge(empty, 1) == [11]


async def acknowledge_at(url: str, count: int) -> None:
    async with connected(url, "reaction") as bus:
        await acknowledge(bus, count)
    async with connected(url, "reaction") as bus:
        [consumer] = [it for it in await consumers(bus, "INTAKE") if it.is_durable]
        assert consumer.ack_floor.stream_seq == 20


async def durable(bus: Bus) -> None:
    config = {
        "durable_name": DURABLE,
        "name": DURABLE,
        "ack_policy": "explicit",
        "filter_subject": "intake.*.*",
    }
    await bus.api(
        f"CONSUMER.CREATE.INTAKE.{DURABLE}",
        {"stream_name": "INTAKE", "config": config, "action": "create"},
    )


async def acknowledge(bus: Bus, count: int) -> list[int]:
    """Settle so many messages; their positions."""
    inbox = await bus.client.subscribe(bus.client.new_inbox())
    subject = f"$JS.API.CONSUMER.MSG.NEXT.INTAKE.{DURABLE}"
    await bus.client.publish(subject, json.dumps({"batch": count}).encode(), reply=inbox.subject)
    messages = [await inbox.next_msg(5) for _ in range(count)]
    for message in messages:
        await bus.request(message.reply, b"+ACK", 2)
    await inbox.unsubscribe()
    return [int(message.reply.split(".")[-4]) for message in messages]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES: list[tuple[str, Callable[[Path], object], str]] = [
    ("INTAKE.snapshot", flip, "INTAKE.snapshot is damaged"),
    ("REPORTS.snapshot", cut, "REPORTS.snapshot has"),
    ("PLACEMENT.snapshot", Path.unlink, "PLACEMENT.snapshot is missing"),
    ("manifest.json", Path.unlink, "not a whole backup"),
    ("manifest.json", cut, "cannot be read"),
    (
        "manifest.json",
        lambda path: path.write_text(path.read_text().replace('"position":40', '"position":39')),
        "its checksum is another one",
    ),
]


@pytest.mark.parametrize(("name", "damage", "why"), DAMAGES)
async def test_a_damaged_set_is_refused_and_nothing_is_restored(
    bus: Bus, empty: Bus, tmp_path: Path, name: str, damage: Callable[[Path], object], why: str
) -> None:
    await take(bus, tmp_path / "set")
    damage(tmp_path / "set" / name)
    with pytest.raises(Contradiction, match=why):
        await restore(empty, tmp_path / "set")
    assert json.loads(await empty.api("STREAM.NAMES", {}))["total"] == 0


def shorter(taken: Manifest) -> Manifest:
    """INTAKE as if it had been taken before the report was issued."""
    *rest, intake = taken.streams
    return replace(taken, streams=(*rest, replace(intake, position=12)))


def reversed_(taken: Manifest) -> Manifest:
    return replace(taken, streams=tuple(reversed(taken.streams)))


def without_intake(taken: Manifest) -> Manifest:
    return replace(taken, streams=taken.streams[:-1])


def overlapping(taken: Manifest) -> Manifest:
    *rest, intake = taken.streams
    earlier = replace(intake, begun_at=taken.streams[0].begun_at)
    return replace(taken, streams=(*rest, earlier))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (shorter, "REPORTS speaks of INTAKE 30, which ends at 12"),
        (reversed_, "taken in the order"),
        (without_intake, "INTAKE is not in it"),
        (overlapping, "INTAKE was begun before PLACEMENT was finished"),
    ],
)
async def test_a_set_that_contradicts_itself_is_refused(
    bus: Bus, empty: Bus, tmp_path: Path, change: Callable[[Manifest], Manifest], why: str
) -> None:
    await report(bus, "i30.p0.a0")
    taken = await take(bus, tmp_path / "set")
    (tmp_path / "set" / manifest.NAME).unlink()
    manifest.write(tmp_path / "set", change(taken))
    with pytest.raises(Contradiction, match=why):
        await restore(empty, tmp_path / "set")


async def report(bus: Bus, moment: str) -> None:
    event = msgspec.convert(
        {**json.loads(REPORT.read_text())["data"], "moment": moment}, ReportIssued
    )
    subject = "reports.report.r-1"
    envelope = an_event(subject, type="ReportIssued", data=encode_data(event))
    await bus.request(subject, encode(envelope), 2)


async def test_a_set_of_streams_that_contradict_each_other_is_said_to_do_so(
    bus: Bus, tmp_path: Path
) -> None:
    await report(bus, "i41.p0.a0")
    with pytest.raises(Contradiction, match="REPORTS speaks of INTAKE 41, which ends at 40"):
        await take(bus, tmp_path / "set")
    subject = "intake.person.reaction"
    reaction = an_event(subject, actor=own("x"), causationid="an-event-that-nobody-has")
    await bus.request(subject, encode(reaction), 2)
    with pytest.raises(Contradiction, match="INTAKE follows from 1 events"):
        await take(bus, tmp_path / "second")


async def test_nothing_is_restored_among_other_events_or_beside_a_running_service(
    bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    await take(bus, tmp_path / "set")
    with pytest.raises(ServerNotEmpty, match="INTAKE"):
        await restore(bus, tmp_path / "set")

    async def answers(message: object) -> None:
        """A service that is stuck is there all the same."""

    subscription = await empty.client.subscribe(status_subject("placement"), cb=answers)
    await empty.client.flush()
    with pytest.raises(ServicesRun, match="stop placement"):
        await restore(empty, tmp_path / "set")
    await subscription.unsubscribe()
    assert (await restore(empty, tmp_path / "set")).ok


async def test_a_restore_that_fails_on_the_way_says_what_is_there(bus: Bus, tmp_path: Path) -> None:
    await take(bus, tmp_path / "set")
    async with standalone(tmp_path / "dies") as server:

        def kill(stream: RestoredStream) -> None:
            if stream.stream == "PLACEMENT":
                server.kill()

        async with connected(server.url, "operator") as to:
            with pytest.raises(RestoreInterrupted) as failed:
                await restore(to, tmp_path / "set", said=kill)
        assert "on the server is INTAKE up to 40, PLACEMENT up to 0" in failed.value.message
        assert "missing is REPORTS, OPERATIONS: empty" in failed.value.message
        await server.start()
        async with connected(server.url, "operator") as to:
            with pytest.raises(ServerNotEmpty, match="INTAKE, PLACEMENT"):
                await restore(to, tmp_path / "set")


async def test_a_backup_that_fails_on_the_way_leaves_no_manifest(
    source: NatsServer, bus: Bus, tmp_path: Path
) -> None:
    with pytest.raises((BusAway, NoAnswer)):
        await take(
            bus,
            tmp_path / "set",
            lambda entry: source.kill() if entry.stream == "PLACEMENT" else None,
        )
    assert not (tmp_path / "set" / manifest.NAME).exists()
    with pytest.raises(Contradiction, match="not a whole backup"):
        manifest.read(tmp_path / "set")


async def test_a_backup_is_for_its_owner_alone_and_in_a_directory_of_its_own(
    bus: Bus, tmp_path: Path
) -> None:
    await take(bus, tmp_path / "set")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "set").iterdir()}
    assert modes == dict.fromkeys(
        ["manifest.json", *(f"{name}.snapshot" for name in manifest.ORDER)], 0o600
    )
    with pytest.raises(NotEmpty):
        await take(bus, tmp_path / "set")


async def test_a_stream_with_other_content_is_said_to_differ(
    bus: Bus, empty: Bus, tmp_path: Path
) -> None:
    taken = await take(bus, tmp_path / "set")
    (tmp_path / "set" / manifest.NAME).unlink()
    *rest, intake = taken.streams
    other = replace(intake, content="0" * 64, floors={"gone": 3})
    manifest.write(tmp_path / "set", replace(taken, streams=(*rest, other)))
    restored = await restore(empty, tmp_path / "set")
    assert not restored.ok
    [wrong] = [it for it in restored.streams if it.outcome == "differs"]
    assert wrong.stream == "INTAKE"
    assert "what stands up to 40 is not what stood there" in wrong.detail
    assert "the consumer gone is missing" in wrong.detail
