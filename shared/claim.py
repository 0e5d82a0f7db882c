"""A claim: a small entity that one holder has at a time, so that a rule across entities holds."""

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from shared.errors import Refused
from shared.event import Event
from shared.identifiers import EntityId


class ClaimTaken(Event, frozen=True, kw_only=True):
    """The holder has it now."""

    holder: EntityId


class ClaimReleased(Event, frozen=True, kw_only=True):
    """Nobody has it any more."""

    holder: EntityId


ClaimEvent: TypeAlias = ClaimTaken | ClaimReleased


class Take(Struct, frozen=True):
    """Wanted with a decision: hold `key` of the kind `name`, or refuse with `otherwise`."""

    name: str
    key: str
    holder: str
    otherwise: Refused


class Release(Struct, frozen=True):
    """Wanted with a decision: let go of `key`, if `holder` has it."""

    name: str
    key: str
    holder: str


Claim: TypeAlias = Take | Release


def evolve(holder: str | None, event: ClaimEvent) -> str | None:
    """Who holds it after the event."""
    match event:
        case ClaimTaken(holder=new_holder):
            return new_holder
        case ClaimReleased():
            return None


def holder_of(events: Iterable[Event]) -> str | None:
    """Who holds a claim after its events."""
    holder: str | None = None
    for event in events:
        if isinstance(event, ClaimEvent):
            holder = evolve(holder, event)
    return holder


def decide(claim: Claim, holder: str | None) -> list[ClaimEvent]:
    """What must be recorded for the claim to be settled; refused if another one holds it."""
    match claim:
        case Take(holder=mine, otherwise=refusal):
            if holder is None:
                return [ClaimTaken(holder=mine)]
            if holder == mine:
                return []
            raise refusal
        case Release(holder=mine):
            return [ClaimReleased(holder=mine)] if holder == mine else []
