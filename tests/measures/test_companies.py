"""M17, counted by hand: companies that cooperate, or more than their baseline says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import CompaniesEngaged
from tests.measures.any_facts import days, everything, holds_whatever_the_order, levels
from tests.measures.stories import WORDS
from tests.measures.stories_direct import figure_of, level

ENGAGED = CompaniesEngaged(id="engaged", title=WORDS, counting="engaged")
INCREASED = CompaniesEngaged(id="increased", title=WORDS, counting="increased")


def engaged(*facts, day="12-01", goal=ENGAGED):
    return figure_of(goal, facts, day).counted


def increased(*facts, day="12-01", goal=INCREASED):
    """(companies above their baseline, companies with one, unknown)"""
    figure = figure_of(goal, facts, day)
    return figure.counted, figure.denominator, figure.unknown


def test_a_company_is_engaged_from_an_agreement_on():
    facts = (level("brod", "03-01", 1), level("kutter", "03-01", 2), level("smedjen", "03-01", 5))
    figure = figure_of(ENGAGED, facts, "12-01")
    assert (figure.value, figure.counted, figure.n) == (2, ("kutter", "smedjen"), 3)
    assert (figure.counting_unit, figure.denominator, figure.unknown) == ("company", None, 0)
    assert engaged(*facts, goal=replace(ENGAGED, level=3)) == ("smedjen",)


def test_who_was_engaged_once_in_the_period_stays_counted():
    facts = (level("brod", "03-01", 3), level("brod", "04-01", 0))
    assert engaged(*facts, day="02-28") == ()
    assert engaged(*facts, day="03-01") == ("brod",)
    assert engaged(*facts) == ("brod",)


def test_a_level_from_before_the_period_counts_while_it_stands():
    before = level("brod", "2021-06-01", 3)
    assert engaged(before) == ("brod",)
    assert engaged(before, level("brod", "2021-12-31", 0)) == ()
    assert engaged(before, level("brod", "2022-01-01", 0)) == ()
    assert engaged(before, level("brod", "2022-01-02", 0)) == ("brod",)
    assert engaged(before, day="2021-12-31") == ()  # the period has not begun


def test_a_level_after_the_period_does_not_count():
    assert engaged(level("brod", "12-31", 2), day="2023-02-01") == ("brod",)
    assert engaged(level("brod", "2023-01-01", 2), day="2023-02-01") == ()


def test_a_goal_of_a_phase_counts_levels_that_stand_in_it():
    second = replace(ENGAGED, phase="second")
    assert engaged(level("brod", "03-01", 2), goal=second) == ("brod",)
    assert engaged(level("brod", "03-01", 2), level("brod", "06-30", 1), goal=second) == ()


def test_increased_means_above_the_own_baseline():
    facts = (
        level("brod", "01-10", 1, baseline=True),
        level("brod", "03-01", 3),
        level("kutter", "01-10", 3, baseline=True),
        level("kutter", "03-01", 3),
        level("smedjen", "03-01", 5),
    )
    # Brod rose from 1 to 3; kutter stays at 3; of smedjen nobody knows from where it comes.
    assert increased(*facts) == (("brod",), 2, 1)
    assert increased(*facts, day="02-28") == ((), 2, 0)
    figure = figure_of(INCREASED, facts, "12-01")
    assert (figure.share, figure.n, figure.variant) == (0.5, 3, "increased")


def test_a_level_stands_until_the_next_one():
    facts = (
        level("brod", "01-10", 1, baseline=True),
        level("brod", "03-01", 3),
        level("brod", "05-01", 1),
    )
    assert increased(*facts, day="04-30") == (("brod",), 1, 0)
    assert increased(*facts, day="05-01") == ((), 1, 0)


def test_the_latest_baseline_holds():
    facts = (
        level("brod", "01-10", 1, baseline=True),
        level("brod", "03-01", 3),
        level("brod", "05-01", 3, baseline=True),
    )
    assert increased(*facts, day="04-30") == (("brod",), 1, 0)
    assert increased(*facts, day="05-01") == ((), 1, 0)
    assert increased(*facts, level("brod", "06-01", 4)) == (("brod",), 1, 0)


def test_a_baseline_and_a_level_of_one_day_are_a_rise():
    facts = (level("brod", "01-10", 1, baseline=True), level("brod", "01-10", 2))
    assert increased(*facts) == (("brod",), 1, 0)


def test_what_rose_after_the_period_does_not_count():
    base = level("brod", "01-10", 1, baseline=True)
    assert increased(base, level("brod", "2023-01-01", 4), day="2023-02-01") == ((), 1, 0)


@pytest.mark.parametrize(("unit", "counted"), [("company", ("brod", "kaj")), ("cvr", ("10",))])
def test_units_of_one_company_count_each_or_together(unit, counted):
    facts = (level("brod", "03-01", 2, cvr="10"), level("kaj", "03-01", 4, cvr="10"))
    figure = figure_of(replace(ENGAGED, unit=unit), facts, "12-01")
    assert (figure.counted, figure.counting_unit) == (counted, unit)


def test_a_whole_company_rises_above_the_highest_of_its_baselines():
    facts = (
        level("brod", "01-10", 1, baseline=True, cvr="10"),
        level("kaj", "01-10", 4, baseline=True, cvr="10"),
        level("brod", "03-01", 4, cvr="10"),
    )
    whole = replace(INCREASED, unit="cvr")
    assert increased(*facts, goal=whole) == ((), 1, 0)
    assert increased(*facts, level("brod", "04-01", 5, cvr="10"), goal=whole) == (("10",), 1, 0)
    # A unit without a baseline says nothing of a rise.
    new = level("havn", "04-01", 5, cvr="10")
    assert increased(*facts, new, goal=whole) == ((), 1, 0)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(levels), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    for goal in (ENGAGED, INCREASED, replace(INCREASED, unit="cvr")):
        figure = holds_whatever_the_order(data, goal, facts, day)
        assert figure.value <= figure.n


@settings(max_examples=40, deadline=None)
@given(everything(levels), days, days)
def test_an_engaged_company_stays_counted(facts, one, other):
    earlier, later = sorted((one, other))
    assert set(engaged(*facts, day=earlier)) <= set(engaged(*facts, day=later))
