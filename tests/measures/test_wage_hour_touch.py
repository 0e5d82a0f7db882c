"""M10, counted by hand: who had an ordinary paid minute in April, of the caseload on 30 April."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.definition import Term
from services.intake.events.goals import WageHourTouch
from tests.measures.any_facts import (
    courses,
    days,
    everything,
    holds_whatever_the_order,
    strands,
    wage_reports,
)
from tests.measures.stories import DEFINITION, WORDS
from tests.measures.stories_direct import figure_of, paid, strand, taking_part

TOUCH = WageHourTouch(id="touch", title=WORDS)
MOVED = Term(code="moved_away", name=WORDS, leaves_caseload=True)
LEAVING = replace(DEFINITION, codes=replace(DEFINITION.codes, destinations=(MOVED,)))


def touched(*facts, day="05-15"):
    """(persons with a paid minute, caseload, unknown)"""
    figure = figure_of(TOUCH, facts, day, LEAVING)
    return figure.value, figure.denominator, figure.unknown


def test_one_paid_minute_is_enough_and_several_reports_are_one_person():
    facts = [taking_part("a"), taking_part("b"), paid("a", "04-01", "04-15", 1)]
    assert touched(*facts) == (1, 2, 0)
    assert touched(*facts, paid("a", "04-16", "04-30", 600)) == (1, 2, 0)


@pytest.mark.parametrize(
    ("day", "month"),
    [("04-29", "2022-03"), ("04-30", "2022-04"), ("05-30", "2022-04"), ("05-31", "2022-05")],
)
def test_the_month_is_the_last_one_that_is_whole(day, month):
    figure = figure_of(TOUCH, [taking_part("a")], day)
    assert figure.parameters["month"] == month


def test_a_report_that_overlaps_the_month_counts_in_it():
    assert touched(taking_part("a"), paid("a", "03-15", "04-01", 60)) == (1, 1, 0)
    assert touched(taking_part("a"), paid("a", "04-30", "05-14", 60)) == (1, 1, 0)
    assert touched(taking_part("a"), paid("a", "03-15", "03-31", 60)) == (0, 1, 0)
    assert touched(taking_part("a"), paid("a", "05-01", "05-14", 60)) == (0, 1, 0)


@pytest.mark.parametrize("kind", ["flex_job", "wage_subsidy"])
def test_minutes_of_a_flex_job_or_a_subsidised_one_do_not_count(kind):
    report = paid("a", "04-01", "04-30", 2400)
    work = strand("a", kind, "03-01", minutes=600)
    assert touched(taking_part("a"), work, report) == (0, 1, 0)
    # From 16 April the same company pays ordinary hours: the report is of both.
    ended = strand("a", kind, "03-01", "04-15", minutes=600)
    ordinary = strand("a", "part_time", "04-16", minutes=600)
    assert touched(taking_part("a"), ended, ordinary, report) == (1, 1, 0)
    # Ordinary hours at another company count beside the flex job.
    other = paid("a", "04-01", "04-30", 60, company="kutter")
    assert touched(taking_part("a"), work, report, other) == (1, 1, 0)


def test_agreed_hours_that_nobody_reported_are_unknown():
    work = strand("a", "wage_hours", "04-30", minutes=300)
    assert touched(taking_part("a"), work) == (0, 1, 1)
    assert touched(taking_part("a"), work, paid("a", "04-01", "04-30", 0)) == (0, 1, 0)
    for first, last in (("03-15", "04-01"), ("04-30", "05-14")):
        assert touched(taking_part("a"), work, paid("a", first, last, 0)) == (0, 1, 0)
    assert touched(taking_part("a"), strand("a", "wage_hours", "05-01", minutes=300)) == (0, 1, 0)
    assert touched(taking_part("a"), strand("a", "practice", "03-01")) == (0, 1, 0)
    assert touched(taking_part("a"), strand("a", "flex_job", "03-01", minutes=300)) == (0, 1, 0)


def test_who_moved_leaves_the_caseload_from_that_day():
    report = paid("a", "04-01", "04-10", 60)
    for left_on, expected in (("04-30", (0, 0, 0)), ("05-01", (1, 1, 0))):
        moved = taking_part("a", completed_on=left_on, destination="moved_away")
        assert touched(moved, report) == expected


def test_who_left_for_anything_else_stays_in_the_caseload():
    gone = taking_part("a", completed_on="02-15", destination="job")
    assert touched(gone, paid("a", "04-01", "04-10", 60)) == (1, 1, 0)


def test_who_came_back_after_moving_is_in_the_caseload_again():
    moved = taking_part("a", dropped_out_on="02-15", destination="moved_away")
    assert touched(moved, taking_part("a", "04-01", spell=2)) == (0, 1, 0)


def test_only_the_enrolled_are_in_the_caseload():
    assert touched(taking_part("a", None)) == (0, 0, 0)
    assert touched(taking_part("a", "05-01")) == (0, 0, 0)
    assert touched(taking_part("a", "04-30")) == (0, 1, 0)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), strands(), wage_reports()), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, TOUCH, facts, day, LEAVING)
    assert figure.value + figure.unknown <= figure.denominator
    assert figure.within_denominator == figure.value
