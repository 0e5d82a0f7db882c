"""The event store: load an entity's history, append to it with an expectation, or not at all."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from shared.bus import LEADERLESS, ApiError, Bus, NoAnswer, header
from shared.envelope import Envelope, Recorded, Vocabulary, encode
from shared.errors import BusAway, SluseError, StreamProblem, Unanswered, UnreadableHistory
from shared.recent import Recent

# "wrong last sequence", "another write in flight", "an id of the batch is in the window already"
CONFLICTS = frozenset({10071, 10164, 10201})
# The same may go through later: "id in process", "leader changed", "queue full", "the batch is
# incomplete" (its beginning went to a server that is gone), "too many batches at once"
PASSING = frozenset({10158, 10163, 10167, 10176, 10210}) | LEADERLESS
MESSAGE_NOT_FOUND = 10037
LARGEST_BATCH = 1000
PAGE = 256
REMEMBERED = 20_000  # events; with their envelopes some 40 MB


class History(Struct, frozen=True):
    """What is recorded of one entity; `position` is that of its last event, 0 if there is none."""

    subject: str
    position: int = 0
    records: tuple[Recorded, ...] = ()

    def of_command(self, command_id: str) -> tuple[Recorded, ...]:
        """The events that this command recorded here."""
        return tuple(r for r in self.records if r.envelope.commandid == command_id)


class Append(Struct, frozen=True):
    """Events for one entity, wanted right after the position that was read."""

    subject: str
    expected: int
    envelopes: tuple[Envelope, ...]


class StaleExpectation(SluseError):
    """Somebody else, or an earlier try of ours, has written meanwhile: read again.

    `number` is JetStream's err_code; 0 if it was no error of its own.
    """

    code = "CONFLICT"

    def __init__(self, description: str, number: int = 0) -> None:
        super().__init__(description)
        self.number = number


class Unacknowledged(SluseError):
    """Stored or not: nobody has said. Trying again with the same ids and expectation is safe."""

    code = "OUTCOME_UNKNOWN"


class NotStored(Unanswered):
    """The server refused to store anything: full, misconfigured."""

    code = "NOT_STORED"


class NotNow(NotStored):
    """Nothing of it is stored, and the same may be a moment later: read again, try again."""


class _Error(Struct):
    err_code: int = 0
    description: str = ""


class _Ack(Struct):
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


class _Message(Struct):
    seq: int


class _Found(Struct):
    message: _Message


_acks = msgspec.json.Decoder(_Ack)


class EventStore:
    """One service's stream: reads its entities and is the only one to write them."""

    def __init__(self, bus: Bus, vocabulary: Vocabulary, timeout: float = 2.0) -> None:
        """`timeout` in seconds is how long one request may take."""
        self.bus = bus
        self.vocabulary = vocabulary
        self.stream = vocabulary.stream
        self._timeout = timeout
        self._remembered: Recent[History] = Recent(REMEMBERED)

    async def load(self, subject: str, newest: int | None = None) -> History:
        """All events of one entity, at least up to the newest position, if the leader has named it.

        Any replica may answer, also one that is behind: harmless for deciding (the expectation
        finds out), wrong for refusing; hence `newest`.
        What was read before is remembered, so only what is new is asked for: a memory that is
        behind is as harmless as a replica that is. Raises BusAway, or UnreadableHistory.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout
        known = self._remembered.get(subject) or History(subject)
        if newest is not None and newest < known.position:
            known = History(subject)  # the stream was restored to an earlier state
            self._remembered.forget(subject)
        while True:
            known = await self._read_on(known)
            if known.position >= (newest or 0):
                return known
            if asyncio.get_running_loop().time() > deadline:
                raise BusAway
            await asyncio.sleep(0.01)  # a replica is behind its leader by milliseconds

    async def last_position(self, subject: str) -> int:
        """The position of the entity's last event, from the stream's leader; 0 if there is none."""
        try:
            answer = await self.bus.api(f"STREAM.MSG.GET.{self.stream}", {"last_by_subj": subject})
        except ApiError as error:
            if error.number == MESSAGE_NOT_FOUND:
                return 0
            raise
        except NoAnswer:
            raise BusAway from None
        return msgspec.json.decode(answer, type=_Found).message.seq

    async def append(self, appends: Sequence[Append]) -> int:
        """Store all events of all entities, or none; the answer is the last one's position.

        Raises StaleExpectation, Unacknowledged, NotNow, NotStored or BusAway. One event is a plain
        publish; several are an atomic batch, which costs the server more for few messages.
        """
        messages = [
            (append.subject, _headers(append, index, envelope), encode(envelope))
            for append in appends
            for index, envelope in enumerate(append.envelopes)
        ]
        if len(messages) > LARGEST_BATCH:
            raise NotStored(f"{len(messages)} events at once; {LARGEST_BATCH} is the limit")
        if len(messages) > 1:
            batch = uuid4().hex
            for number, (subject, headers, body) in enumerate(messages[:-1], start=1):
                headers |= {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                await self.bus.publish(subject, body, headers=headers)
            messages[-1][1].update(
                {
                    "Nats-Batch-Id": batch,
                    "Nats-Batch-Sequence": str(len(messages)),
                    "Nats-Batch-Commit": "1",
                }
            )
        subject, headers, body = messages[-1]
        try:
            answer = await self.bus.request(subject, body, self._timeout, headers)
        except NoAnswer:
            raise Unacknowledged(f"no acknowledgement for {subject}") from None
        return _position(answer)

    async def _read_on(self, known: History) -> History:
        """The history with what has come since."""
        more = True
        while more:
            page, more = await self._page(known.subject, known.position + 1)
            if page:
                records = (*known.records, *self._decoded(known.subject, page))
                known = History(known.subject, records[-1].position, records)
        self._remember(known)
        return known

    def _remember(self, history: History) -> None:
        known = self._remembered.get(history.subject)
        # Another reader of the same entity may have come further meanwhile.
        if history.records and (known is None or known.position <= history.position):
            self._remembered.keep(history.subject, history, len(history.records))

    async def _page(self, subject: str, first: int) -> tuple[list[Msg], bool]:
        """Messages of the subject from a position on, and whether there are more behind them."""
        question = {"seq": first, "next_by_subj": subject, "batch": PAGE}
        try:
            *page, end = await self.bus.gather(
                f"$JS.API.DIRECT.GET.{self.stream}",
                msgspec.json.encode(question),
                self._timeout,
                ends=lambda message: header(message, "Status") != "",
            )
        except NoAnswer:
            raise BusAway from None
        match header(end, "Status"):
            case "204":
                return page, int(header(end, "Nats-Num-Pending") or 0) > 0
            case "404":
                return page, False
            case _:
                raise BusAway

    def _decoded(self, subject: str, messages: list[Msg]) -> list[Recorded]:
        try:
            return [
                self.vocabulary.read(
                    subject,
                    int(header(message, "Nats-Sequence")),
                    datetime.fromisoformat(header(message, "Nats-Time-Stamp")).astimezone(UTC),
                    message.data,
                )
                for message in messages
            ]
        except StreamProblem as error:
            raise UnreadableHistory(error.message) from None


def _headers(append: Append, index: int, envelope: Envelope) -> dict[str, str]:
    headers = {"Nats-Msg-Id": envelope.id}
    if index == 0:  # later ones of a batch are checked against the state before the batch as well
        headers["Nats-Expected-Last-Subject-Sequence"] = str(append.expected)
    return headers


def _position(answer: Msg) -> int:
    ack = _acks.decode(answer.data)
    if ack.error is not None:
        error = ack.error
        if error.err_code in CONFLICTS:
            raise StaleExpectation(error.description, error.err_code)
        if error.err_code in PASSING:
            raise NotNow(error.description)
        raise NotStored(f"JetStream error {error.err_code}: {error.description}")
    if ack.duplicate:
        # The id was seen within two minutes: ours from an earlier try, or the same command id
        # with another content. Only the history can tell.
        raise StaleExpectation("the event's id is known already")
    return ack.seq
