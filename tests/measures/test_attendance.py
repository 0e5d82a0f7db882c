"""M21, counted by hand: who came on 80 % of the planned days in weeks 9–12 of 2022."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import Attendance
from tests.measures.any_facts import (
    attendances,
    courses,
    days,
    everything,
    holds_whatever_the_order,
)
from tests.measures.stories import WORDS
from tests.measures.stories_direct import came, figure_of, pause, taking_part

STABLE = Attendance(id="stable", title=WORDS)

# Mondays: 28 February, 7, 14 and 21 March. The last of these days is Sunday, 27 March.
WEEKS = ("02-28", "03-07", "03-14", "03-21")
IN_COURSE = taking_part("a", began="01-11")


def weeks(person, *attended, planned=5):
    return [came(person, week, planned, days) for week, days in zip(WEEKS, attended, strict=False)]


def stable(*facts, day="03-30", goal=STABLE):
    """(persons who came often enough, persons with planned days, unknown)"""
    figure = figure_of(goal, facts, day)
    assert figure.pending == 0
    return figure.value, figure.denominator, figure.unknown


def test_eighty_percent_of_four_weeks_together_is_enough():
    # 5 + 5 + 5 + 1 = 16 of 20 planned days are 80 %; 15 are 75 %.
    assert stable(IN_COURSE, *weeks("a", 5, 5, 5, 1)) == (1, 1, 0)
    assert stable(IN_COURSE, *weeks("a", 5, 5, 5, 0)) == (0, 1, 0)
    three_quarters = replace(STABLE, at_least=0.75)
    assert stable(IN_COURSE, *weeks("a", 5, 5, 5, 0), goal=three_quarters) == (1, 1, 0)


def test_a_share_written_in_tenths_is_exact():
    # 7 of 10 planned days are 70 %, though 0.7 · 10 is more than 7 in binary numbers.
    seven_tenths = replace(STABLE, at_least=0.7)
    assert stable(IN_COURSE, *weeks("a", 5, 2), goal=seven_tenths) == (1, 1, 0)


@pytest.mark.parametrize(
    ("day", "last_week"),
    [("03-26", "2022-W11"), ("03-27", "2022-W12"), ("04-02", "2022-W12"), ("04-03", "2022-W13")],
)
def test_a_week_is_finished_at_the_end_of_its_sunday(day, last_week):
    parameters = figure_of(STABLE, [], day).parameters
    assert (len(parameters["weeks"]), parameters["weeks"][-1]) == (4, last_week)


def test_weeks_before_and_after_do_not_count():
    others = (came("a", "02-21", 5, 5), came("a", "03-28", 5, 5))
    assert stable(IN_COURSE, *others) == (0, 0, 1)
    assert stable(IN_COURSE, *others, *weeks("a", 0)) == (0, 1, 0)


def test_a_day_too_many_makes_up_for_none_missed():
    # Planned 2 a week; came 5, 1, 1, 1: 2 + 1 + 1 + 1 = 5 of 8.
    assert stable(IN_COURSE, *weeks("a", 5, 1, 1, 1, planned=2)) == (0, 1, 0)


def test_weeks_without_planned_days_are_no_attendance():
    assert stable(IN_COURSE, *weeks("a", 0, 0, planned=0)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("facts", "unknown"),
    [
        ([IN_COURSE], 1),
        ([taking_part("a")], 0),
        ([taking_part("a", began="03-28")], 0),
        ([taking_part("a", began="01-11", completed_on="03-27")], 0),
        ([taking_part("a", began="01-11", completed_on="03-28")], 1),
        ([IN_COURSE, pause("a", "03-27")], 0),
        ([IN_COURSE, pause("a", "03-01", "03-27")], 1),
        ([IN_COURSE, pause("a", "03-28")], 1),
    ],
    ids=[
        "in the course",
        "not begun",
        "begun later",
        "ended on the last day",
        "ended later",
        "paused",
        "resumed on the last day",
        "paused later",
    ],
)
def test_of_whom_nothing_is_recorded_is_unknown_while_in_the_course(facts, unknown):
    assert stable(*facts) == (0, 0, unknown)


def test_each_week_says_its_days():
    facts = (*weeks("a", 5, 4, 3, 5), *weeks("b", 1, 0, 0, 0, planned=1))
    figure = figure_of(STABLE, facts, "03-30")
    # a: 17 of 20 (85 %). b: 1 of 4.
    assert (figure.value, figure.counted, figure.share) == (1, ("a",), 0.5)
    assert [(it.name, it.value, it.denominator, it.n) for it in figure.parts] == [
        ("2022-W09", 6, 6, 2),
        ("2022-W10", 4, 6, 2),
        ("2022-W11", 3, 6, 2),
        ("2022-W12", 5, 6, 2),
    ]
    assert {(it.quantity, it.counting_unit) for it in figure.parts} == {("days", "day")}


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), attendances), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, STABLE, facts, day)
    assert figure.within_denominator == figure.value
