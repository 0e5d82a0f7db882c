"""M12, counted by hand."""

import pytest

from services.intake.events.goals import TimeTo
from services.reporting.figure import Interval
from services.reporting.measures.time_to import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import course, strand, work

STARTED = TimeTo(id="started", title=WORDS, step="referral_to_start")
HOURS = TimeTo(id="hours", title=WORDS, step="start_to_wage_hours")
EMPLOYED = TimeTo(id="employed", title=WORDS, step="start_to_employment")


def hours(person, start, company="brod"):
    return strand(person, start, of="wage_hours", company=company, weekly_minutes=300)


def test_the_median_takes_those_into_account_who_still_wait():
    found = measure(
        caseload(
            course("a", referred="03-01", start="03-05", attended="03-11"),  # 10 days
            course("b", referred="03-01", start="03-05", attended="03-21"),  # 20 days
            course("c", referred="03-01", start="03-05", attended="03-31"),  # 30 days
            course("d", referred="03-26"),  # waiting for 15 days
            course("e", referred="03-01"),  # waiting for 40 days
            course("f", referred="04-11"),
        ),
        STARTED,
        as_of("04-10"),
    )
    # day  at risk  came  S
    #  10        5     1  4/5
    #  20        3     1  4/5 * 2/3 = 8/15 = 0.53  (d was censored on day 15)
    #  30        2     1  8/15 * 1/2 = 0.27
    assert (found.value, found.quantity, found.n, found.pending) == (30, "days", 5, 2)
    assert found.counted == ("a", "b", "c")
    # Log-log bounds: on day 10 from 0.20 to 0.97, on day 20 from 0.07 to 0.86, on day 30 from
    # 0.01 to 0.69. The lower one is below a half from day 10, the upper one never.
    assert found.interval == Interval(10, None, 0.95)
    assert found.denominator is None


def test_while_fewer_than_half_have_come_there_is_no_median():
    parts = (
        course("a", referred="03-01", start="03-05", attended="03-11"),
        course("b", referred="03-01"),
        course("c", referred="03-01"),
    )
    found = measure(caseload(*parts), STARTED, as_of("06-01"))
    assert (found.value, found.n, found.pending) == (None, 3, 2)


def test_a_step_that_lies_ahead_has_not_come():
    ahead = course("a", referred="03-01", start="03-05", attended="03-11")
    found = measure(caseload(ahead), STARTED, as_of("03-10"))
    assert (found.value, found.n, found.pending) == (None, 1, 1)
    assert measure(caseload(ahead), STARTED, as_of("03-11")).value == 10


def test_of_nobody_there_is_no_median():
    found = measure(caseload(), STARTED, as_of("06-01"))
    assert (found.value, found.n, found.interval, found.counted) == (None, 0, None, ())


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        (STARTED, 8),  # 3 January to 11 January
        (HOURS, 21),  # to 1 February
        (EMPLOYED, 49),  # to 1 March
    ],
)
def test_each_step_is_counted_from_the_one_before_it(goal, expected):
    parts = (
        course("a", start="01-10", attended="01-11"),
        hours("a", "02-01"),
        work("a", "02-15", kind="wage_subsidy", company="kutter"),
        work("a", "03-01"),
    )
    assert measure(caseload(*parts), goal, as_of("12-31")).value == expected


def test_what_came_before_the_start_does_not_count():
    parts = (
        course("a", start="01-10", attended="01-11"),
        hours("a", "01-05"),
        hours("a", "01-21", company="kutter"),
        work("a", "01-05", "02-28"),
        work("a", "03-01", minutes=600, begun="01-05"),  # a change is no beginning
    )
    assert measure(caseload(*parts), HOURS, as_of("12-31")).value == 10
    assert measure(caseload(*parts), EMPLOYED, as_of("12-31")).value is None


def test_whoever_comes_back_is_one_person():
    parts = (
        course("a", start="01-10", dropped_out="02-01"),
        course("a", spell=2, referred="03-01", start="03-05", attended="03-04"),
    )
    # From 3 January to 4 March: 28 + 28 + 4 days.
    found = measure(caseload(*parts), STARTED, as_of("12-31"))
    assert (found.value, found.n) == (60, 1)


def test_a_goal_of_a_phase_is_about_those_who_began_in_it():
    second = TimeTo(id="started", title=WORDS, step="referral_to_start", phase="second")
    parts = (course("a", referred="06-30"), course("b", referred="07-01"))
    assert measure(caseload(*parts), second, as_of("12-31")).n == 1
