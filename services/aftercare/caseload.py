"""Aftercare's own view: what placements are about, who is employed, who was offered what, what is due."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from msgspec.structs import asdict

from services.aftercare import plan
from services.aftercare.events import VOCABULARY, AftercareClosed, AftercareOffered, PlanEvent
from services.aftercare.known import Placed
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, in_force
from services.intake.events.in_force import fold as fold_definitions
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import EmploymentChanged, EmploymentStarted, PlacementAgreed
from services.placement.events.spells import Spell, begun_last
from services.reporting.events import VOCABULARY as REPORTS
from services.reporting.events.issued import FOLDS as REPORT_FOLDS
from services.reporting.events.issued import IssuedFact
from shared.envelope import Recorded
from shared.facts import Fact
from shared.projection import Plan
from shared.view import View


class PlacedFact(Fact, frozen=True, kw_only=True):
    """Who is placed where, for which programme."""

    INDEXED = ("placement",)

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str


class EmploymentFact(Fact, frozen=True, kw_only=True):
    """What an employment is from a day on: at its start, and after each change.

    `employment` is the id of the event that it started by. How that was registered stands here
    because what follows from it is registered alike; an instant is text, empty if nobody set it.
    """

    INDEXED = ("placement",)

    employment: str
    placement: str
    kind: str
    from_on: date
    weekly_minutes: int
    late_reason: str
    origin: str
    registered_at: str


class OfferedFact(Fact, frozen=True, kw_only=True):
    """What a plan was offered for, and how it was closed, with the ids of the two events.

    `busy_on`: the last day on which something happened.
    """

    INDEXED = ("placement",)

    plan: str
    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str
    offered_on: date
    anchor_on: date
    busy_on: date
    offer: str
    closing: str | None
    closing_reason: str | None


class ScheduledFact(Fact, frozen=True, kw_only=True):
    """A touchpoint that waits for a contact, or for the clock to call it missed."""

    plan: str
    programme: str
    touchpoint: str
    due_on: date
    window_ends_on: date


class _Employment(Spell, frozen=True, kw_only=True):
    id: str


def fold_placement(placement: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """What was agreed, and the employments.

    Whose person record it was merged into matters to figures alone: they follow the alias.
    """
    started: list[_Employment] = []
    for record in history:
        match record.event:
            case PlacementAgreed() as event:
                yield PlacedFact(
                    placement=placement,
                    enrolment=event.enrolment,
                    person_ref=event.person_ref,
                    programme=event.programme,
                    company=event.company,
                )
            case EmploymentStarted(start_on=day) as event:
                employment = record.envelope.id
                started.append(_Employment(what="employment", begun_on=day, id=employment))
                yield _employment(placement, employment, day, event, record)
            case EmploymentChanged(from_on=day) as event:
                if changed := begun_last(started, "employment", day):
                    yield _employment(placement, changed.id, day, event, record)


def _employment(
    placement: str,
    employment: str,
    from_on: date,
    event: EmploymentStarted | EmploymentChanged,
    record: Recorded,
) -> EmploymentFact:
    registered_at = record.envelope.registeredat
    return EmploymentFact(
        employment=employment,
        placement=placement,
        kind=event.kind,
        from_on=from_on,
        weekly_minutes=event.weekly_minutes,
        late_reason=record.envelope.latereason,
        origin=record.envelope.origin,
        registered_at=registered_at.isoformat() if registered_at else "",
    )


def fold_plan(plan_id: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The offer, and the touchpoints that are due."""
    state = plan.INITIAL
    offer = closing = ""
    for record in history:
        state = plan.evolve(state, cast(PlanEvent, record.event))
        match record.event:
            case AftercareOffered():
                offer = record.envelope.id
            case AftercareClosed():
                closing = record.envelope.id
    if state.offered is None:
        return
    yield OfferedFact(
        plan=plan_id,
        **asdict(state.offered),
        busy_on=state.busy_on,
        offer=offer,
        closing=closing or None,
        closing_reason=state.closed.reason if state.closed else None,
    )
    for standing in plan.due(state):
        yield ScheduledFact(
            plan=plan_id,
            programme=state.offered.programme,
            touchpoint=standing.touchpoint.id,
            due_on=standing.due_on,
            window_ends_on=standing.window[1],
        )


PLAN = Plan(
    name="aftercare",
    version=2,
    vocabularies=(INTAKE, PLACEMENT, VOCABULARY, REPORTS),
    facts=(PlacedFact, EmploymentFact, OfferedFact, ScheduledFact, DefinitionFact, IssuedFact),
    folds={
        **REPORT_FOLDS,
        ("intake", "programme"): fold_definitions,
        ("placement", "placement"): fold_placement,
        ("aftercare", "plan"): fold_plan,
    },
)


async def placed(view: View, placement: str) -> Placed | None:
    """What a placement is about; None if it is not known here."""
    facts = await view.facts(PlacedFact, placement=placement)
    return next((Placed(**asdict(fact)) for fact in facts), None)


async def definition_on(view: View, programme: str, day: date) -> Definition | None:
    """The definition that a programme's commands of that day are checked by."""
    return in_force(await view.facts(DefinitionFact, programme=programme), day)
