"""A reaction: what a service does when another's events arrive, each until it is settled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from msgspec import Struct
from nats.js.api import ConsumerConfig

from shared.bus import Bus, NoAnswer
from shared.command import SEND_AGAIN, Command
from shared.desk import Desk
from shared.envelope import Recorded, Vocabulary
from shared.errors import NotYet, SluseError
from shared.event_store import EventStore
from shared.handling import Context
from shared.stream_reader import stored

RETRY_SECONDS = 1.0
PULL_SECONDS = 1.0  # a pull that a restart of the bus has swallowed is repeated after this

log = structlog.get_logger()

React: TypeAlias = Callable[[Recorded], Awaitable[None]]
"""Does what one event asks for; raises while that cannot be settled yet. It may be asked again."""


def subscribe(
    broker: NatsBroker, vocabulary: Vocabulary, subject: str, durable: str, react: React
) -> None:
    """React to another service's events on a subject, each at least once, in no certain order.

    The durable's name is a persisted contract: it knows what has been settled.
    """

    @broker.subscriber(
        subject,
        stream=JStream(vocabulary.stream, declare=False),
        durable=durable,
        pull_sub=PullSub(batch_size=1, timeout=PULL_SECONDS),
        ack_policy=AckPolicy.MANUAL,
        config=ConsumerConfig(ack_wait=30, max_deliver=-1, max_ack_pending=256),
    )
    async def take(message: NatsMessage) -> None:
        raw = message.raw_message
        if isinstance(raw, list):
            raise TypeError("one message at a time was asked for")
        stored_message, _ = stored(raw)
        try:
            # An undecodable event or an unknown type is tried again until a newer version runs:
            # the projections stop there and say so.
            await react(vocabulary.read(*stored_message.as_read()))
        except SluseError as error:
            log.warning(
                "reaction_waits",
                durable=durable,
                position=stored_message.position,
                code=error.code,
                why=error.message,
            )
            await message.nack(delay=RETRY_SECONDS)
        except Exception as error:  # FastStream would say nothing of it
            log.exception("reaction_failed", durable=durable, error=type(error).__name__)
            await message.nack(delay=RETRY_SECONDS)
        else:
            await message.ack()


async def issue(desk: Desk, command: Command, cause: Recorded, actor: str) -> bool:
    """Send the own service a command because of an event; whether it was carried out.

    NotYet if the same command may be answered otherwise later. A refusal is logged and settles it:
    trying again would change nothing, and hold up what waits for us.
    """
    context = Context(
        actor=actor,
        correlation_id=cause.envelope.correlationid,
        causation_id=cause.envelope.id,
        traceparent=cause.envelope.traceparent,
    )
    reply = await desk.take(command, context)
    if reply.error is None:
        return True
    if reply.error.code in SEND_AGAIN:
        raise NotYet(f"{type(command).__name__} was answered {reply.error.code}")
    log.error(
        "reaction_refused",
        command=type(command).__name__,
        code=reply.error.code,
        event_id=cause.envelope.id,
    )
    return False


class _Config(Struct):
    filter_subject: str


class _Acknowledged(Struct):
    stream_seq: int


class _Consumer(Struct):
    config: _Config
    ack_floor: _Acknowledged


async def settled(bus: Bus, vocabulary: Vocabulary, durable: str, wait: float) -> None:
    """Return once all that the service has recorded by now was reacted to; NotYet after `wait` seconds.

    By positions: the consumer's own count of what is pending lags behind the stream.
    """
    try:
        async with asyncio.timeout(wait):
            subject = (await _consumer(bus, vocabulary, durable)).config.filter_subject
            last = await EventStore(bus, vocabulary).last_position(subject)
            while True:
                if (await _consumer(bus, vocabulary, durable)).ack_floor.stream_seq >= last:
                    return
                await asyncio.sleep(0.02)
    except (TimeoutError, NoAnswer):
        raise NotYet(f"what {vocabulary.service} recorded has not been reacted to yet") from None


async def _consumer(bus: Bus, vocabulary: Vocabulary, durable: str) -> _Consumer:
    answer = await bus.api(f"CONSUMER.INFO.{vocabulary.stream}.{durable}", {})
    return msgspec.json.decode(answer, type=_Consumer)
