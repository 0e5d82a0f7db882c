"""Survival, by tables that are written out by hand."""

import pytest

from services.reporting.figure import Interval
from services.reporting.measures.survival import (
    Estimate,
    Observation,
    cumulative_incidence,
    median_days,
    surviving,
)


def observed(*days, censored=()):
    return [Observation(day, True) for day in days] + [Observation(day, False) for day in censored]


#   day  at risk  came  censored  S
#     1        7     1         0  6/7            = 0.857143
#     3        6     2         1  6/7 * 4/6      = 0.571429
#     5        3     0         1                   0.571429
#     6        2     1         0  4/7 * 1/2      = 0.285714
#     8        1     0         1                   0.285714
SEVEN = observed(1, 3, 3, 6, censored=(3, 5, 8))


@pytest.mark.parametrize(
    ("day", "left"),
    [(0, 1.0), (1, 6 / 7), (2, 6 / 7), (3, 4 / 7), (5, 4 / 7), (6, 2 / 7), (8, 2 / 7)],
)
def test_the_curve_falls_by_the_share_of_those_at_risk(day, left):
    assert surviving(SEVEN, day).value == pytest.approx(left, abs=1e-9)


def test_beyond_the_last_observation_nothing_is_known():
    assert surviving(SEVEN, 9) == Estimate(None)


def test_who_has_come_to_an_end_stays_there():
    assert surviving(observed(2), 500).value == 0


def test_the_interval_is_greenwoods_on_the_log_log_scale():
    # Day 3: 1/(7*6) + 2/(6*4) = 0.107143, its root 0.327327; ln(4/7) = -0.559616.
    # 1.959964 * 0.327327 / 0.559616 = 1.146410; e to it 3.146874, to its negative 0.317776.
    # (4/7) ** 3.146874 = 0.171866, (4/7) ** 0.317776 = 0.837083.
    interval = surviving(SEVEN, 3).interval
    assert interval.level == 0.95
    assert (interval.low, interval.high) == pytest.approx((0.171866, 0.837083), abs=1e-5)


@pytest.mark.parametrize(
    "one", [observed(5), observed(censored=(5,)), observed(censored=(2, 3, 5))]
)
def test_where_no_interval_is_defined_there_is_none(one):
    assert surviving(one, 5).interval is None


def test_of_nobody_nothing_is_known():
    assert surviving([], 0) == median_days([]) == cumulative_incidence([], []) == Estimate(None)


def test_the_median_is_the_first_day_by_which_it_came_to_half():
    # The curve is 4/7 until day 6 and 2/7 then. Its lower bound is below a half from day 1; its
    # upper one never gets there: 0.69 at the end.
    assert median_days(SEVEN) == Estimate(6, Interval(1, None, 0.95))


def test_exactly_half_is_half():
    # 3/4 after the first, 3/4 * 2/3 = 1/2 after the second.
    assert median_days(observed(10, 20, 30, 40)).value == 20


def test_there_is_no_median_while_fewer_than_half_have_come():
    assert median_days(observed(3, censored=(4, 4))).value is None


def test_what_competes_is_not_censored():
    # day  at risk  dropped  completed  censored  before     incidence
    #  10        5        1          0         0  1          1/5            = 0.2
    #  20        4        0          1         0  4/5        0.2
    #  25        3        0          0         1  4/5 * 3/4  0.2
    #  30        2        1          0         0  3/5        0.2 + 3/5 * 1/2 = 0.5
    #  40        1        0          0         1
    dropped = observed(10, 30, censored=(25, 40))
    assert cumulative_incidence(dropped, [20]) == Estimate(0.5)


def test_both_on_one_day_share_its_fall():
    # 4 at risk on day 10, one dropped out and two completed: 1/4 of all. Then the last one: 1/4.
    assert cumulative_incidence(observed(10, 12), [10, 10]) == Estimate(0.5)


def test_without_anything_competing_it_is_the_rest_of_the_curve():
    assert cumulative_incidence(SEVEN, []).value == pytest.approx(1 - 2 / 7, abs=1e-6)
