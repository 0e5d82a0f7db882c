"""Reads a whole stream in order, from any position, without a gap and without end."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog
from msgspec import Struct
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.bus import ApiError, Bus, NoAnswer, ServerTooOld, header, instant
from shared.errors import BusAway, StreamGap, StreamShorter

PULL = 1000
EXPIRES_SECONDS = 30.0
HEARTBEAT_SECONDS = 2.0
RETRY_SECONDS = 0.2
LOOK_AROUND_SECONDS = 0.5
_SECOND = 1_000_000_000

log = structlog.get_logger()


class Message(Struct, frozen=True):
    """One stored message."""

    subject: str
    position: int
    recorded_at: datetime
    body: bytes

    def as_read(self) -> tuple[str, int, datetime, bytes]:
        """What a vocabulary needs to decode it."""
        return self.subject, self.position, self.recorded_at, self.body


async def read(bus: Bus, stream: str, after: int) -> AsyncGenerator[list[Message], None]:
    """All messages behind a position, in order, in lists of what has arrived; waits for more.

    Pulls by hand through a consumer without acknowledgements, which is made anew wherever the
    last one stopped: after a restart, a reconnection, a missed heartbeat. Raises StreamGap if the
    stream itself lacks a position, StreamShorter if it ends before `after`. Never ends by itself.
    """
    position = after
    said = ""
    while True:
        consumer = _Consumer(bus, stream, position)
        try:
            await consumer.open()
            while True:
                messages = await consumer.next_messages()
                if messages:
                    position = messages[-1].position
                    said = ""
                    yield messages
        except (_Lost, ApiError, NoAnswer, BusAway, ServerTooOld) as error:
            if said != str(error):  # once, not at every try
                said = str(error)
                log.info("reader_reopens", stream=stream, position=position, why=said)
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            await consumer.close()


class _Lost(Exception):
    """This consumer delivers no more, or not all."""


class _Consumer:
    """One ephemeral consumer, and the messages that it has delivered so far."""

    def __init__(self, bus: Bus, stream: str, after: int) -> None:
        self._bus = bus
        self._stream = stream
        self._name = f"reader-{secrets.token_hex(6)}"
        self._position = after
        self._delivered = 0
        self._asked = 0
        self._inbox: asyncio.Queue[Msg] = asyncio.Queue()
        self._reply = bus.client.new_inbox()
        self._subscription: Subscription | None = None
        self._connection = bus.connections
        self._ended: _Lost | StreamGap | None = None

    async def open(self) -> None:
        """Begin to listen; what was read must be there still."""
        last = await self._bus.last_position(self._stream)
        if last < self._position:
            raise StreamShorter(self._stream, self._position, last)
        self._connection = self._bus.connections
        self._subscription = await self._bus.client.subscribe(self._reply, cb=self._inbox.put)
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._position + 1,
            "ack_policy": "none",
            "mem_storage": True,
            "num_replicas": 1,
            "inactive_threshold": 60 * _SECOND,
        }
        await self._bus.api(
            f"CONSUMER.CREATE.{self._stream}.{self._name}",
            {"stream_name": self._stream, "config": config, "action": "create"},
        )

    async def close(self) -> None:
        """Let go of it; the server forgets it by itself if it can't be told."""
        if self._subscription is None:
            return
        try:
            await self._subscription.unsubscribe()
            await self._bus.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}", b"")
        except (NatsError, BusAway, ServerTooOld):
            log.debug("reader_not_closed", stream=self._stream)

    async def next_messages(self) -> list[Message]:
        """What has come; waits for one. Empty when the server only said that it is alive.

        What lies before a loss or a gap is given first; the next call raises it.
        """
        if self._ended is not None:
            raise self._ended
        if self._asked <= 0:
            await self._pull()
        arrived = [await self._first()]
        while not self._inbox.empty():
            arrived.append(self._inbox.get_nowait())
        return self._accepted(arrived)

    async def _first(self) -> Msg:
        """The next message; a consumer in memory does not outlive the server's restart."""
        deadline = asyncio.get_running_loop().time() + 2 * HEARTBEAT_SECONDS + 1
        while asyncio.get_running_loop().time() < deadline:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AROUND_SECONDS):
                    return await self._inbox.get()
            if self._bus.connections != self._connection:
                raise _Lost("connected anew")
        raise _Lost("no heartbeat")

    def _accepted(self, arrived: list[Msg]) -> list[Message]:
        messages: list[Message] = []
        try:
            for raw in arrived:
                message = self._accept(raw)
                if message is not None:
                    messages.append(message)
        except (_Lost, StreamGap) as ended:
            self._ended = ended
        return messages

    async def _pull(self) -> None:
        self._asked = PULL
        await self._bus.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}",
            msgspec.json.encode(
                {
                    "batch": PULL,
                    "expires": int(EXPIRES_SECONDS * _SECOND),
                    "idle_heartbeat": int(HEARTBEAT_SECONDS * _SECOND),
                }
            ),
            reply=self._reply,
        )

    def _accept(self, raw: Msg) -> Message | None:
        match header(raw, "Status"):
            case "":
                return self._message(raw)
            case "100":
                return None
            case "404" | "408" | "409" if _only_this_pull(raw):
                self._asked = 0
                return None
            case status:
                raise _Lost(f"{status} {header(raw, 'Description')}")

    def _message(self, raw: Msg) -> Message:
        message, delivered = stored(raw)
        self._asked -= 1
        if delivered != self._delivered + 1:
            raise _Lost(f"delivery {self._delivered + 1} is missing")
        if message.position != self._position + 1:
            raise StreamGap(self._stream, self._position + 1, message.position)
        self._delivered = delivered
        self._position = message.position
        return message


def stored(raw: Msg) -> tuple[Message, int]:
    """A message that a consumer delivered, and which of its deliveries it was.

    Both are told by the reply subject:
    $JS.ACK.[domain.account.]stream.consumer.times.stream_seq.consumer_seq.ns.pending[.token]
    """
    tokens = raw.reply.split(".")
    first = 2 if len(tokens) == 9 else 4
    position, delivered, nanoseconds = map(int, tokens[first + 3 : first + 6])
    return Message(raw.subject, position, instant(nanoseconds), raw.data), delivered


def _only_this_pull(raw: Msg) -> bool:
    """A pull that is over leaves its consumer alive; other 409s do not."""
    return header(raw, "Status") != "409" or "Batch Completed" in header(raw, "Description")
