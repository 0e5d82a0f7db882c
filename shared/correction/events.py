"""The events by which another event is corrected or retracted; every entity may have them."""

from typing import Any, TypeAlias, get_args

from shared.event import Event
from shared.identifiers import Code, EntityId

Data: TypeAlias = dict[str, Any]
"""An event's data, as JSON; whose they are, the event that they are for says."""


class EventCorrected(Event, frozen=True, kw_only=True):
    """An event was recorded wrongly (rettet): these are all its data, in place of its own."""

    event_id: EntityId
    data: Data
    reason: Code


class EventRetracted(Event, frozen=True, kw_only=True):
    """An event should not have been recorded (tilbagekaldt): a wrong person, a mere test.

    A retraction is an event too: retracted itself, it brings back what it had removed.
    """

    event_id: EntityId
    reason: Code


class CorrectionProposed(Event, frozen=True, kw_only=True):
    """Somebody asks a second person to correct an event (foreslået); without data, to retract it."""

    event_id: EntityId
    data: Data | None = None
    reason: Code


class CorrectionApproved(Event, frozen=True, kw_only=True):
    """A second person agreed (godkendt); the correction itself is recorded beside this."""

    proposal_id: EntityId


class CorrectionRejected(Event, frozen=True, kw_only=True):
    """The proposal came to nothing (afvist)."""

    proposal_id: EntityId
    reason: Code


Change: TypeAlias = EventCorrected | EventRetracted
Proceeding: TypeAlias = CorrectionProposed | CorrectionApproved | CorrectionRejected
CorrectionEvent: TypeAlias = Change | Proceeding

CORRECTIONS: tuple[type[Event], ...] = get_args(CorrectionEvent)
