"""M08, counted by hand: 90 days after 1 March is 30 May."""

import pytest

from services.intake.events.goals import ReEmployment
from services.reporting.measures.re_employment import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import told, work

GOAL = ReEmployment(id="again", title=WORDS)
LOST = work("a", "01-10", "03-01")


def outcome(*parts, day="12-31", goal=GOAL):
    """(followed by a job, losses observed, pending)"""
    found = measure(caseload(*parts), goal, as_of(day))
    return found.value, found.denominator, found.pending


def test_a_loss_is_observed_for_ninety_days():
    soon = work("a", "04-01", company="kutter")
    assert outcome(LOST, soon, day="02-28") == (0, 0, 0)
    assert outcome(LOST, soon, day="03-01") == (0, 0, 1)
    assert outcome(LOST, soon, day="05-29") == (0, 0, 1)  # followed already, and not observed
    assert outcome(LOST, soon, day="05-30") == (1, 1, 0)


@pytest.mark.parametrize(("next_on", "followed"), [("05-30", 1), ("05-31", 0)])
def test_the_next_job_may_begin_on_the_ninetieth_day(next_on, followed):
    assert outcome(LOST, work("a", next_on, company="kutter")) == (followed, 1, 0)


def test_a_job_that_does_not_count_is_no_new_job():
    assert outcome(LOST, work("a", "04-01", company="kutter", kind="flex_job")) == (0, 1, 0)


def test_moving_on_from_one_day_to_the_next_is_no_loss():
    assert outcome(LOST, work("a", "03-02", company="kutter")) == (0, 0, 0)
    assert outcome(LOST, work("a", "03-03", company="kutter")) == (1, 1, 0)


def test_one_of_two_jobs_that_ends_is_no_loss():
    other = work("a", "02-01", "04-01", company="kutter")
    found = measure(caseload(LOST, other), GOAL, as_of("12-31"))
    assert (found.value, found.denominator) == (0, 1)


def test_a_change_of_hours_is_no_loss():
    assert outcome(LOST, work("a", "03-02", minutes=600, begun="01-10")) == (0, 0, 0)


def test_a_contact_that_says_not_employed_is_a_loss():
    assert outcome(work("a", "01-10")) == (0, 0, 0)
    assert outcome(work("a", "01-10"), told("a", "03-01", "not_employed")) == (0, 1, 0)


def test_a_person_may_lose_several_jobs():
    whole = (
        LOST,  # followed after 61 days
        work("a", "05-01", "06-01", company="kutter"),  # not followed
        work("b", "02-01", "11-01"),  # observed for 60 days by the end of the year
        work("c", "02-01"),
    )
    found = measure(caseload(*whole), GOAL, as_of("12-31"))
    assert (found.value, found.denominator, found.pending, found.share) == (1, 2, 1, 0.5)
    assert (found.counting_unit, found.counted) == ("job_loss", ("a-brod@2022-03-01",))


def test_a_goal_of_a_phase_is_about_losses_in_it():
    second = ReEmployment(id="again", title=WORDS, phase="second")
    assert outcome(work("a", "01-10", "06-30"), goal=second) == (0, 0, 0)
    assert outcome(work("a", "01-10", "07-01"), goal=second) == (0, 1, 0)
