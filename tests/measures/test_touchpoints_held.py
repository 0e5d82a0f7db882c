"""M14, counted by hand: agreed follow-ups held within ± 3 days of the day they were due."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import TouchpointsHeld
from tests.measures.any_facts import (
    answers,
    courses,
    days,
    everything,
    holds_whatever_the_order,
    plans,
    touchpoints,
)
from tests.measures.stories import WORDS
from tests.measures.stories_direct import answered, figure_of, offered, touchpoint

HELD = TouchpointsHeld(id="held", title=WORDS)
PLAN = offered("a", "03-01")


def held(*facts, day="06-01", goal=HELD):
    """(held in time, due, pending)"""
    figure = figure_of(goal, facts, day)
    assert figure.unknown == 0
    return figure.value, figure.denominator, figure.pending


@pytest.mark.parametrize(
    ("held_on", "in_time"),
    [("03-04", 0), ("03-05", 1), ("03-08", 1), ("03-11", 1), ("03-12", 0), (None, 0)],
)
def test_both_ends_of_the_window_are_in_time(held_on, in_time):
    # Due on 8 March, ± 3 days: 5 – 11 March.
    assert held(PLAN, touchpoint("a", "citizen", "P7D", "03-08", held=held_on)) == (in_time, 1, 0)


def test_it_is_due_from_its_due_day():
    early = touchpoint("a", "citizen", "P7D", "03-08", held="03-05")
    assert held(PLAN, early, day="03-07") == (0, 0, 0)
    assert held(PLAN, early, day="03-08") == (1, 1, 0)


def test_it_is_pending_while_the_window_is_open():
    late = touchpoint("a", "citizen", "P7D", "03-08", held="03-11")
    assert held(PLAN, late, day="03-10") == (0, 1, 1)
    assert held(PLAN, late, day="03-11") == (1, 1, 0)
    never = touchpoint("a", "citizen", "P7D", "03-08")
    assert held(PLAN, never, day="03-10") == (0, 1, 1)
    assert held(PLAN, never, day="03-11") == (0, 1, 0)


def test_a_contact_in_time_counts_whatever_the_clock_said_before():
    assert held(PLAN, touchpoint("a", "citizen", "P7D", "03-08", held="03-08", missed=True)) == (
        1,
        1,
        0,
    )


def test_a_waived_one_is_left_out_and_counted_apart():
    waived = touchpoint("a", "citizen", "P7D", "03-08", waived="03-09")
    assert held(PLAN, waived, day="03-08") == (0, 1, 1)
    assert held(PLAN, waived, day="03-09") == (0, 0, 0)
    parts = {it.name: it.value for it in figure_of(HELD, [PLAN, waived], "03-09").parts}
    assert parts == {"waived": 1, "said_no": 0}


def test_nothing_is_due_from_a_party_that_said_no():
    week = touchpoint("a", "citizen", "P7D", "03-08", held="03-08")
    month = touchpoint("a", "citizen", "P1M", "04-01")
    company = touchpoint("a", "company", "P1M", "04-01", held="04-01")
    yes = answered("a", "citizen", "accepted", "03-01")
    no = answered("a", "citizen", "withdrawn", "03-20")
    assert held(PLAN, week, month, company, yes, no) == (2, 2, 0)
    figure = figure_of(HELD, [PLAN, week, month, company, yes, no], "06-01")
    assert figure.parts[-1].counted == ("a-plan/citizen_p1m",)
    # One who says yes again before the due day is asked again.
    again = answered("a", "citizen", "accepted", "03-31")
    assert held(PLAN, week, month, company, yes, no, again) == (2, 3, 0)


def test_nothing_is_due_after_the_plan_was_closed():
    month = touchpoint("a", "citizen", "P1M", "04-01")
    assert held(offered("a", "03-01", closed="03-31"), month) == (0, 0, 0)
    assert held(offered("a", "03-01", closed="04-01"), month) == (0, 1, 0)


def test_parties_and_offsets_are_counted_apart():
    # Citizen: one of two weeks held, no month; company: its one month held.
    facts = (
        PLAN,
        offered("b", "03-01"),
        touchpoint("a", "citizen", "P7D", "03-08", held="03-08"),
        touchpoint("b", "citizen", "P7D", "03-08"),
        touchpoint("a", "citizen", "P1M", "04-01"),
        touchpoint("a", "company", "P1M", "04-01", held="04-02"),
    )
    figure = figure_of(HELD, facts, "06-01")
    assert (figure.value, figure.denominator, figure.share) == (2, 4, 0.5)
    assert (figure.counting_unit, figure.counted) == (
        "touchpoint",
        ("a-plan/citizen_p7d", "a-plan/company_p1m"),
    )
    assert [(it.name, it.value, it.denominator) for it in figure.parts[:3]] == [
        ("citizen P1M", 0, 1),
        ("citizen P7D", 1, 2),
        ("company P1M", 1, 1),
    ]
    assert held(*facts, goal=replace(HELD, party="citizen")) == (1, 3, 0)


def test_a_goal_of_a_phase_counts_what_was_due_in_it():
    early = touchpoint("a", "citizen", "P7D", "06-30")
    late = touchpoint("a", "citizen", "P1M", "07-01")
    assert held(PLAN, early, late, day="12-01", goal=replace(HELD, phase="second")) == (0, 1, 0)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), plans(), answers(), touchpoints()), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, HELD, facts, day)
    assert figure.value + figure.pending <= figure.denominator
    by_part = figure.parts[:-2]
    assert sum(it.value for it in by_part) == figure.value
    assert sum(it.denominator for it in by_part) == figure.denominator
