"""M15, counted by hand: problems first acted on within two days, and the days until solved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import ProblemResponse
from tests.measures.any_facts import days, everything, holds_whatever_the_order, problems
from tests.measures.stories import WORDS
from tests.measures.stories_direct import figure_of, problem

RESPONSE = ProblemResponse(id="response", title=WORDS)


def acted(*facts, day="06-01", goal=RESPONSE):
    """(in time, raised, pending)"""
    figure = figure_of(goal, facts, day)
    assert figure.unknown == 0
    return figure.value, figure.denominator, figure.pending


@pytest.mark.parametrize(
    ("acted_on", "in_time"), [("03-01", 1), ("03-03", 1), ("03-04", 0), (None, 0)]
)
def test_the_second_day_after_is_in_time(acted_on, in_time):
    assert acted(problem("one", "03-01", acted=acted_on)) == (in_time, 1, 0)


def test_the_time_is_a_parameter():
    late = problem("one", "03-01", acted="03-04")
    assert acted(late, goal=replace(RESPONSE, within_days=3)) == (1, 1, 0)
    at_once = replace(RESPONSE, within_days=0)
    assert acted(problem("one", "03-01", acted="03-01"), goal=at_once) == (1, 1, 0)
    assert acted(late, goal=at_once) == (0, 1, 0)


def test_it_is_pending_until_the_time_has_run_out():
    late = problem("one", "03-01", acted="03-03")
    assert acted(late, day="02-28") == (0, 0, 0)
    assert acted(late, day="03-02") == (0, 1, 1)
    assert acted(late, day="03-03") == (1, 1, 0)
    assert acted(problem("one", "03-01"), day="03-03") == (0, 1, 0)


def test_solving_is_no_first_action():
    assert acted(problem("one", "03-01", resolved="03-02")) == (0, 1, 0)


def test_a_goal_of_a_phase_counts_what_was_raised_in_it():
    second = replace(RESPONSE, phase="second")
    both = (problem("one", "06-30", acted="06-30"), problem("two", "07-01", acted="07-01"))
    figure = figure_of(second, both, "12-01")
    assert (figure.counting_unit, figure.counted, figure.denominator) == ("problem", ("two",), 1)


def days_to_resolved(*facts, day="06-01"):
    [part] = figure_of(RESPONSE, facts, day).parts
    return part.name, part.value, part.n, part.pending


NAME = "median_days_to_resolved"


def test_the_median_of_solved_ones_is_that_of_their_days():
    # Solved after 4, 9 and 20 days. S(4) = 2/3, S(9) = 1/3: half are solved by day 9.
    solved = (
        problem("one", "03-01", resolved="03-05"),
        problem("two", "03-01", resolved="03-10"),
        problem("three", "03-01", resolved="03-21"),
    )
    assert days_to_resolved(*solved) == (NAME, 9, 3, 0)


def test_open_ones_are_censored_on_the_valid_day():
    # On 12 March: solved after 4; open for 11 days twice; the one solved on the 21st is open too.
    # S(4) = 3/4, and no more: the median is not reached.
    facts = (
        problem("one", "03-01", resolved="03-05"),
        problem("two", "03-01"),
        problem("three", "03-01"),
        problem("four", "03-01", resolved="03-21"),
    )
    assert days_to_resolved(*facts, day="03-12") == (NAME, None, 4, 3)
    # On 21 March the fourth is solved after 20 days: S(4) = 3/4, S(20) = 3/4 · 2/3 = 1/2.
    assert days_to_resolved(*facts, day="03-21") == (NAME, 20, 4, 2)


def test_one_closed_unsolved_is_censored_on_the_day_it_was_closed():
    # Closed after 3 and after 5, solved after 4 and 9, one open: at day 4 four are left,
    # S(4) = 3/4; at day 9 two, S(9) = 3/4 · 1/2 = 3/8.
    facts = (
        problem("one", "03-01", closed="03-04"),
        problem("two", "03-01", resolved="03-05"),
        problem("three", "03-01", resolved="03-10"),
        problem("four", "03-01"),
        problem("five", "03-01", closed="03-06"),
    )
    assert days_to_resolved(*facts) == (NAME, 9, 5, 3)
    open_still = (*facts[1:4], problem("one", "03-01"), problem("five", "03-01"))
    # All open until the end: S(4) = 4/5, S(9) = 3/5, no median.
    assert days_to_resolved(*open_still) == (NAME, None, 5, 3)


def test_without_problems_there_is_no_median():
    assert days_to_resolved() == (NAME, None, 0, 0)
    assert acted() == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(st.data(), everything(problems()), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, RESPONSE, facts, day)
    assert figure.value + figure.pending <= figure.denominator == figure.parts[0].n
