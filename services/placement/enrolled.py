"""Placement's own view of intake: who is enrolled where, and each programme's definitions."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import asdict

from services.intake.events import (
    VOCABULARY,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipationNeverStarted,
)
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, in_force
from services.intake.events.in_force import fold as fold_definitions
from services.placement.known import EnrolledPerson
from shared.envelope import Recorded
from shared.facts import Fact
from shared.projection import Plan
from shared.view import View


class EnrolledFact(Fact, frozen=True, kw_only=True):
    """Who an enrolment is of, from the day it began; `ended_on` once completed or dropped out."""

    enrolment: str
    person_ref: str
    programme: str
    site: str | None
    start_on: date
    ended_on: date | None


def fold(enrolment: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """One fact once the person is enrolled; none before, nor when it proves that nobody came."""
    referred: ParticipantReferred | None = None
    start_on: date | None = None
    ended_on: date | None = None
    for record in history:
        match record.event:
            case ParticipantReferred() as event:
                referred = event
            case ParticipantEnrolled(start_on=day):
                start_on = day
            case ParticipationNeverStarted():
                return
            case ParticipantDroppedOut(end_on=day) | ParticipantCompleted(end_on=day):
                ended_on = day
    if referred is not None and start_on is not None:
        yield EnrolledFact(
            enrolment=enrolment,
            person_ref=referred.person_ref,
            programme=referred.programme,
            site=referred.site,
            start_on=start_on,
            ended_on=ended_on,
        )


PLAN = Plan(
    name="placement",
    version=2,
    vocabularies=(VOCABULARY,),
    facts=(EnrolledFact, DefinitionFact),
    folds={("intake", "enrolment"): fold, ("intake", "programme"): fold_definitions},
)


async def enrolled_person(view: View, enrolment: str) -> EnrolledPerson | None:
    """Who the enrolment is of; None if nobody is enrolled by it."""
    facts = await view.facts(EnrolledFact, enrolment=enrolment)
    return next((EnrolledPerson(**asdict(fact)) for fact in facts), None)


async def definition_on(view: View, programme: str, day: date) -> Definition | None:
    """The definition that a programme's commands of that day are checked by."""
    return in_force(await view.facts(DefinitionFact, programme=programme), day)
