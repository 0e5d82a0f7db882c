"""Placement's rules and reporting's facts agree on when a strand ran, in whatever order it was told."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.placement import placement
from services.placement.events import WageHoursBegan
from services.placement.events.spells import last_day
from services.placement.known import EnrolledPerson, Known
from services.placement.placement_commands import (
    AgreePlacement,
    BeginWageHours,
    ChangeEmployment,
    ChangeWageHours,
    EndEmployment,
    EndPlacement,
    EndWageHours,
    StartEmployment,
)
from services.placement.strands import weekly_minutes_on
from services.reporting.placement_facts import StrandFact
from shared.errors import Refused
from tests.definitions import DEFINITION
from tests.measures.stories import folded, of_kind
from tests.rules.given import NOW

FIRST = date(2022, 3, 1)
KNOWN = Known(
    DEFINITION, EnrolledPerson("e-1", "p-1", "jobsporet", "ikast", FIRST), company_registered=True
)
THIS = {"command_id": "c", "placement": "pl-1"}
AGREE = AgreePlacement(**THIS, enrolment="e-1", company="cvr12345678", purpose="training")

days = st.integers(0, 20).map(lambda days: FIRST + timedelta(days=days))
commands = st.one_of(
    st.builds(lambda day: BeginWageHours(**THIS, from_on=day, weekly_minutes=300), days),
    st.builds(lambda day: EndWageHours(**THIS, end_on=day), days),
    st.builds(lambda day: EndPlacement(**THIS, end_on=day, reason="other"), days),
)


minutes = st.sampled_from((300, 600, 900))
kinds = st.sampled_from(("small_job", "full_time"))
changing = st.one_of(
    commands,
    st.builds(lambda day, w: ChangeWageHours(**THIS, from_on=day, weekly_minutes=w), days, minutes),
    st.builds(
        lambda day, kind, w: StartEmployment(
            **THIS, start_on=day, kind=kind, weekly_minutes=w, open_ended=True
        ),
        days,
        kinds,
        minutes,
    ),
    st.builds(
        lambda day, kind, w: ChangeEmployment(
            **THIS, from_on=day, kind=kind, weekly_minutes=w, open_ended=True
        ),
        days,
        kinds,
        minutes,
    ),
    st.builds(
        lambda day: EndEmployment(**THIS, end_on=day, reason="other", initiated_by="citizen"), days
    ),
)


def told(asked):
    """The state and the events of a placement after these commands, as far as they are allowed."""
    state, history = placement.INITIAL, []
    for command in [AGREE, *asked]:
        try:
            events = placement.decide(command, state, NOW, KNOWN)
        except Refused:
            continue
        for event in events:
            state = placement.evolve(state, event)
            history.append(event)
    return state, history


@settings(max_examples=300, deadline=None)
@given(st.lists(commands, max_size=12))
def test_a_strand_ran_on_the_same_days_for_placement_and_for_reporting(asked):
    state, history = told(asked)
    facts = folded("placement", "placement", "pl-1", *history)
    assert sorted(
        (strand.begun_on, last_day(strand, state.strands, state.ended_on) or date.max)
        for strand in state.strands
    ) == sorted(
        (fact.start_on, fact.end_on or date.max) for fact in facts if isinstance(fact, StrandFact)
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(commands, max_size=12))
def test_strands_of_a_kind_never_share_a_day(asked):
    state, history = told(asked)
    lasted = sorted(
        (strand.begun_on, last_day(strand, state.strands, state.ended_on) or date.max)
        for strand in state.strands
    )
    assert all(one[1] < other[0] for one, other in pairwise(lasted))
    assert len(state.strands) == sum(isinstance(event, WageHoursBegan) for event in history)


@settings(max_examples=300, deadline=None)
@given(st.lists(changing, max_size=12))
def test_as_many_minutes_are_paid_on_each_day_for_placement_and_for_reporting(asked):
    state, history = told(asked)
    facts = folded("placement", "placement", "pl-1", *history)
    for day in (FIRST + timedelta(days=step) for step in range(25)):
        running = [it.weekly_minutes for it in of_kind(StrandFact, facts) if it.runs_on(day)]
        assert sum(running) == weekly_minutes_on(state.strands, day, state.ended_on)


@settings(max_examples=300, deadline=None)
@given(st.lists(changing, max_size=12))
def test_the_segments_of_a_strand_follow_each_other_without_a_gap(asked):
    _, history = told(asked)
    facts = of_kind(StrandFact, folded("placement", "placement", "pl-1", *history))
    for begun in {(fact.strand, fact.begun_on) for fact in facts}:
        segments = sorted(
            (fact for fact in facts if (fact.strand, fact.begun_on) == begun),
            key=lambda fact: fact.start_on,
        )
        assert segments[0].start_on == begun[1]
        for one, other in pairwise(segments):
            assert one.end_on == other.start_on - timedelta(days=1)
