"""Aftercare's own view: what placements are about, each programme's definitions, and what is due."""

from collections.abc import Iterable, Sequence
from datetime import date

from services.aftercare import plan
from services.aftercare.events import VOCABULARY
from services.aftercare.events.windows import due_on, window
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, in_force
from services.intake.events.in_force import fold as fold_definitions
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import PlacementAgreed
from shared.envelope import Recorded
from shared.facts import Fact
from shared.projection import Plan
from shared.view import View


class PlacedFact(Fact, frozen=True, kw_only=True):
    """Who is placed where, for which programme."""

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str


class ScheduledFact(Fact, frozen=True, kw_only=True):
    """A touchpoint that nobody has held yet, nor the clock called missed."""

    plan: str
    programme: str
    touchpoint: str
    due_on: date
    window_ends_on: date


def fold_placement(placement: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """What was agreed."""
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


def fold_plan(plan_id: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The touchpoints that wait for a contact or for the end of their window."""
    state = plan.INITIAL
    for record in history:
        state = plan.evolve(state, record.event)  # type: ignore[arg-type]
    if state.offered is None or state.agreed is None:
        return
    settled = {it.touchpoint for it in state.completed} | {it.touchpoint for it in state.missed}
    for touchpoint in state.agreed.touchpoints:
        if touchpoint.id not in settled:
            yield ScheduledFact(
                plan=plan_id,
                programme=state.offered.programme,
                touchpoint=touchpoint.id,
                due_on=due_on(state.agreed.anchor_on, touchpoint),
                window_ends_on=window(state.agreed.anchor_on, touchpoint)[1],
            )


PLAN = Plan(
    name="aftercare",
    version=1,
    vocabularies=(INTAKE, PLACEMENT, VOCABULARY),
    facts=(PlacedFact, ScheduledFact, DefinitionFact),
    folds={
        ("intake", "programme"): fold_definitions,
        ("placement", "placement"): fold_placement,
        ("aftercare", "plan"): fold_plan,
    },
)


async def placed(view: View, placement: str) -> PlacedFact | None:
    """What a placement is about; None if it is not known here."""
    return next(iter(await view.facts(PlacedFact, placement=placement)), None)


async def definition_on(view: View, programme: str, day: date) -> Definition | None:
    """The definition that a programme's commands of that day are checked by."""
    return in_force(await view.facts(DefinitionFact, programme=programme), day)
