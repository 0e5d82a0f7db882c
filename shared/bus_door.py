"""The door on the bus: a request to commands.<service>, answered by one of the service's replicas."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import msgspec
import structlog
from faststream.nats import NatsBroker, NatsMessage
from faststream.nats.security import NatsSecurity, NatsUserPassword
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from opentelemetry.trace import SpanKind

from shared import metrics, tracing
from shared.access.asking import CORRELATION, TRACEPARENT, presented, shown
from shared.access.gate import Gate
from shared.bus import PING_SECONDS, PINGS, RECONNECT_WAIT_SECONDS, Bus, NoAnswer, flushed
from shared.bus_login import BusLogin, login_of
from shared.bus_refusals import denial, refuse_denied
from shared.command import Reply, refused
from shared.command_schema import described
from shared.context import Context
from shared.desk import Desk
from shared.errors import BusAway, OutcomeUnknown, SluseError
from shared.reconnecting import next_try
from shared.subjects import commands_subject, schema_subject

WORKERS = 64

Answer: TypeAlias = Callable[[bytes, Context], Awaitable[Reply]]

log = structlog.get_logger()

_encoder = msgspec.json.Encoder()
_replies = msgspec.json.Decoder(Reply)


class CommandDoor:
    """Takes commands from the bus, each in a task of its own.

    FastStream's own workers are not used: while it stops it drops, unanswered, what it has fetched
    and not begun, and what still comes.
    """

    def __init__(self, broker: NatsBroker, desk: Desk, gate: Gate) -> None:
        self._desk = desk
        self._gate = gate
        self._room = asyncio.Semaphore(WORKERS)
        self._waiting = 0  # for room; what comes behind is still in the client's queue
        self._under_way: set[asyncio.Task[None]] = set()
        self._given_up = False
        # The queue group lets each request go to one replica.
        self._subscriber = broker.subscriber(
            commands_subject(desk.service), queue=desk.service, no_reply=True
        )
        self._subscriber(self._take)

    async def _take(self, message: NatsMessage) -> None:
        self._waiting += 1
        await self._room.acquire()
        self._waiting -= 1
        if self._given_up:
            self._room.release()
            return
        task = asyncio.create_task(self._answer(message), name=f"{self._desk.service} command")
        self._under_way.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._room.release()

    async def _answer(self, message: NatsMessage) -> None:
        raw = message.raw_message
        reply = await self._reply(message)
        if isinstance(raw, Msg) and raw.reply:
            with suppress(NatsError, OSError):  # nobody is there: the asker gives up by itself
                await raw.respond(_encoder.encode(reply))

    async def _reply(self, message: NatsMessage) -> Reply:
        try:
            context = await self._gate.admitted(shown(message.headers))
        except SluseError as error:
            log.info("refused", service=self._desk.service, code=error.code)
            metrics.answered(self._desk.service, metrics.UNREADABLE, "refused", error.code)
            return refused(error)
        body = message.body if isinstance(message.body, bytes) else b""
        service, parent = self._desk.service, context.traceparent
        with tracing.span(f"take {service}", SpanKind.SERVER, parent=parent):
            return await self._desk.answer(body, context)

    async def drain(self, timeout: float) -> None:
        """Take no more, and answer what was taken; what lasts longer than `timeout` seconds is given up.

        First the server is told, and has told that it knows: what it sent before is here by then.
        Only the first time: whoever has waited in vain, or was told to hurry, waits no more.
        """
        if self._given_up:
            return
        subscription, self._subscriber.subscription = self._subscriber.subscription, None
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    with suppress(NatsError, OSError):  # the bus is away: nothing more comes
                        if isinstance(subscription, Subscription):
                            await subscription.drain()  # type: ignore[no-untyped-call]
                    while self._under_way:
                        await asyncio.wait(self._under_way)
        finally:
            self._give_up(subscription)

    def _give_up(self, subscription: object) -> None:
        """End what is under way; what waits at the door would keep the broker from stopping."""
        self._given_up = True
        queued = subscription.pending_msgs if isinstance(subscription, Subscription) else 0
        if count := len(self._under_way) + self._waiting + queued:
            log.error("left_unanswered", service=self._desk.service, count=count)
        for task in self._under_way:
            task.cancel()


def open_door(broker: NatsBroker, desk: Desk, gate: Gate) -> CommandDoor:
    """Take commands from the bus once the broker starts, and tell what they look like."""

    @broker.subscriber(schema_subject(desk.service), queue=desk.service)
    async def describe(message: NatsMessage) -> bytes:
        return _encoder.encode(described(desk.commands))

    return CommandDoor(broker, desk, gate)


def forwarder(bus: Bus, service: str, timeout: float) -> Answer:
    """Ask whichever replica takes it, and always come back with a reply (seconds to wait)."""

    async def forward(body: bytes, context: Context) -> Reply:
        try:
            with tracing.span(f"forward to {service}", SpanKind.CLIENT):
                headers = {
                    CORRELATION: context.correlation_id,
                    TRACEPARENT: tracing.here(context.traceparent),
                }
                given = {name: value for name, value in headers.items() if value}
                given |= presented(context.token)
                message = await bus.request(commands_subject(service), body, timeout, given)
        except (NoAnswer, BusAway) as error:
            known: SluseError = OutcomeUnknown() if isinstance(error, NoAnswer) else error
            return refused(known)
        return _replies.decode(message.data)

    return forward


async def _as_it_came(message: NatsMessage) -> NatsMessage:
    """Handlers take the message itself.

    FastStream would guess what the body is, and its injection sends each message through a thread,
    which doubles the time of a command.
    """
    return message


def _security(login: BusLogin) -> NatsSecurity:
    if login.user:
        return NatsUserPassword(login.user, login.password, ssl_context=login.tls())
    return NatsSecurity(ssl_context=login.tls())


@asynccontextmanager
async def connected_broker(server: str | BusLogin, name: str) -> AsyncIterator[NatsBroker]:
    """A FastStream broker; subscribers are added and started by whoever gets it."""
    login = login_of(server)

    async def failed(error: Exception) -> None:
        if (denied := denial(error)) is not None:
            log.error("bus_denied", user=login.user, action=denied[0], subject=denied[1])

    broker = NatsBroker(
        login.servers,
        name=name,
        security=_security(login),
        inbox_prefix=login.inbox_prefix,
        error_cb=failed,
        logger=None,
        apply_types=False,
        decoder=_as_it_came,
        max_reconnect_attempts=-1,
        reconnect_to_server_handler=next_try,
        # annotated as int; nats-py hands it to asyncio.sleep, and a whole second is long
        reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]
        ping_interval=PING_SECONDS,
        max_outstanding_pings=PINGS,
        graceful_timeout=5.0,
    )
    try:
        yield broker
    finally:
        await stop(broker)


async def start(broker: NatsBroker) -> None:
    """Start the subscribers; returns when the server knows of them. Raises Denied."""
    await broker.start()
    await flushed(broker.connection)
    refuse_denied(broker.connection.last_error, broker.connection.options["user"] or "")


async def stop(broker: NatsBroker) -> None:
    """Take no more and finish what is under way; once more changes nothing."""
    try:
        await broker.stop()
    except* (NatsError, OSError):  # stopping while the bus is away raises, and leaves it half-way
        await broker.connection.close()
