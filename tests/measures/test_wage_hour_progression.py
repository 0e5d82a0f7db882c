"""M11, counted by hand: weekly paid minutes in weeks 9–12, less those in weeks 1–4."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import WageHourProgression
from tests.measures.any_facts import (
    courses,
    days,
    everything,
    holds_whatever_the_order,
    strands,
    wage_reports,
)
from tests.measures.stories import WORDS
from tests.measures.stories_direct import figure_of, paid, strand

GROWTH = WageHourProgression(id="growth", title=WORDS)

# The first paid day is 1 February. Weeks 1–4 are 1–28 February, weeks 5–8 are 1–28 March,
# weeks 9–12 are 29 March – 25 April.
LAST = "04-25"


def grown(*facts, day=LAST):
    """(median minutes, persons, pending, persons with more)"""
    figure = figure_of(GROWTH, facts, day)
    return figure.value, figure.n, figure.pending, figure.parts[0].value


def test_agreed_minutes_count_where_nothing_is_reported():
    # 300 a week in weeks 1–4, 480 in weeks 9–12: 180 more.
    before = strand("a", "wage_hours", "02-01", "03-15", minutes=300)
    after = strand("a", "wage_hours", "03-16", minutes=480, begun="02-01")
    assert grown(before, after) == (180.0, 1, 0, 1)


def test_under_twelve_weeks_is_pending():
    work = strand("a", "wage_hours", "02-01", minutes=300)
    assert grown(work, day="01-31") == (None, 0, 0, 0)
    assert grown(work, day="02-01") == (None, 0, 1, 0)
    assert grown(work, day="04-24") == (None, 0, 1, 0)
    assert grown(work, day="04-25") == (0.0, 1, 0, 0)


def test_reported_minutes_go_before_agreed_ones_and_are_spread_evenly():
    # Reported: 5600 minutes over the 56 days 29 March – 23 May are 100 a day, so 700 a week;
    # agreed and not reported in weeks 1–4: 210 a week. 700 − 210 = 490.
    work = strand("a", "wage_hours", "02-01", minutes=210)
    assert grown(work, paid("a", "03-29", "05-23", 5600)) == (490.0, 1, 0, 1)


def test_a_report_of_part_of_the_weeks_replaces_the_agreement_of_its_days_alone():
    # Weeks 1–4: 14 days at 30 agreed (210 a week) = 420, and 14 days reported at 10 = 140:
    # 560 / 4 = 140 a week. Weeks 9–12: 210. 210 − 140 = 70.
    work = strand("a", "wage_hours", "02-01", minutes=210)
    assert grown(work, paid("a", "02-15", "02-28", 140)) == (70.0, 1, 0, 1)


def test_hours_that_ended_are_a_decline():
    work = strand("a", "wage_hours", "02-01", "03-28", minutes=300)
    assert grown(work) == (-300.0, 1, 0, 0)


def test_hours_at_two_companies_are_added():
    # 300 throughout, and 120 a week with another company in weeks 9–12.
    first = strand("a", "wage_hours", "02-01", minutes=300)
    second = strand("a", "part_time", "03-29", minutes=120, company="kutter")
    assert grown(first, second) == (120.0, 1, 0, 1)


@pytest.mark.parametrize("kind", ["flex_job", "wage_subsidy"])
def test_flex_jobs_and_subsidised_ones_are_no_ordinary_hours(kind):
    work = strand("a", "wage_hours", "02-01", minutes=300)
    special = strand("a", kind, "01-01", minutes=2000, company="kutter")
    report = paid("a", "03-29", "04-25", 9999, company="kutter")
    assert grown(work, special, report) == (0.0, 1, 0, 0)


def test_ordinary_hours_beside_a_flex_job_at_one_company_count():
    # 300 agreed in weeks 1–4; in weeks 9–12 a report of both: 1600 / 4 = 400 a week.
    work = strand("a", "wage_hours", "02-01", minutes=300)
    flex = strand("a", "flex_job", "02-01", minutes=900)
    assert grown(work, flex, paid("a", "03-29", "04-25", 1600)) == (100.0, 1, 0, 1)


def test_the_first_paid_day_may_come_from_a_report_alone():
    # 280 minutes in the 28 days of weeks 1–4 are 70 a week, 560 in weeks 9–12 are 140.
    assert grown(paid("a", "02-01", "02-28", 280), paid("a", "03-29", "04-25", 560)) == (
        70.0,
        1,
        0,
        1,
    )


def test_a_report_of_no_minutes_puts_the_first_paid_day_off():
    # Nothing was paid through 7 February, so the twelve weeks end on 2 May.
    facts = (
        strand("a", "wage_hours", "02-01", minutes=300),
        paid("a", "02-01", "02-07", 0),
    )
    assert grown(*facts, day="05-01") == (None, 0, 1, 0)
    assert grown(*facts, day="05-02") == (0.0, 1, 0, 0)


def test_the_median_is_over_persons_and_the_share_is_of_the_cohort():
    # Changes −300, 0, 180 and 490: the median is (0 + 180) / 2 = 90; two of four grew.
    facts = (
        strand("a", "wage_hours", "02-01", "03-28", minutes=300),
        strand("b", "wage_hours", "02-01", minutes=300),
        strand("c", "wage_hours", "02-01", "03-15", minutes=300),
        strand("c", "wage_hours", "03-16", minutes=480),
        strand("d", "wage_hours", "02-01", minutes=210),
        paid("d", "03-29", "05-23", 5600),
    )
    figure = figure_of(GROWTH, facts, LAST)
    assert (figure.value, figure.quantity, figure.counting_unit) == (90.0, "minutes", "person")
    assert figure.counted == ("a", "b", "c", "d")
    [increased] = figure.parts
    assert (increased.name, increased.counted) == ("increased", ("c", "d"))
    assert (increased.denominator, increased.share) == (4, 0.5)


def test_a_goal_of_a_phase_follows_those_first_paid_in_it():
    second = replace(GROWTH, phase="second")
    early = strand("a", "wage_hours", "06-30", minutes=300)
    late = strand("b", "wage_hours", "07-01", minutes=300)
    assert figure_of(second, [early, late], "12-31").counted == ("b",)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), strands(), wage_reports()), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, GROWTH, facts, day)
    assert figure.n == len(figure.counted) == figure.parts[0].denominator
    assert set(figure.parts[0].counted) <= set(figure.counted)
