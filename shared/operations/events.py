"""What operators did (stream OPERATIONS); every fold reads it, so a fresh one equals the live one."""

from typing import Annotated, TypeAlias

from msgspec import Meta

from shared.correction.commands import Subject
from shared.envelope import Event, Vocabulary
from shared.identifiers import Code, EntityId

StreamName = Annotated[str, Meta(pattern=r"^[A-Z0-9_]{1,40}(?!\n)$", description="A stream.")]
Position = Annotated[int, Meta(ge=1, description="A position in a stream.")]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="A SHA-256.")]


class ParkedEntityRetried(Event, frozen=True, kw_only=True):
    """Whoever has parked the entity is to fold it again, from its first event on."""

    entity: Subject
    reason: Code


class EventDiscarded(Event, frozen=True, kw_only=True):
    """Every fold leaves this event of the entity out, for ever; it stays in its stream.

    The id tells whether another event stands at the position since a restore.
    """

    entity: Subject
    position: Position
    event_id: EntityId
    event_type: str
    reason: Code


class MessageQuarantined(Event, frozen=True, kw_only=True):
    """A message that is no event of its stream is passed over by every reader; it stays there.

    `digest`: SHA-256 of its body, which tells whether another one stands there since a restore.
    """

    stream: StreamName
    position: Position
    digest: Digest
    reason: Code


ParkedEvent: TypeAlias = ParkedEntityRetried | EventDiscarded
QuarantineEvent: TypeAlias = MessageQuarantined

VOCABULARY = Vocabulary(
    "operations", {"parked": ParkedEvent, "quarantine": QuarantineEvent}, correctable=False
)
