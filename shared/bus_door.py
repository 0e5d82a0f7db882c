"""The door on the bus: a request to commands.<service>, answered by one of the service's replicas."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import msgspec
from faststream.nats import NatsBroker, NatsMessage
from nats.errors import Error as NatsError

from shared.bus import RECONNECT_WAIT_SECONDS, Bus, NoAnswer
from shared.command import Reply, refused
from shared.command_schema import described
from shared.desk import Desk
from shared.errors import BusAway, OutcomeUnknown, SluseError
from shared.handling import Context, context_of
from shared.subjects import commands_subject, schema_subject

CORRELATION = "Sluse-Correlation-Id"
TRACEPARENT = "traceparent"
WORKERS = 64

Answer: TypeAlias = Callable[[bytes, Context], Awaitable[Reply]]

_encoder = msgspec.json.Encoder()
_replies = msgspec.json.Decoder(Reply)


def open_door(broker: NatsBroker, desk: Desk) -> None:
    """Take commands from the bus, and tell what they look like.

    The queue group lets each request go to one replica.
    """

    @broker.subscriber(commands_subject(desk.service), queue=desk.service, max_workers=WORKERS)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return _encoder.encode(await desk.answer(body, _context(message.headers)))

    @broker.subscriber(schema_subject(desk.service), queue=desk.service)
    async def describe(message: NatsMessage) -> bytes:
        return _encoder.encode(described(desk.commands))


def forwarder(bus: Bus, service: str, timeout: float) -> Answer:
    """Ask whichever replica takes it, and always come back with a reply (seconds to wait)."""

    async def forward(body: bytes, context: Context) -> Reply:
        headers = {CORRELATION: context.correlation_id, TRACEPARENT: context.traceparent}
        given = {name: value for name, value in headers.items() if value}
        try:
            message = await bus.request(commands_subject(service), body, timeout, given)
        except (NoAnswer, BusAway) as error:
            known: SluseError = OutcomeUnknown() if isinstance(error, NoAnswer) else error
            return refused(known)
        return _replies.decode(message.data)

    return forward


def _context(headers: Mapping[str, str]) -> Context:
    return context_of(headers.get(CORRELATION, ""), headers.get(TRACEPARENT, ""))


async def _as_it_came(message: NatsMessage) -> NatsMessage:
    """Handlers take the message itself.

    FastStream would guess what the body is, and its injection sends each message through a thread,
    which doubles the time of a command.
    """
    return message


@asynccontextmanager
async def connected_broker(url: str, name: str) -> AsyncIterator[NatsBroker]:
    """A FastStream broker; subscribers are added and started by whoever gets it."""
    broker = NatsBroker(
        url.split(","),
        name=name,
        logger=None,
        apply_types=False,
        decoder=_as_it_came,
        max_reconnect_attempts=-1,
        # annotated as int; nats-py hands it to asyncio.sleep, and a whole second is long
        reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]
        graceful_timeout=5.0,
    )
    try:
        yield broker
    finally:
        with suppress(NatsError, OSError):  # stopping while NATS is away raises
            await broker.stop()


async def start(broker: NatsBroker) -> None:
    """Start the subscribers; returns when the server knows of them."""
    await broker.start()
    await broker.connection.flush()
