"""A parked entity, seen by operators: retried once the fault is mended, or rid of a poison event."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

from msgspec import Struct

from shared.claim import Claim
from shared.command import Command
from shared.correction.commands import Subject
from shared.errors import NotPossible, NotYet
from shared.identifiers import Code, derived_id
from shared.operations.events import EventDiscarded, ParkedEntityRetried, ParkedEvent, Position
from shared.parking import ParkedEntity

NAME = "parked"


class RetryParked(Command, frozen=True, kw_only=True):
    """Have a parked entity folded again by everybody who has parked it."""

    entity: Subject
    reason: Code


class DiscardEvent(Command, frozen=True, kw_only=True):
    """Have every fold leave out, for ever, the event that an entity is parked at."""

    entity: Subject
    position: Position
    reason: Code


ParkedCommand: TypeAlias = RetryParked | DiscardEvent


class Parked(Struct, frozen=True):
    """Which of the entity's events are left out, by position."""

    discarded: frozenset[int] = frozenset()


INITIAL = Parked()


class Known(Struct, frozen=True):
    """Where the entity is parked now, and which services have not answered."""

    parked: tuple[ParkedEntity, ...] = ()
    silent: tuple[str, ...] = ()


def entity_id(command: ParkedCommand) -> str:
    """One for each entity that can be parked."""
    return derived_id(NAME, command.entity)


def evolve(state: Parked, event: ParkedEvent) -> Parked:
    match event:
        case ParkedEntityRetried():
            return state
        case EventDiscarded(position=position):
            return Parked(state.discarded | {position})
        case _:
            assert_never(event)


def permit(state: Parked, event: ParkedEvent) -> None:
    """An event is discarded once."""
    match event:
        case ParkedEntityRetried():
            pass
        case EventDiscarded(position=position):
            if position in state.discarded:
                raise NotPossible("the event is left out already", "$.position")
        case _:
            assert_never(event)


def decide(
    command: ParkedCommand, state: Parked, at: datetime, known: Known
) -> Sequence[ParkedEvent]:
    """Only what is parked is retried, and only the event that it is parked at is discarded.

    Each retry is an attempt of its own; the same command sent again is none.
    """
    match command:
        case RetryParked(entity=entity, reason=reason):
            if not known.parked:
                raise _nowhere(known, "nothing has parked this entity", "$.entity")
            event: ParkedEvent = ParkedEntityRetried(entity=entity, reason=reason)
        case DiscardEvent(entity=entity, position=position, reason=reason):
            if position in state.discarded:
                return []
            poison = next((it for it in known.parked if it.position == position), None)
            if poison is None:
                raise _nowhere(known, "nothing is parked at this event", "$.position")
            event = EventDiscarded(
                entity=entity,
                position=position,
                event_id=poison.event_id,
                event_type=poison.event_type,
                reason=reason,
            )
        case _:
            assert_never(command)
    permit(state, event)
    return [event]


def _nowhere(known: Known, why: str, path: str) -> NotPossible | NotYet:
    """A "no" only when everybody was heard."""
    if known.silent:
        return NotYet(f"{', '.join(known.silent)} did not answer: send it again")
    return NotPossible(why, path)


def claims(parked: str, state: Parked, event: ParkedEvent) -> Sequence[Claim]:
    """None."""
    return ()
