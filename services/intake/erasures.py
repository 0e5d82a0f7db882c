"""Erasures that a restore of the stream has lost: applied again, by the commands that they were."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
import structlog
from faststream.nats import NatsBroker, NatsMessage

from services.intake import person
from services.intake.events import ErasureRefused, ErasureRequested, PersonErased
from services.intake.person import ErasePerson, RefuseErasure, RequestErasure
from shared.actors import own
from shared.command import SEND_AGAIN
from shared.context import Context
from shared.desk import Desk
from shared.envelope import Envelope
from shared.errors import SluseError
from shared.event_store import EventStore
from shared.handling import folded
from shared.subjects import erasures_subject

ACTOR = own("restore")

ErasureCommand: TypeAlias = RequestErasure | RefuseErasure | ErasePerson

_COMMANDS: Mapping[str, type[ErasureCommand]] = {
    ErasureRequested.__name__: RequestErasure,
    ErasureRefused.__name__: RefuseErasure,
    PersonErased.__name__: ErasePerson,
}

log = structlog.get_logger()


def open_erasures(broker: NatsBroker, desk: Desk, store: EventStore) -> None:
    """Take lost erasures on erasures.intake, from reporting alone: the bus grants it nobody else."""

    @broker.subscriber(erasures_subject(desk.service), queue=desk.service)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return msgspec.json.encode({"ok": await apply_again(desk, store, body)})


async def apply_again(desk: Desk, store: EventStore, body: bytes) -> bool:
    """Carry out each erasure's command, with its own id; False if one is to be sent again.

    What stands in the stream is not recorded twice; of a person who is gone as well, or erased by
    another command, there is nothing to erase. Any other refusal is for operators to look at.
    """
    for envelope in msgspec.json.decode(body, type=list[Envelope]):
        context = Context(
            actor=ACTOR,
            correlation_id=envelope.correlationid,
            causation_id=envelope.causationid,
            traceparent=envelope.traceparent,
        )
        reply = await desk.take(_command(envelope), context)
        if reply.error is None:
            continue
        code, about = reply.error.code, {"entity": envelope.subject, "event_id": envelope.id}
        if code in SEND_AGAIN:
            return False
        try:
            is_needless = await _is_needless(store, envelope)
        except SluseError as error:
            log.warning("erasure_not_looked_at", code=error.code, **about)
            return False
        if is_needless:
            log.info("nothing_to_erase", code=code, **about)
        else:
            log.error("erasure_not_applied", code=code, event_type=envelope.type, **about)
    return True


async def _is_needless(store: EventStore, erasure: Envelope) -> bool:
    """Whether it stands in the stream, or nothing is to be erased of its person any more."""
    history, state = await folded(store, person, _person_ref(erasure), fresh=True)
    return bool(history.of_command(erasure.commandid)) or state.standing != "registered"


def _person_ref(erasure: Envelope) -> str:
    return erasure.subject.rsplit(".", 1)[1]


def _command(erasure: Envelope) -> ErasureCommand:
    """The command that recorded the event."""
    data = msgspec.json.decode(erasure.data, type=dict[str, object])
    about = {
        "command_id": erasure.commandid,
        "person_ref": _person_ref(erasure),
        "late_reason": erasure.latereason or None,
        "origin": erasure.origin or None,
        "registered_at": erasure.registeredat,
    }
    return msgspec.convert({**data, **about}, _COMMANDS[erasure.type])
