"""Load, fold, decide, append: the one way in which a command becomes events."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, get_args

from msgspec import Struct

from shared import claim
from shared.actors import is_own
from shared.clock import now
from shared.command import (
    Command,
    EventRef,
    Reply,
    Warning,
    accepted,
    digest,
    refuse_future_registration,
)
from shared.correction.effective import effective
from shared.decider import Decider
from shared.decision import Asked, Decided, Work
from shared.envelope import Envelope, Event, Recorded, Vocabulary, encode_data
from shared.errors import Conflict, Forbidden, OutcomeUnknown, Refused, SluseError, Unanswered
from shared.event_store import (
    Append,
    EventStore,
    History,
    NotNow,
    StaleExpectation,
    Unacknowledged,
)
from shared.fact_days import refuse_impossible_days
from shared.identifiers import derived_id, looks_like_cpr
from shared.subjects import subject_of

ATTEMPTS = 12

C = TypeVar("C", bound=Command)
S = TypeVar("S")
E = TypeVar("E", bound=Event)
K = TypeVar("K")

WARNINGS = {
    "LATE": "registered later than the programme's limit",
    "OUTSIDE_PROGRAMME": "before the programme's start, or after its end and goal window",
    "DURATION_LIMIT": "a practice longer than the limit for the target group on its first day",
    "STAFF_RATIO": "more trainees on that day than the company's staff allows",
    "IMPLAUSIBLE": "more paid hours than a week has room for, or over twice the agreed ones",
}


_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Context(Struct, frozen=True, kw_only=True):
    """Who asks, and what led to it."""

    actor: str = "anonymous"
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""


def context_of(correlation_id: str, traceparent: str) -> Context:
    """What a door was told beside the body; what has not the shape, or betrays a person, is dropped."""
    correlates = _CORRELATION_ID.fullmatch(correlation_id) and not looks_like_cpr(correlation_id)
    return Context(
        actor="local",
        correlation_id=correlation_id if correlates else "",
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
    )


class Handling(Generic[C, S, E, K]):
    """How the commands of one entity are carried out.

    `look_up(command, state, fresh)` finds what lies outside the entity; `fresh` asks for nothing
    older than this moment. `flags(command, known, at)` are the codes of warnings, or a refusal.
    For corrections: `vet(entity_id, event, state, at, fresh)` are the codes of warnings about an event's new
    data, or a refusal, `state` being what they lead to; `programme_of(state)` is whose reports may
    have used the entity (None: anybody's); `fixed` are fields that the entity's id is made of;
    what is not `correctable` is never corrected nor retracted.
    `own`: the commands that only a reaction or the clock may send.
    """

    def __init__(
        self,
        decider: Decider[C, S, E, K],
        look_up: Callable[[C, S, bool], Awaitable[K]],
        flags: Callable[[C, K, datetime], Sequence[str]] = lambda command, known, at: (),
        *,
        vet: Callable[[str, E, S, datetime, bool], Awaitable[Sequence[str]]] | None = None,
        programme_of: Callable[[S], str | None] = lambda state: None,
        fixed: Collection[str] = (),
        correctable: bool = True,
        own: Collection[type[Command]] = (),
    ) -> None:
        self.decider = decider
        self.look_up = look_up
        self.flags = flags
        self.vet = vet
        self.programme_of = programme_of
        self.fixed = fixed
        self.correctable = correctable
        self.own = own

    @property
    def name(self) -> str:
        """The kind of entity, as it stands in the subject."""
        return self.decider.NAME

    def entity_id(self, command: C) -> str:
        """Which entity the command is for."""
        return self.decider.entity_id(command)

    async def decided(self, command: C, history: History, asked: Asked) -> Decided:
        """What follows from the command after this history; refuses what is not possible."""
        state = _state(self.decider, history, asked.vocabulary)
        refuse_impossible_days(command, asked.at)
        if type(command) in self.own and not is_own(asked.actor):
            raise Forbidden(f"{type(command).__name__} follows from what others recorded")
        known = await self.look_up(command, state, asked.fresh)
        flags = self.flags(command, known, asked.at)
        events = self.decider.decide(command, state, asked.at, known)
        claims: list[claim.Claim] = []
        for event in events:
            claims += self.decider.claims(self.entity_id(command), state, event)
            state = self.decider.evolve(state, event)
        return Decided(events, claims, flags)


AnyHandling: TypeAlias = Handling[Any, Any, Any, Any]


async def nothing(command: Command, state: object, fresh: bool) -> None:
    """The look-up of an entity whose rules need nothing else."""


def by_command(handling: AnyHandling, commands: Any) -> dict[type[Command], Any]:
    """A union of commands, each with the handling."""
    return dict.fromkeys(get_args(commands) or (commands,), handling)


Issued: TypeAlias = Callable[[str | None, str, int], Awaitable[str | None]]
"""`issued(programme, stream, position)`: the id of a report that used what stands there, if any."""


async def nothing_issued(programme: str | None, stream: str, position: int) -> str | None:
    """Where no reports are issued."""


class Handler:
    """Carries out commands on one service's stream."""

    def __init__(
        self,
        store: EventStore,
        digest_key: bytes,
        clock: Callable[[], datetime] = now,
        issued: Issued = nothing_issued,
    ) -> None:
        self._store = store
        self._digest_key = digest_key
        self._clock = clock
        self.issued = issued

    async def handle(self, work: Work[C], command: C, context: Context) -> Reply:
        """The answer to a command; raises Refused or Unanswered.

        A refusal is given only on what the leader and the views' streams had when it was asked
        for: what a replica or a view has not seen yet must not become a "no".
        """
        sent = fresh = False
        beaten: SluseError = Conflict("others were faster, several times over: look again")
        for attempt in range(ATTEMPTS):
            try:
                return await self._attempt(work, command, context, fresh)
            except StaleExpectation:
                pass
            except NotNow as error:
                beaten = error
            except Unacknowledged:
                sent = True
            except Unanswered:
                if sent:
                    raise OutcomeUnknown from None
                raise
            except Refused:
                if sent:  # what was sent may still be stored: no time to say "no"
                    raise OutcomeUnknown from None
                if fresh:
                    raise
                fresh = True
                continue
            fresh = True
            # let others finish
            await asyncio.sleep(random.uniform(0, 0.005 * 2 ** min(attempt, 6)))
        if sent:
            raise OutcomeUnknown
        raise beaten

    async def _attempt(self, work: Work[C], command: C, context: Context, fresh: bool) -> Reply:
        history = await _history(self._store, work.name, work.entity_id(command), fresh)
        if earlier := history.of_command(command.command_id):
            return self._first_answer(earlier, command)
        _expect(command, history)
        at = self._clock()
        refuse_future_registration(command, at)
        asked = Asked(self._store.vocabulary, context.actor, at, fresh)
        decided = await work.decided(command, history, asked)
        if not decided.events:
            if not fresh:
                raise _Unconfirmed("nothing to do")
            return accepted(history.position, [], [])
        stamp = _Stamp(
            self._store, command, context, at, decided.flags, digest(command, self._digest_key)
        )
        own = stamp.append(history, decided.events)
        appends = [stamp.append(*await self._settle(it, fresh)) for it in decided.claims]
        # The entity's own events come last: the acknowledgement's position is the entity's.
        position = await self._store.append([*(a for a in appends if a.envelopes), own])
        return _answer(position, own.envelopes)

    async def _settle(
        self, wanted: claim.Claim, fresh: bool
    ) -> tuple[History, Sequence[claim.ClaimEvent]]:
        history = await _history(self._store, wanted.name, wanted.key, fresh)
        holder = claim.holder_of(record.event for record in history.records)
        return history, claim.decide(wanted, holder)

    def _first_answer(self, earlier: Sequence[Recorded], command: Command) -> Reply:
        if earlier[0].envelope.commanddigest != digest(command, self._digest_key):
            raise Conflict("this command_id was used for another command", "$.command_id")
        return _answer(earlier[-1].position, [record.envelope for record in earlier])


async def folded(
    store: EventStore, decider: Decider[C, S, E, K], entity_id: str, fresh: bool
) -> tuple[History, S]:
    """An entity's history and state; `fresh`: not older than this moment."""
    history = await _history(store, decider.NAME, entity_id, fresh)
    return history, _state(decider, history, store.vocabulary)


def _state(decider: Decider[C, S, E, K], history: History, vocabulary: Vocabulary) -> S:
    state = decider.INITIAL
    for record in effective(history.records, vocabulary):
        # the subject has chosen the entity, and its vocabulary read no other events there
        state = decider.evolve(state, record.event)  # type: ignore[arg-type]
    return state


async def _history(store: EventStore, name: str, entity_id: str, fresh: bool) -> History:
    subject = subject_of(store.vocabulary.service, name, entity_id)
    newest = await store.last_position(subject) if fresh else None
    return await store.load(subject, newest)


class _Unconfirmed(Refused):
    """Nothing to do, by what may be an old reading: look again before saying so."""


def _expect(command: Command, history: History) -> None:
    expected = command.expected_position
    if expected is not None and expected != history.position:
        raise Conflict(f"the position is {history.position}, not {expected}", "$.expected_position")


def _answer(position: int, envelopes: Sequence[Envelope]) -> Reply:
    flags = envelopes[0].flags.split()
    return accepted(
        position,
        [EventRef(envelope.id, envelope.type) for envelope in envelopes],
        [Warning(flag, WARNINGS.get(flag, flag)) for flag in flags],
    )


class _Stamp(Struct, frozen=True):
    """What all events of one command have in common."""

    store: EventStore
    command: Command
    context: Context
    at: datetime
    flags: Sequence[str]
    digest: str

    def append(self, history: History, events: Sequence[Event]) -> Append:
        """The events as they are to be stored; their ids are the same at every retry."""
        return Append(
            history.subject,
            history.position,
            tuple(
                self._envelope(history.subject, index, event) for index, event in enumerate(events)
            ),
        )

    def _envelope(self, subject: str, index: int, event: Event) -> Envelope:
        command = self.command
        return Envelope(
            id=derived_id(command.command_id, subject, str(index)),
            source=self.store.vocabulary.source,
            type=type(event).__name__,
            subject=subject,
            time=self.at,
            data=encode_data(event),
            commandid=command.command_id,
            commanddigest=self.digest,
            correlationid=self.context.correlation_id or command.command_id,
            causationid=self.context.causation_id or command.command_id,
            actor=self.context.actor,
            flags=" ".join(self.flags),
            traceparent=self.context.traceparent,
            registeredat=command.registered_at,
            latereason=command.late_reason or "",
            origin=command.origin or "",
        )
