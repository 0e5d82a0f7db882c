"""What is wrong with a stream itself: gaps, messages that are none of its events, events twice."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, suppress
from hashlib import sha256
from itertools import takewhile

import msgspec
from msgspec import Struct

from services.aftercare.events import VOCABULARY as AFTERCARE
from services.intake.events import VOCABULARY as INTAKE
from services.placement.events import VOCABULARY as PLACEMENT
from services.reporting.events import VOCABULARY as REPORTS
from shared.bus import Bus
from shared.envelope import Recorded, Vocabulary
from shared.errors import StreamGap, StreamProblem
from shared.operations.events import VOCABULARY as OPERATIONS
from shared.operations.events import MessageQuarantined
from shared.stream_reader import Message, read

VOCABULARIES: Mapping[str, Vocabulary] = {
    vocabulary.stream: vocabulary
    for vocabulary in (INTAKE, PLACEMENT, AFTERCARE, REPORTS, OPERATIONS)
}
SHOWN = 5


class Gap(Struct, frozen=True):
    """Positions that a stream lacks, both included."""

    first: int
    last: int


class Wrong(Struct, frozen=True):
    """A message that is no event of its stream, or one that stands there already."""

    position: int
    code: str
    why: str


class StreamFound(Struct, frozen=True):
    """What a stream holds up to a position."""

    stream: str
    last: int
    events: int
    gaps: tuple[Gap, ...]
    wrong: tuple[Wrong, ...]

    def said(self) -> str:
        """In words: the first few of each kind, and how many there are."""
        parts = [f"{self.events} events up to {self.last}"]
        if self.gaps:
            some = ", ".join(f"{gap.first}-{gap.last}" for gap in self.gaps[:SHOWN])
            parts.append(f"{len(self.gaps)} gaps: {some}")
        if self.wrong:
            some = ", ".join(f"{it.position} {it.code}" for it in self.wrong[:SHOWN])
            parts.append(f"{len(self.wrong)} messages are wrong: {some}")
        return "; ".join(parts)


class _State(Struct):
    first_seq: int
    deleted: list[int] = []


class _Info(Struct):
    state: _State


class StreamLook:
    """Looks at streams one after the other; what OPERATIONS has quarantined is no fault any more."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._quarantined: dict[tuple[str, int], str] = {}

    async def quarantined(self, last: int) -> None:
        """Learn which messages have been quarantined, up to a position of OPERATIONS."""
        async for message in messages(self._bus, OPERATIONS.stream, last, []):
            with suppress(StreamProblem):
                record = OPERATIONS.read(*message.as_read())
                match record.event:
                    case MessageQuarantined(stream=stream, position=position, digest=digest):
                        self._quarantined[stream, position] = digest

    async def at(self, stream: str, last: int) -> StreamFound:
        """Read all messages of a stream up to a position."""
        gaps: list[Gap] = []
        wrong: list[Wrong] = []
        ids: set[str] = set()
        events = 0
        async for message in messages(self._bus, stream, last, gaps):
            try:
                record = _recorded(stream, message)
            except StreamProblem as error:
                if not self._is_quarantined(stream, message):
                    wrong.append(Wrong(message.position, error.code, error.message))
                continue
            events += 1
            if record is not None and record.envelope.id in ids:
                why = f"{record.envelope.id} stands before it"
                wrong.append(Wrong(message.position, "TWICE", why))
            if record is not None:
                ids.add(record.envelope.id)
        return StreamFound(stream, last, events, tuple(gaps), tuple(wrong))

    def _is_quarantined(self, stream: str, message: Message) -> bool:
        digest = self._quarantined.get((stream, message.position))
        return digest == sha256(message.body).hexdigest()


def _recorded(stream: str, message: Message) -> Recorded | None:
    """The event; None in a stream whose events are not ours to read."""
    vocabulary = VOCABULARIES.get(stream)
    return None if vocabulary is None else vocabulary.read(*message.as_read())


async def messages(bus: Bus, stream: str, last: int, gaps: list[Gap]) -> AsyncIterator[Message]:
    """All that there is up to a position; every gap is noted in `gaps`."""
    after = 0
    end = await last_stored(bus, stream, last)
    while after < end:
        try:
            async with aclosing(read(bus, stream, after)) as lists:
                async for some in lists:
                    for message in takewhile(lambda it: it.position <= end, some):
                        after = message.position
                        yield message
                    if after >= end:
                        break
        except StreamGap as gap:
            gaps.append(Gap(gap.expected, gap.found - 1))
            after = gap.found - 1
    if after < last:
        gaps.append(Gap(after + 1, last))


async def last_stored(bus: Bus, stream: str, last: int) -> int:
    """The last position up to this one at which a message is stored, 0 if there is none.

    A reader would wait for ever for what is missing at a stream's end.
    """
    answer = await bus.api(f"STREAM.INFO.{stream}", {"deleted_details": True})
    state = msgspec.json.decode(answer, type=_Info).state
    deleted = frozenset(state.deleted)
    while last in deleted:
        last -= 1
    return last if last >= state.first_seq else 0
