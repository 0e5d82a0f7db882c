"""What stands in a stream: a checksum over its messages, and what they speak of elsewhere."""

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from services.reporting.events import ReportIssued
from shared import moment
from shared.actors import is_own
from shared.bus import Bus
from shared.envelope import Recorded
from shared.errors import StreamProblem
from shared.operations.events import EventDiscarded, MessageQuarantined
from shared.stream_reader import Message
from shared.subjects import stream_of
from sluse.stream_checks import VOCABULARIES, messages


class Content(Struct):
    """`sha256`: over subject, position, instant and body of each message. `names`: the highest
    position in each other stream that its events speak of. `causes`: the ids of events to which
    sluse itself has reacted here. `positions`: where those events stand that somebody asked for.
    """

    sha256: str
    names: dict[str, int]
    causes: set[str]
    positions: dict[str, int]


async def content(
    bus: Bus, stream: str, last: int, asked_for: frozenset[str] = frozenset()
) -> Content:
    """Read a stream up to a position; what is none of its events counts for the checksum alone."""
    digest = hashlib.sha256()
    found = Content("", {}, set(), {})
    async for message in messages(bus, stream, last, []):
        digest.update(f"{message.subject} {message.position} {message.recorded_at} ".encode())
        digest.update(hashlib.sha256(message.body).digest())
        record = _recorded(stream, message)
        if record is not None:
            _note(found, record, asked_for)
    found.sha256 = digest.hexdigest()
    return found


def _recorded(stream: str, message: Message) -> Recorded | None:
    vocabulary = VOCABULARIES.get(stream)
    try:
        return vocabulary.read(*message.as_read()) if vocabulary else None
    except StreamProblem:
        return None


def _note(found: Content, record: Recorded, asked_for: frozenset[str]) -> None:
    envelope = record.envelope
    if envelope.id in asked_for:
        found.positions[envelope.id] = record.position
    if is_own(envelope.actor) and envelope.causationid != envelope.commandid:
        found.causes.add(envelope.causationid)
    for stream, position in _spoken_of(record):
        found.names[stream] = max(position, found.names.get(stream, 0))


def _spoken_of(record: Recorded) -> Iterator[tuple[str, int]]:
    match record.event:
        case ReportIssued(moment=written):
            yield from moment.parse_positions(written).items()
        case EventDiscarded(entity=subject, position=position):
            yield stream_of(subject.split(".", 1)[0]), position
        case MessageQuarantined(stream=stream, position=position):
            yield stream, position
