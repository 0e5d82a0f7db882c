"""What aftercare does when others' events arrive: an ordinary employment makes it offer a plan."""

import asyncio

import msgspec
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from msgspec import Struct
from nats.js.api import ConsumerConfig

from services.aftercare.caseload import definition_on, placed
from services.aftercare.plan import OfferAftercare
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import EmploymentStarted
from shared.bus import Bus, NoAnswer
from shared.command import SEND_AGAIN
from shared.desk import Desk
from shared.envelope import Recorded
from shared.errors import NotYet, SluseError
from shared.handling import Context
from shared.identifiers import derived_id
from shared.stream_reader import stored
from shared.view import View

DURABLE = "aftercare-offers-v1"
RETRY_SECONDS = 1.0
PULL_SECONDS = 1.0  # a pull that a restart of the bus has swallowed is repeated after this
ACTOR = "sluse:aftercare"

log = structlog.get_logger()


def plan_id(placement: str, employment: EmploymentStarted) -> str:
    """The plan that an employment makes: the same for everybody who can name the employment."""
    return derived_id("aftercare", placement, employment.start_on.isoformat())


async def offer(record: Recorded, view: View, desk: Desk) -> None:
    """Offer aftercare for an ordinary employment; raises while that cannot be settled yet."""
    event = record.event
    if not isinstance(event, EmploymentStarted):
        return
    await view.catch_up()
    placement = record.envelope.subject.rsplit(".", 1)[1]
    about = await placed(view, placement)
    if about is None:
        raise NotYet("the employment's placement is not known here yet")
    definition = await definition_on(view, about.programme, event.start_on)
    if definition is None:
        raise NotYet("the placement's programme is not known here yet")
    if not definition.counted_employment.counts(event.kind, event.weekly_minutes):
        return
    command = OfferAftercare(
        command_id=derived_id("offer", record.envelope.id),
        plan=plan_id(placement, event),
        placement=placement,
        enrolment=about.enrolment,
        person_ref=about.person_ref,
        programme=about.programme,
        company=about.company,
        offered_on=event.start_on,
        anchor_on=event.start_on,
        late_reason=record.envelope.latereason or None,
        origin=record.envelope.origin or None,  # type: ignore[arg-type]
        registered_at=record.envelope.registeredat,
    )
    context = Context(
        actor=ACTOR,
        correlation_id=record.envelope.correlationid,
        causation_id=record.envelope.id,
        traceparent=record.envelope.traceparent,
    )
    reply = await desk.take(command, context)
    if reply.error is not None and reply.error.code in SEND_AGAIN:
        raise NotYet(f"the offer was answered {reply.error.code}")
    if reply.error is not None:  # trying again would change nothing, and hold up what waits for us
        log.error("offer_refused", code=reply.error.code, event_id=record.envelope.id)


class _Consumer(Struct):
    num_pending: int = 0
    num_ack_pending: int = 0


async def settled(bus: Bus, wait: float) -> None:
    """Return once all that placement has recorded was reacted to; NotYet after `wait` seconds."""
    try:
        async with asyncio.timeout(wait):
            while True:
                answer = await bus.api(f"CONSUMER.INFO.{PLACEMENT.stream}.{DURABLE}", {})
                left = msgspec.json.decode(answer, type=_Consumer)
                if left.num_pending + left.num_ack_pending == 0:
                    return
                await asyncio.sleep(0.02)
    except (TimeoutError, NoAnswer):
        raise NotYet("what placement recorded has not been reacted to yet") from None


def subscribe(broker: NatsBroker, view: View, desk: Desk) -> None:
    """React to placement's events, each until it is settled; repeating one changes nothing."""

    @broker.subscriber(
        "placement.placement.*",
        stream=JStream("PLACEMENT", declare=False),
        durable=DURABLE,
        pull_sub=PullSub(batch_size=1, timeout=PULL_SECONDS),
        ack_policy=AckPolicy.MANUAL,
        config=ConsumerConfig(ack_wait=30, max_deliver=-1, max_ack_pending=256),
    )
    async def react(message: NatsMessage) -> None:
        raw = message.raw_message
        if isinstance(raw, list):
            raise TypeError("one message at a time was asked for")
        stored_message, _ = stored(raw)
        try:
            # An undecodable event or an unknown type is tried again until a newer version runs:
            # the projections stop there and say so.
            await offer(PLACEMENT.read(*stored_message.as_read()), view, desk)
        except SluseError as error:
            log.warning(
                "reaction_waits",
                position=stored_message.position,
                code=error.code,
                why=error.message,
            )
            await message.nack(delay=RETRY_SECONDS)
        except Exception as error:  # FastStream would say nothing of it
            log.exception("reaction_failed", error=type(error).__name__)
            await message.nack(delay=RETRY_SECONDS)
        else:
            await message.ack()
