"""A reader gives all of a stream, in order, once, whatever happens to servers and consumers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import stream_reader
from shared.bus import Bus, NoAnswer, connected, header
from shared.errors import BusAway, StreamGap
from shared.stream_reader import Message, _Consumer, _Lost, read
from tests.contracts.conftest import Nats, make
from tests.contracts.patience import at_once
from tests.contracts.recording import last_position, leader
from tests.servers import NatsServer, standalone, three_nodes


@pytest.fixture
async def stream(nats: Nats) -> str:
    """A stream of the test's own."""
    return await made(nats)


async def made(nats: Nats) -> str:
    name = f"READ{uuid4().hex[:8].upper()}"
    await make(nats, {name: f"{name.lower()}.>"})
    return name


async def write(bus: Bus, stream: str, count: int) -> None:
    for _ in range(count):
        await bus.request(f"{stream.lower()}.x", b"{}", 5)


async def write_surely(bus: Bus, stream: str, count: int) -> None:
    """Also while servers come and go; what is written twice is two messages."""
    for _ in range(count):
        while True:
            try:
                answer = await bus.request(f"{stream.lower()}.x", b"{}", 2)
            except (BusAway, NoAnswer):
                await asyncio.sleep(0.1)  # between two tries: the next answer says it
                continue
            if b'"seq"' in answer.data:
                break


async def take(bus: Bus, stream: str, after: int, up_to: int) -> list[Message]:
    messages: list[Message] = []
    async with asyncio.timeout(30), aclosing(read(bus, stream, after)) as reading:
        async for some in reading:
            messages += some
            if messages[-1].position >= up_to:
                break
    return messages


def positions(messages: list[Message]) -> list[int]:
    return [message.position for message in messages]


async def delete(bus: Bus, stream: str, position: int) -> None:
    await bus.api(f"STREAM.MSG.DELETE.{stream}", {"seq": position})


async def consumers(bus: Bus, stream: str) -> list[str]:
    answer = msgspec.json.decode(await bus.api(f"CONSUMER.NAMES.{stream}", {}))
    return list(answer["consumers"] or [])


class Reading:
    """Somebody who reads on and on."""

    def __init__(self, bus: Bus, stream: str) -> None:
        self.seen: list[int] = []
        self._moved = asyncio.Event()
        self.task = asyncio.create_task(self._go(bus, stream))

    async def _go(self, bus: Bus, stream: str) -> None:
        async for messages in read(bus, stream, 0):
            self.seen += positions(messages)
            self._moved.set()

    async def until(self, position: int) -> None:
        async with asyncio.timeout(40):
            while not self.seen or self.seen[-1] < position:
                self._moved.clear()
                await self._moved.wait()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def reading(bus: Bus, stream: str) -> AsyncIterator[Reading]:
    somebody = Reading(bus, stream)
    yield somebody
    await somebody.stop()


@pytest.mark.parametrize("after", [0, 1, 1499, 2499])
async def test_all_messages_come_in_order_from_any_position(
    bus: Bus, stream: str, after: int
) -> None:
    for _ in range(2499):
        await bus.publish(f"{stream.lower()}.x", b"{}")
    await write(bus, stream, 1)
    messages = await take(bus, stream, after, 2500)
    assert list(range(after + 1, 2501)) == positions(messages)


async def test_what_is_written_later_comes_too(bus: Bus, stream: str, reading: Reading) -> None:
    for position in range(1, 6):
        await write(bus, stream, 1)
        await reading.until(position)
    assert reading.seen == [1, 2, 3, 4, 5]


async def test_a_reader_survives_the_loss_of_its_consumer(
    bus: Bus, stream: str, reading: Reading
) -> None:
    for turn in range(1, 4):
        await write(bus, stream, 5)
        await reading.until(5 * turn)
        for consumer in await consumers(bus, stream):
            await bus.api(f"CONSUMER.DELETE.{stream}.{consumer}", {})
    await write(bus, stream, 5)
    await reading.until(20)
    assert list(range(1, 21)) == reading.seen


async def test_a_message_that_is_gone_stops_the_reader_where_it_begins(
    bus: Bus, stream: str
) -> None:
    await write(bus, stream, 5)
    await delete(bus, stream, 3)
    with pytest.raises(StreamGap) as gap:
        await take(bus, stream, 2, 5)
    assert f"{stream}: position 3 is missing, the next one is 4" == gap.value.message


async def test_a_message_that_is_gone_stops_the_reader_right_before_it(
    bus: Bus, stream: str
) -> None:
    await write(bus, stream, 5)
    await delete(bus, stream, 4)
    somebody = Reading(bus, stream)
    with pytest.raises(StreamGap):
        await asyncio.wait_for(somebody.task, 10)
    assert somebody.seen == [1, 2, 3]


async def heard(nats: Nats, subject: str, times: int, status: str = "") -> None:
    """Return when this has been said on the bus so many times."""
    async with connected(nats.url, "listener") as bus, asyncio.timeout(60):
        said = await bus.client.subscribe(subject)
        while times:
            times -= header(await said.next_msg(timeout=60), "Status") == status


async def test_an_idle_stream_is_read_in_peace(bus: Bus, nats: Nats, stream: str) -> None:
    await write(bus, stream, 1)
    before = asyncio.all_tasks()
    somebody = Reading(bus, stream)
    await somebody.until(1)
    with structlog.testing.capture_logs() as logs:
        await heard(nats, "_INBOX.>", 3, status="100")
        await write(bus, stream, 1)
        await somebody.until(2)
        async with at_once():
            await somebody.stop()
    assert [entry["event"] for entry in logs] == []
    assert before == asyncio.all_tasks()
    await bus.client.flush()
    async with asyncio.timeout(5):
        while await consumers(bus, stream):
            await asyncio.sleep(0.01)


async def test_an_idle_reader_outlives_its_pull_requests(
    bus: Bus, nats: Nats, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_reader, "EXPIRES_SECONDS", 1)
    monkeypatch.setattr(stream_reader, "HEARTBEAT_SECONDS", 0.25)
    somebody = Reading(bus, stream)
    await write(bus, stream, 1)
    await somebody.until(1)
    with structlog.testing.capture_logs() as logs:
        await heard(nats, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.>", 2)
        await write(bus, stream, 2)
        await somebody.until(3)
        await somebody.stop()
    assert somebody.seen == [1, 2, 3]
    assert [entry["event"] for entry in logs] == []


async def test_a_reader_survives_the_death_of_its_server(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "reader") as bus:
        stream = await made(Nats(server.url, 1))
        somebody = Reading(bus, stream)
        await write(bus, stream, 10)
        for turn in range(2, 4):
            server.kill()
            await server.start()
            await write_surely(bus, stream, 10)
            await somebody.until(10 * turn)
        await somebody.until(await bus.last_position(stream))
        await somebody.stop()
        assert list(range(1, len(somebody.seen) + 1)) == somebody.seen


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["the stream's leader", "the reader's own server"])
async def test_a_reader_survives_the_death_of_a_node(tmp_path: Path, dies: str) -> None:
    async with three_nodes(tmp_path) as cluster, connected(cluster.url, "reader") as bus:
        stream = await made(Nats(cluster.url, 3))
        somebody = Reading(bus, stream)
        await write(bus, stream, 20)
        await somebody.until(20)
        victim = await _victim(bus, cluster.servers, stream, dies)
        writing = asyncio.create_task(write_surely(bus, stream, 200))
        victim.kill()
        await writing
        await somebody.until(await last_position(bus, stream))
        await victim.start()
        await write_surely(bus, stream, 20)
        await somebody.until(await last_position(bus, stream))
        await somebody.stop()
        assert list(range(1, len(somebody.seen) + 1)) == somebody.seen


async def _victim(bus: Bus, servers: list[NatsServer], stream: str, dies: str) -> NatsServer:
    if dies == "the stream's leader":
        name = await leader(bus, stream)
        return next(server for server in servers if server.name == name)
    url = bus.client.connected_url
    assert url is not None
    return next(server for server in servers if server.port == url.port)


def delivered(position: int, delivery: int, reply: str = "$JS.ACK.S.c.1") -> Msg:
    return Msg(Client(), "s.x", f"{reply}.{position}.{delivery}.1700000000123456789.4", b"{}")


def consumer(after: int) -> _Consumer:
    return _Consumer(Bus(Client()), "S", after)


def test_a_message_lost_on_the_way_is_no_gap() -> None:
    reader = consumer(after=7)
    assert positions(reader._accepted([delivered(8, 1), delivered(10, 3)])) == [8]
    assert isinstance(reader._ended, _Lost)


def test_a_position_that_was_never_delivered_is_a_gap() -> None:
    reader = consumer(after=7)
    assert positions(reader._accepted([delivered(8, 1), delivered(10, 2)])) == [8]
    assert isinstance(reader._ended, StreamGap)


def test_a_message_is_never_taken_twice() -> None:
    reader = consumer(after=7)
    assert positions(reader._accepted([delivered(8, 1), delivered(8, 1), delivered(9, 2)])) == [8]
    assert isinstance(reader._ended, _Lost)


@pytest.mark.parametrize("reply", ["$JS.ACK.S.c.1", "$JS.ACK.hub.account.S.c.1"])
def test_an_instant_is_cut_to_the_microsecond(reply: str) -> None:
    (message,) = consumer(after=7)._accepted([delivered(8, 1, reply)])
    assert message.recorded_at.isoformat() == "2023-11-14T22:13:20.123456+00:00"
    assert message.position == 8


@pytest.mark.parametrize("status", ["409", "503", "400"])
def test_a_consumer_that_is_over_is_lost(status: str) -> None:
    reader = consumer(after=7)
    over = Msg(Client(), "s.x", "", b"", {"Status": status, "Description": "Consumer Deleted"})
    assert reader._accepted([over]) == []
    assert isinstance(reader._ended, _Lost)
