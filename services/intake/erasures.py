"""Erasures that a restore of the stream has lost: applied again, by the commands that they were."""

from collections.abc import Mapping

import msgspec
import structlog
from faststream.nats import NatsBroker, NatsMessage

from services.intake.events import ErasureRequested, PersonErased
from services.intake.person import ErasePerson, RequestErasure
from shared.actors import own
from shared.command import SEND_AGAIN
from shared.context import Context
from shared.desk import Desk
from shared.envelope import Envelope
from shared.subjects import erasures_subject

ACTOR = own("restore")

_COMMANDS: Mapping[str, type[RequestErasure | ErasePerson]] = {
    ErasureRequested.__name__: RequestErasure,
    PersonErased.__name__: ErasePerson,
}

log = structlog.get_logger()


def open_erasures(broker: NatsBroker, desk: Desk) -> None:
    """Take lost erasures on erasures.intake, from reporting alone: the bus grants it nobody else."""

    @broker.subscriber(erasures_subject(desk.service), queue=desk.service)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return msgspec.json.encode({"ok": await apply_again(desk, body)})


async def apply_again(desk: Desk, body: bytes) -> bool:
    """Carry out each erasure's command, with its own id; False if one is to be sent again.

    What stands in the stream is not recorded twice; of a person who is gone as well there is
    nothing to erase.
    """
    for envelope in msgspec.json.decode(body, type=list[Envelope]):
        context = Context(
            actor=ACTOR,
            correlation_id=envelope.correlationid,
            causation_id=envelope.causationid,
            traceparent=envelope.traceparent,
        )
        reply = await desk.take(_command(envelope), context)
        if reply.error is not None and reply.error.code in SEND_AGAIN:
            return False
        if reply.error is not None:
            log.warning("nothing_to_erase", code=reply.error.code, event_id=envelope.id)
    return True


def _command(erasure: Envelope) -> RequestErasure | ErasePerson:
    """The command that recorded the event."""
    data = msgspec.json.decode(erasure.data, type=dict[str, object])
    about = {
        "command_id": erasure.commandid,
        "person_ref": erasure.subject.rsplit(".", 1)[1],
        "late_reason": erasure.latereason or None,
        "origin": erasure.origin or None,
        "registered_at": erasure.registeredat,
    }
    return msgspec.convert({**data, **about}, _COMMANDS[erasure.type])
