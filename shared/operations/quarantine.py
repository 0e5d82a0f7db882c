"""A quarantine: a message that nobody can read is passed over, because an operator said so."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from shared.bus import Bus
from shared.claim import Claim
from shared.command import Command
from shared.errors import InvalidField, NotPossible, SluseError
from shared.event_store import EventStore
from shared.identifiers import Code
from shared.operations.events import (
    VOCABULARY,
    MessageQuarantined,
    Position,
    QuarantineEvent,
    StreamName,
)
from shared.stream_reader import Message
from shared.subjects import subject_of

NAME = "quarantine"


class QuarantineMessage(Command, frozen=True, kw_only=True):
    """Have every reader pass over a message that is no event of its stream."""

    stream: StreamName
    position: Position
    reason: Code


QuarantineCommand: TypeAlias = QuarantineMessage


class Quarantine(Struct, frozen=True):
    """Whether the message is passed over, and the digest of its body."""

    digest: str = ""


INITIAL = Quarantine()


class Known(Struct, frozen=True):
    """What stands at the position: its digest, and why it cannot be read.

    `digest` is empty where nothing stands. `code` is UNDECODABLE, UNKNOWN_EVENT_TYPE or empty for
    an event; NO_STREAM if the stream is none of those that are read.
    """

    digest: str = ""
    code: str = ""


def entity_id(command: QuarantineCommand) -> str:
    """One for each message."""
    return _id(command.stream, command.position)


def _id(stream: str, position: int) -> str:
    return f"{stream.lower().replace('_', '-')}-{position}"


def evolve(state: Quarantine, event: QuarantineEvent) -> Quarantine:
    return Quarantine(event.digest)


def permit(state: Quarantine, event: QuarantineEvent) -> None:
    """Once, unless another message stands there since a restore."""
    if state.digest == event.digest:
        raise NotPossible("the message is in quarantine already")


def decide(
    command: QuarantineCommand, state: Quarantine, at: datetime, known: Known
) -> Sequence[QuarantineEvent]:
    """Only what can never be read: an event that a newer version wrote waits for an upgrade."""
    if known.code == "NO_STREAM":
        raise InvalidField("$.stream", "no stream of this name is read")
    if not known.digest:
        raise InvalidField("$.position", "nothing stands at this position")
    if known.digest == state.digest:
        return []
    if known.code == "UNKNOWN_EVENT_TYPE":
        raise NotPossible("a newer version has written it: upgrade what stopped", "$.position")
    if known.code != "UNDECODABLE":
        raise NotPossible("it is an event of its stream: nothing stops at it", "$.position")
    event = MessageQuarantined(
        stream=command.stream,
        position=command.position,
        digest=known.digest,
        reason=command.reason,
    )
    permit(state, event)
    return [event]


def claims(quarantine: str, state: Quarantine, event: QuarantineEvent) -> Sequence[Claim]:
    """None."""
    return ()


def digest_of(body: bytes) -> str:
    """SHA-256 of a message's body, which tells it from another that stands there after a restore."""
    return hashlib.sha256(body).hexdigest()


async def is_passed_over(bus: Bus, stream: str, message: Message) -> bool:
    """Whether operators have put this very message in quarantine; False if that cannot be learnt.

    Read from OPERATIONS itself: a reader that stands at the message learns of nothing behind it.
    """
    subject = subject_of(VOCABULARY.service, NAME, _id(stream, message.position))
    try:
        history = await EventStore(bus, VOCABULARY).load(subject)
    except SluseError:
        return False
    state = INITIAL
    for record in history.records:
        if isinstance(record.event, MessageQuarantined):
            state = evolve(state, record.event)
    return state.digest == digest_of(message.body)
