"""Placement's own view: who is enrolled where, under which names, and each programme's definitions."""

from collections.abc import Iterable, Sequence
from datetime import date

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import (
    ActivityCompleted,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    PersonMergeReverted,
    PersonsMerged,
)
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, in_force
from services.intake.events.in_force import fold as fold_definitions
from services.placement import placed
from services.placement.events import VOCABULARY
from services.placement.known import EnrolledPerson
from services.placement.placed import PlacementFact, RunningFact
from services.reporting.events import VOCABULARY as REPORTS
from services.reporting.events.issued import FOLDS as REPORT_FOLDS
from services.reporting.events.issued import IssuedFact
from shared.envelope import Recorded
from shared.facts import Fact
from shared.projection import Plan
from shared.view import View


class EnrolledFact(Fact, frozen=True, kw_only=True):
    """Who an enrolment is of, from the day it began; `ended_on` once the person left."""

    INDEXED = ("enrolment",)

    enrolment: str
    person_ref: str
    programme: str
    site: str | None
    target_group: str
    start_on: date
    ended_on: date | None


class ActivityFact(Fact, frozen=True, kw_only=True):
    """Somebody enrolled has completed an activity."""

    INDEXED = ("enrolment",)

    enrolment: str
    activity: str


class AliasFact(Fact, frozen=True, kw_only=True):
    """A person's record was merged into another: one is now another name of the other."""

    INDEXED = ("merged_ref", "person_ref")

    merged_ref: str
    person_ref: str


def fold(enrolment: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """Facts once the person is enrolled; none before, nor when it proves that nobody came."""
    referred: ParticipantReferred | None = None
    start_on: date | None = None
    ended_on: date | None = None
    activities: set[str] = set()
    for record in history:
        match record.event:
            case ParticipantReferred() as event:
                referred = event
            case ParticipantEnrolled(start_on=day):
                start_on = day
            case ParticipationNeverStarted():
                return
            case (
                ParticipantDroppedOut(end_on=day)
                | ParticipantCompleted(end_on=day)
                | ParticipantTransferred(transferred_on=day)
            ):
                ended_on = day
            case ActivityCompleted(kind=activity):
                activities.add(activity)
    if referred is None or start_on is None:
        return
    yield EnrolledFact(
        enrolment=enrolment,
        person_ref=referred.person_ref,
        programme=referred.programme,
        site=referred.site,
        target_group=referred.target_group,
        start_on=start_on,
        ended_on=ended_on,
    )
    for activity in activities:
        yield ActivityFact(enrolment=enrolment, activity=activity)


def fold_person(person_ref: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The records that are merged into this one."""
    merged: set[str] = set()
    for record in history:
        match record.event:
            case PersonsMerged(merged_ref=ref):
                merged.add(ref)
            case PersonMergeReverted(merged_ref=ref):
                merged.discard(ref)
    for ref in merged:
        yield AliasFact(merged_ref=ref, person_ref=person_ref)


PLAN = Plan(
    name="placement",
    version=3,
    vocabularies=(INTAKE, VOCABULARY, REPORTS),
    facts=(
        EnrolledFact,
        ActivityFact,
        AliasFact,
        DefinitionFact,
        PlacementFact,
        RunningFact,
        IssuedFact,
    ),
    folds={
        **REPORT_FOLDS,
        ("intake", "enrolment"): fold,
        ("intake", "person"): fold_person,
        ("intake", "programme"): fold_definitions,
        ("placement", "placement"): placed.fold,
    },
)


async def enrolled_person(view: View, enrolment: str) -> EnrolledPerson | None:
    """Who the enrolment is of; None if nobody is enrolled by it.

    Of two merged records it is the one that goes on.
    """
    for fact in await view.facts(EnrolledFact, enrolment=enrolment):
        return EnrolledPerson(
            enrolment=enrolment,
            person_ref=await surviving(view, fact.person_ref),
            programme=fact.programme,
            site=fact.site,
            start_on=fact.start_on,
            ended_on=fact.ended_on,
            target_group=fact.target_group,
        )
    return None


async def surviving(view: View, person_ref: str) -> str:
    """The record that a person's record was merged into, and that one, and so on; else itself."""
    seen = {person_ref}
    while aliases := await view.facts(AliasFact, merged_ref=person_ref):
        person_ref = aliases[-1].person_ref
        if person_ref in seen:  # intake refuses a circle; a view must not hang on one
            break
        seen.add(person_ref)
    return person_ref


async def names_of(view: View, person_ref: str) -> frozenset[str]:
    """The record itself, and all that were merged into it."""
    names, left = {person_ref}, [person_ref]
    while left:
        merged = {it.merged_ref for it in await view.facts(AliasFact, person_ref=left.pop())}
        left += merged - names
        names |= merged
    return frozenset(names)


async def activities_of(view: View, enrolment: str) -> frozenset[str]:
    """What has been completed in an enrolment."""
    return frozenset(it.activity for it in await view.facts(ActivityFact, enrolment=enrolment))


async def definition_on(view: View, programme: str, day: date) -> Definition | None:
    """The definition that a programme's commands of that day are checked by."""
    return in_force(await view.facts(DefinitionFact, programme=programme), day)
