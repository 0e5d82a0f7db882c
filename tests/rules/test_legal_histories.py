"""Whatever is asked, in whatever order: folds never raise, and deciding twice is deciding once."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aftercare import events as aftercare_events
from services.aftercare import known as aftercare_known
from services.aftercare import plan, plan_commands, problem
from services.aftercare.events import Touchpoint
from services.intake import enrolment, enrolment_commands, person, programme
from services.intake import events as intake_events
from services.intake import known as intake_known
from services.placement import (
    company,
    company_commands,
    match,
    opening,
    placement,
    placement_commands,
)
from services.placement import events as placement_events
from services.placement import known as placement_known
from services.placement.events import fit
from shared.command import Command
from shared.envelope import Event
from shared.errors import SluseError
from tests.definitions import DEFINITION, definition
from tests.rules.given import NOW, AnyDecider, folded

BEGIN = date(2022, 5, 1)
DAYS = st.integers(0, 12).map(lambda days: BEGIN + timedelta(days=days))
PLACING = placement_known.Known(
    definition=DEFINITION,
    enrolled=placement_known.EnrolledPerson("x_1", "p-2", "jobsporet", "ikast", BEGIN),
    company_registered=True,
    opening=fit.Opening(
        opening="x_1",
        company="x_1",
        kind="part_time",
        weekly_minutes_min=300,
        weekly_minutes_max=600,
        sector="retail",
        seats_left=1,
    ),
    match=placement_known.Proposal("x_1", "x_1", declined=False),
)
PLACED = aftercare_known.Placed(
    placement="x_1", enrolment="e-1", person_ref="p-1", programme="jobsporet", company="c-1"
)
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
    "merged_ref": st.sampled_from(["p-2", "p-3"]),
    "indicator": st.sampled_from(["safety", "cohesion"]),
    "value": st.sampled_from([3.5, 4.0]),
    "on": DAYS,
    "to_programme": st.just("other"),
    "linked_enrolment": st.just("e-2"),
    "clock_carried": st.booleans(),
    "week": st.sampled_from(["2022-W17", "2022-W18", "2022-W19"]),
    "planned_days": st.just(3),
    "attended_days": st.integers(0, 4),
    "scores": st.just((intake_events.Score("finds_work", 4),)),
    "version": st.integers(1, 2),
    "rater": st.sampled_from(["citizen", "caseworker"]),
    "parties": st.just(("company",)),
    "source": st.sampled_from(["register", "citizen"]),
    "retention_code": st.just("P1825D"),
    "cvr": st.just("12345678"),
    "p_number": st.none(),
    "name": st.sampled_from(["Bageriet", "Slagteren"]),
    "employees": st.sampled_from([None, 12]),
    "link": st.just("network"),
    "handed_from": st.sampled_from(["mentor", "job_carver"]),
    "handed_to": st.sampled_from(["mentor", "job_carver"]),
    "level": st.sampled_from([1, 2]),
    "is_baseline": st.booleans(),
    "positions": st.just(2),
    "weekly_minutes_min": st.sampled_from([300, 900]),
    "weekly_minutes_max": st.just(600),
    "start_by": st.none(),
    "carved": st.booleans(),
    "carved_from": st.sampled_from([None, "packing"]),
    "requirements": st.just(("cv",)),
    "kinds": st.sampled_from([(), ("part_time",)]),
    "sectors": st.sampled_from([(), ("retail",)]),
    "answer": st.sampled_from(["accepted", "declined"]),
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
    "touchpoints": st.sampled_from([TOUCHPOINTS, TOUCHPOINTS[:1]]),
    "to": st.sampled_from(["citizen", "company"]),
    "weeks": st.just(2),
    "raised_by": st.sampled_from(["citizen", "company"]),
    "severity": st.integers(1, 3),
}
FROM_THE_KERNEL = frozenset(Command.__struct_fields__)

ENTITIES: dict[str, tuple[AnyDecider, Any, Any]] = {
    "programme": (programme, programme.ProgrammeCommand, None),
    "person": (person, person.PersonCommand, person.Person(person_ref="p-2")),
    "enrolment": (
        enrolment,
        enrolment_commands.EnrolmentCommand,
        intake_known.Known(DEFINITION, other=intake_known.OtherEnrolment("other", "p-1")),
    ),
    "company": (company, company_commands.CompanyCommand, PLACING),
    "opening": (opening, opening.OpeningCommand, PLACING),
    "match": (match, match.MatchCommand, PLACING),
    "placement": (placement, placement_commands.PlacementCommand, PLACING),
    "plan": (plan, plan_commands.PlanCommand, aftercare_known.Known(DEFINITION)),
    "problem": (
        problem,
        problem.ProblemCommand,
        aftercare_known.KnownPlacement(DEFINITION, PLACED),
    ),
}

EVENTS = {
    entity: {kind.__name__ for kind in get_args(union) or (union,)}
    for entity, union in {
        "programme": intake_events.ProgrammeEvent,
        "person": intake_events.PersonEvent,
        "enrolment": intake_events.EnrolmentEvent,
        "company": placement_events.CompanyEvent,
        "opening": placement_events.OpeningEvent,
        "match": placement_events.MatchEvent,
        "placement": placement_events.PlacementEvent,
        "plan": aftercare_events.PlanEvent,
        "problem": aftercare_events.ProblemEvent,
    }.items()
}


def _value(field: str) -> st.SearchStrategy[Any]:
    return CHOICES.get(field, DAYS if field.endswith("_on") else st.just("x_1"))


def _command(kind: type[Command], /, **fixed: Any) -> st.SearchStrategy[Command]:
    free = (name for name in kind.__struct_fields__ if name not in FROM_THE_KERNEL)
    fields = {name: st.just(fixed[name]) if name in fixed else _value(name) for name in free}
    return st.builds(kind, command_id=st.just("c"), **fields)


# Chance alone seldom gets far into a long history: most begin with a good start.
OPENINGS: dict[str, list[st.SearchStrategy[Command]]] = {
    "person": [_command(person.RegisterPerson)],
    "programme": [_command(programme.OpenProgramme)],
    "enrolment": [
        _command(enrolment_commands.ReferParticipant, referred_on=BEGIN),
        _command(enrolment_commands.GiveConsent, from_on=BEGIN),
        _command(enrolment_commands.EnrolParticipant, start_on=BEGIN, planned_end_on=None)
        | _command(enrolment_commands.DeclineReferral),
        _command(enrolment_commands.StartParticipation, first_attended_on=BEGIN),
        _command(enrolment_commands.PauseParticipation, from_on=BEGIN),
        _command(enrolment_commands.ResumeParticipation, from_on=BEGIN + timedelta(days=1)),
    ],
    "company": [
        _command(company_commands.RegisterCompany),
        _command(company_commands.LinkCompany, from_on=BEGIN),
        _command(company_commands.ReportBarrier, reported_on=BEGIN),
        _command(company_commands.SignAgreement, from_on=BEGIN, to_on=None, kind="part_time"),
        _command(company_commands.EndAgreement, from_on=BEGIN, kind="part_time"),
    ],
    "match": [_command(match.ProposeMatch, proposed_on=BEGIN)],
    "placement": [
        _command(placement_commands.AgreePlacement),
        _command(placement_commands.StartEmployment, start_on=BEGIN)
        | _command(placement_commands.CancelPlacement),
        _command(placement_commands.StartPractice, start_on=BEGIN, planned_end_on=BEGIN),
        _command(placement_commands.BeginWageHours, from_on=BEGIN),
    ],
    "plan": [
        _command(plan_commands.OfferAftercare, offered_on=BEGIN, anchor_on=BEGIN),
        _command(plan_commands.AcceptAftercare, party="citizen", accepted_on=BEGIN),
        _command(plan_commands.AcceptAftercare, party="company", accepted_on=BEGIN),
        _command(plan_commands.AgreeAftercarePlan, anchor_on=BEGIN, touchpoints=TOUCHPOINTS),
        _command(plan_commands.OfferUpskilling, offered_on=BEGIN),
    ],
    "problem": [_command(problem.RaiseProblem, raised_on=BEGIN)],
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
def test_whatever_is_decided_is_permitted_where_it_stands(name: str, data: st.DataObject) -> None:
    """So that replaying a history finds only what a correction breaks."""
    entity, _, known = ENTITIES[name]
    state = entity.INITIAL
    for event in _legal_history(entity, known, data.draw(_commands(name))):
        entity.permit(state, event)
        state = folded(entity, [event], state)


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
    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    def look(commands: list[Command]) -> None:
        seen.update(type(event).__name__ for event in _legal_history(entity, known, commands))

    look()
    assert seen == EVENTS[name]
