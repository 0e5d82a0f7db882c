"""M13, counted by hand: ordinary placements with aftercare that the party accepted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import AftercareCoverage
from tests.measures.any_facts import (
    answers,
    courses,
    days,
    everything,
    holds_whatever_the_order,
    plans,
    strands,
)
from tests.measures.stories import WORDS
from tests.measures.stories_direct import answered, figure_of, offered, strand

CITIZEN = AftercareCoverage(id="citizen", title=WORDS, party="citizen")
COMPANY = AftercareCoverage(id="company", title=WORDS, party="company")
JOB = strand("a", "full_time", "03-01", minutes=2220)
OFFER = offered("a", "03-01")


def covered(*facts, day="06-01", goal=CITIZEN):
    """(accepted, ordinary placements, pending)"""
    figure = figure_of(goal, facts, day)
    assert figure.unknown == 0
    return figure.value, figure.denominator, figure.pending


def test_each_party_is_counted_for_itself():
    said = (
        answered("a", "citizen", "accepted", "03-02"),
        answered("a", "company", "declined", "03-02"),
    )
    assert covered(JOB, OFFER, *said) == (1, 1, 0)
    assert covered(JOB, OFFER, *said, goal=COMPANY) == (0, 1, 0)
    figure = figure_of(CITIZEN, [JOB, OFFER, *said], "06-01")
    assert [(it.name, it.value, it.share) for it in figure.parts] == [
        ("citizen", 1, 1.0),
        ("company", 0, 0.0),
    ]
    assert (figure.counting_unit, figure.counted) == ("placement", ("a-brod",))


def test_an_ordinary_placement_without_an_offer_is_not_covered():
    assert covered(JOB) == (0, 1, 0)


def test_who_has_not_answered_is_pending():
    assert covered(JOB, OFFER) == (0, 1, 1)
    assert covered(JOB, OFFER, day="03-01") == (0, 1, 1)


def test_the_last_answer_by_the_valid_day_holds():
    said = (
        answered("a", "citizen", "declined", "03-02"),
        answered("a", "citizen", "accepted", "04-01"),
        answered("a", "citizen", "withdrawn", "05-01"),
    )
    assert covered(JOB, OFFER, *said, day="03-31") == (0, 1, 0)
    assert covered(JOB, OFFER, *said, day="04-01") == (1, 1, 0)
    assert covered(JOB, OFFER, *said, day="04-30") == (1, 1, 0)
    assert covered(JOB, OFFER, *said, day="05-01") == (0, 1, 0)


def test_the_plan_offered_last_holds():
    yes = answered("a", "citizen", "accepted", "03-02")
    again = offered("a", "05-01", plan="a-second")
    assert covered(JOB, OFFER, yes, again, day="04-30") == (1, 1, 0)
    assert covered(JOB, OFFER, yes, again, day="05-01") == (0, 1, 1)
    second_yes = answered("a", "citizen", "accepted", "05-02", plan="a-second")
    assert covered(JOB, OFFER, yes, again, second_yes, day="05-02") == (1, 1, 0)


@pytest.mark.parametrize(
    "other",
    [
        strand("a", "practice", "03-01"),
        strand("a", "flex_job", "03-01", minutes=900),
        strand("a", "small_job", "03-01", minutes=299),
    ],
    ids=["practice", "flex job", "too small a job"],
)
def test_what_is_no_ordinary_employment_is_not_counted(other):
    assert covered(other, OFFER, answered("a", "citizen", "accepted", "03-02")) == (0, 0, 0)


def test_a_job_that_begins_after_the_valid_day_is_not_counted():
    assert covered(JOB, day="02-28") == (0, 0, 0)
    assert covered(JOB, day="03-01") == (0, 1, 0)


def test_two_jobs_at_one_placement_are_one_placement():
    again = strand("a", "part_time", "05-01", minutes=900)
    assert covered(JOB, again) == (0, 1, 0)
    elsewhere = strand("a", "part_time", "05-01", minutes=900, company="kutter")
    assert covered(JOB, elsewhere) == (0, 2, 0)


def test_a_goal_of_a_phase_counts_the_jobs_that_began_in_it():
    second = replace(CITIZEN, phase="second")
    late = strand("b", "full_time", "07-01", minutes=2220)
    assert covered(JOB, late, day="12-01", goal=second) == (0, 1, 0)
    # A second job at the placement doesn't bring it into the phase: it began before.
    again = strand("a", "part_time", "08-01", minutes=900)
    assert covered(JOB, again, day="12-01", goal=second) == (0, 0, 0)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), strands(), plans(), answers()), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    for goal in (CITIZEN, COMPANY):
        figure = holds_whatever_the_order(data, goal, facts, day)
        assert figure.value + figure.pending <= figure.denominator
