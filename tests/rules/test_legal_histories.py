"""Whatever is asked, in whatever order: folds never raise, and deciding twice is deciding once."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aftercare import events as aftercare_events
from services.aftercare import known as aftercare_known
from services.aftercare import plan
from services.aftercare.events import Touchpoint
from services.intake import enrolment, person, programme
from services.intake import events as intake_events
from services.intake import known as intake_known
from services.placement import company, placement
from services.placement import events as placement_events
from services.placement import known as placement_known
from shared.command import Command
from shared.envelope import Event
from shared.errors import SluseError
from tests.definitions import DEFINITION, definition
from tests.rules.given import NOW, AnyDecider, folded

BEGIN = date(2022, 5, 1)
DAYS = st.integers(0, 12).map(lambda days: BEGIN + timedelta(days=days))
PERSON = placement_known.EnrolledPerson("e-1", "p-1", "jobsporet", "ikast", BEGIN)
TOUCHPOINTS = (Touchpoint("week", "citizen", "P7D", 3), Touchpoint("visit", "company", "P2W", 3))

CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "programme": st.just("jobsporet"),
    "definition": st.sampled_from(
        [DEFINITION, definition(version=2), definition(version=3, late_after_days=9)]
    ),
    "person_ref": st.just("p-1"),
    "birth_year": st.sampled_from([None, 1980, 1990]),
    "area": st.sampled_from([None, "ikast"]),
    "site": st.sampled_from([None, "ikast"]),
    "criteria": st.just(()),
    "outcome": st.sampled_from(["eligible", "not_eligible"]),
    "previous_enrolment": st.none(),
    "cvr": st.just("12345678"),
    "p_number": st.none(),
    "name": st.sampled_from(["Bageriet", "Slagteren"]),
    "wage_hours": st.sampled_from(["agreed", "none", "unknown"]),
    "weekly_minutes": st.sampled_from([0, 1200]),
    "wage_minutes": st.sampled_from([0, 300]),
    "evidence": st.sampled_from(["payslip", "citizen"]),
    "kind": st.sampled_from(["part_time", "flex_job"]),
    "open_ended": st.booleans(),
    "initiated_by": st.just("unknown"),
    "party": st.sampled_from(["citizen", "company"]),
    "channel": st.just("phone"),
    "employment_state": st.sampled_from(["employed_same", "not_employed"]),
    "due_on": st.sampled_from([BEGIN + timedelta(days=7), BEGIN + timedelta(days=14)]),
    "touchpoint": st.sampled_from(["week", "visit"]),
    "touchpoints": st.sampled_from([None, TOUCHPOINTS, TOUCHPOINTS[:1]]),
}
FROM_THE_KERNEL = frozenset(Command.__struct_fields__)

ENTITIES: dict[str, tuple[AnyDecider, Any, Any]] = {
    "programme": (programme, programme.ProgrammeCommand, None),
    "person": (person, person.PersonCommand, None),
    "enrolment": (enrolment, enrolment.EnrolmentCommand, intake_known.Known(DEFINITION)),
    "company": (company, company.CompanyCommand, None),
    "placement": (
        placement,
        placement.PlacementCommand,
        placement_known.Known(DEFINITION, PERSON, company_registered=True),
    ),
    "plan": (plan, plan.PlanCommand, aftercare_known.Known(DEFINITION)),
}

EVENTS = {
    entity: {kind.__name__ for kind in get_args(union) or (union,)}
    for entity, union in {
        "programme": intake_events.ProgrammeEvent,
        "person": intake_events.PersonEvent,
        "enrolment": intake_events.EnrolmentEvent,
        "company": placement_events.CompanyEvent,
        "placement": placement_events.PlacementEvent,
        "plan": aftercare_events.PlanEvent,
    }.items()
}


def _value(field: str) -> st.SearchStrategy[Any]:
    return CHOICES.get(field, DAYS if field.endswith("_on") else st.just("x_1"))


def _command(kind: type[Command], **fixed: Any) -> st.SearchStrategy[Command]:
    free = (name for name in kind.__struct_fields__ if name not in FROM_THE_KERNEL)
    fields = {name: st.just(fixed[name]) if name in fixed else _value(name) for name in free}
    return st.builds(kind, command_id=st.just("c"), **fields)


# Chance alone seldom gets far into a long history: most begin with a good start.
OPENINGS: dict[str, list[st.SearchStrategy[Command]]] = {
    "enrolment": [
        _command(enrolment.ReferParticipant, referred_on=BEGIN),
        _command(enrolment.EnrolParticipant, start_on=BEGIN, planned_end_on=None),
        _command(enrolment.StartParticipation, first_attended_on=BEGIN),
    ],
    "placement": [_command(placement.AgreePlacement)],
    "plan": [
        _command(plan.OfferAftercare, offered_on=BEGIN, anchor_on=BEGIN),
        _command(plan.AcceptAftercare, party="citizen", accepted_on=BEGIN),
        _command(plan.AcceptAftercare, party="company", accepted_on=BEGIN),
        _command(plan.AgreeAftercarePlan, anchor_on=BEGIN, touchpoints=TOUCHPOINTS),
    ],
}


def _commands(name: str) -> st.SearchStrategy[list[Command]]:
    union = ENTITIES[name][1]
    anything = st.lists(
        st.one_of([_command(kind) for kind in get_args(union) or (union,)]), max_size=15
    )
    opening = OPENINGS.get(name, [])
    return st.builds(
        lambda length, first, rest: [*first[:length], *rest],
        st.integers(0, len(opening)),
        st.tuples(*opening),
        anything,
    )


def _decided(entity: AnyDecider, known: Any, command: Command, state: Any) -> list[Event]:
    try:
        return list(entity.decide(command, state, NOW, known))
    except SluseError:
        return []


def _legal_history(entity: AnyDecider, known: Any, commands: list[Command]) -> list[Event]:
    history: list[Event] = []
    state = entity.INITIAL
    for command in commands:
        happened = _decided(entity, known, command, state)
        history += happened
        state = folded(entity, happened, state)
    return history


each_entity = pytest.mark.parametrize("name", ENTITIES)


@each_entity
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_deciding_twice_is_deciding_once(name: str, data: st.DataObject) -> None:
    entity, _, known = ENTITIES[name]
    commands = data.draw(_commands(name))
    state = entity.INITIAL
    for command in commands:
        happened = _decided(entity, known, command, state)
        state = folded(entity, happened, state)
        if happened:
            assert list(entity.decide(command, state, NOW, known)) == []


@each_entity
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_no_order_of_events_breaks_a_fold(name: str, data: st.DataObject) -> None:
    """Rules may be tightened and events corrected: what was recorded must stay readable."""
    entity, _, known = ENTITIES[name]
    history = _legal_history(entity, known, data.draw(_commands(name)))
    for events in (history, data.draw(st.permutations(history))):
        state = folded(entity, events)
        for event in events:
            entity.claims("x-1", state, event)


@each_entity
def test_the_generator_reaches_every_event(name: str) -> None:
    """So that the properties above are about something."""
    entity, _, known = ENTITIES[name]
    seen: set[str] = set()

    @given(_commands(name))
    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    def look(commands: list[Command]) -> None:
        seen.update(type(event).__name__ for event in _legal_history(entity, known, commands))

    look()
    assert seen == EVENTS[name]
