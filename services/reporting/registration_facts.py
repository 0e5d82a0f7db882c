"""How late things were registered: for each event the day it happened and the day it was known."""

from collections.abc import Iterable, Sequence
from datetime import date

from services.aftercare.events import AftercareOffered, ProblemRaised
from services.intake.events import AttendanceRecorded, ParticipantReferred
from services.placement.events import PlacementAgreed
from services.reporting.progress_facts import days_of
from shared.actors import is_own
from shared.clock import copenhagen_day
from shared.envelope import Event, Recorded
from shared.fact_days import fact_days
from shared.facts import Fact


class RegistrationFact(Fact, frozen=True, kw_only=True):
    """One event of an enrolment, placement, plan or problem that tells of a day in the world.

    A kind of its own for each stream: what is effective when is told by one stream's positions.

    `registered_on`: the day in Denmark of its first registration, also if it was corrected later.
    `flags` are the envelope's, `late_reason` and `origin` too.
    """

    programme: str
    person_ref: str | None = None
    subject: str = ""
    event_id: str
    event_type: str
    occurred_on: date
    registered_on: date
    flags: str = ""
    late_reason: str = ""
    origin: str = ""


class IntakeRegistrationFact(RegistrationFact, frozen=True, kw_only=True):
    """One event of an enrolment."""


class PlacementRegistrationFact(RegistrationFact, frozen=True, kw_only=True):
    """One event of a placement."""


class AftercareRegistrationFact(RegistrationFact, frozen=True, kw_only=True):
    """One event of a plan or a problem."""


def registrations(
    kind: type[RegistrationFact], history: Sequence[Recorded]
) -> Iterable[RegistrationFact]:
    """A row for each event with a day that somebody registered: not for what sluse said by itself.

    Nothing without the event that says whose entity it is.
    """
    for recorded in history:
        match recorded.event:
            case (
                ParticipantReferred() | PlacementAgreed() | AftercareOffered() | ProblemRaised()
            ) as event:
                return _rows(kind, history, event.programme, event.person_ref)
    return ()


def _rows(
    kind: type[RegistrationFact], history: Sequence[Recorded], programme: str, person_ref: str
) -> Iterable[RegistrationFact]:
    for recorded in history:
        day, envelope = occurred_on(recorded.event), recorded.envelope
        if day is not None and not is_own(envelope.actor):
            yield kind(
                programme=programme,
                person_ref=person_ref,
                subject=envelope.subject,
                event_id=envelope.id,
                event_type=envelope.type,
                occurred_on=day,
                registered_on=copenhagen_day(envelope.registered_at),
                flags=envelope.flags,
                late_reason=envelope.latereason,
                origin=envelope.origin,
            )


def occurred_on(event: Event) -> date | None:
    """The first day in the world that the event tells of; of a week the last one, its Sunday."""
    if isinstance(event, AttendanceRecorded):
        week = days_of(event.week)
        return week and week[1]
    days = [day for _, day in fact_days(event)]
    return days[0] if days else None
