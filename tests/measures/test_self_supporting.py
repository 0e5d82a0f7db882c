"""M07, counted by hand: 28 days after 10 May is 7 June, the whole month after it June."""

import pytest
from msgspec.structs import replace

from services.intake.events.goals import SelfSupportingBenefit, SelfSupportingJob
from services.reporting.measures.self_supporting import measure_benefit, measure_job
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import CODED, course, support, told, work

JOB = SelfSupportingJob(id="job", title=WORDS, target_share=0.75)
BENEFIT = SelfSupportingBenefit(id="benefit", title=WORDS, benefits=("cash", "sickness"))

COMPLETER = course("a", start="01-10", attended="01-11", completed="05-10")


def with_job(*parts, day="06-07", goal=JOB):
    """(in employment, completers, pending)"""
    found = measure_job(caseload(COMPLETER, *parts), goal, as_of(day))
    return found.value, found.denominator, found.pending


def without_benefit(*parts, day="06-30", goal=BENEFIT, completer=COMPLETER):
    """(without a benefit, completers with known support, unknown, pending)"""
    whole = caseload(completer, *parts, definition=CODED)
    found = measure_benefit(whole, goal, as_of(day, CODED))
    return found.value, found.denominator, found.unknown, found.pending


def test_a_completer_in_a_job_28_days_after_counts():
    job = work("a", "04-01")
    assert with_job(job, day="05-09") == (0, 0, 0)
    assert with_job(job, day="05-10") == (0, 1, 1)
    assert with_job(job, day="06-06") == (0, 1, 1)
    assert with_job(job, day="06-07") == (1, 1, 0)


@pytest.mark.parametrize(
    ("job", "counted"),
    [
        (work("a", "06-07"), 1),
        (work("a", "06-08"), 0),
        (work("a", "05-11", "06-07"), 1),
        (work("a", "05-11", "06-06"), 0),
        (work("a", "05-11", kind="flex_job"), 0),
    ],
)
def test_the_job_must_run_on_that_very_day(job, counted):
    assert with_job(job, day="08-01") == (counted, 1, 0)


def test_a_gap_of_a_fortnight_around_the_day_is_joined():
    # Free from 2 to 15 June, or to 16 June.
    first = work("a", "05-11", "06-01")
    assert with_job(first, work("a", "06-16", company="kutter"), day="08-01") == (1, 1, 0)
    assert with_job(first, work("a", "06-17", company="kutter"), day="08-01") == (0, 1, 0)
    none = replace(JOB, gap_days=0)
    assert with_job(first, work("a", "06-16", company="kutter"), day="08-01", goal=none) == (
        0,
        1,
        0,
    )


def test_a_job_without_an_end_runs_on_until_somebody_says_that_it_does_not():
    assert with_job(work("a", "2021-06-01")) == (1, 1, 0)
    assert with_job(work("a", "2021-06-01"), told("a", "06-06", "not_employed")) == (0, 1, 0)


def test_the_exit_is_the_latest_completion():
    again = course("a", spell=2, start="07-01", attended="07-02", completed="08-10")
    job = work("a", "06-01", "08-31")
    # 28 days after 10 August is 7 September: the job is over then.
    assert with_job(job, again, day="08-09") == (1, 1, 0)
    assert with_job(job, again, day="08-10") == (0, 1, 1)
    assert with_job(job, again, day="09-07") == (0, 1, 0)


def test_whoever_only_dropped_out_is_no_completer():
    left = course("b", start="01-10", attended="01-11", dropped_out="05-10")
    assert with_job(left, work("b", "05-01")) == (0, 1, 0)


def test_the_share_is_of_all_completers():
    others = [
        fact
        for person in ("b", "c", "d")
        for fact in course(person, start="01-10", attended="01-11", completed="05-10")
    ]
    late = course("e", start="01-10", attended="01-11", completed="06-01")
    found = measure_job(
        caseload(COMPLETER, others, late, *(work(person, "05-20") for person in "abc")),
        JOB,
        as_of("06-07"),
    )
    assert (found.value, found.denominator, found.pending) == (3, 5, 1)
    assert found.share == 0.6
    assert found.denominator_name == "completed"


def test_a_whole_month_without_a_benefit_counts():
    parts = (support("a", "cash", "01-03", "05-31"), support("a", None, "06-01"))
    assert without_benefit(*parts, day="05-10") == (0, 1, 0, 1)
    assert without_benefit(*parts, day="06-29") == (0, 1, 0, 1)
    assert without_benefit(*parts, day="06-30") == (1, 1, 0, 0)


@pytest.mark.parametrize(
    "parts",
    [
        (support("a", "cash", "01-03", "06-01"), support("a", None, "06-02")),
        (support("a", None, "05-11", "06-29"), support("a", "cash", "06-30")),
        (support("a", "cash", "01-03"),),
        (support("a", "cash", "06-10", "06-10"),),
    ],
    ids=["its first day", "its last day", "as at the referral", "the rest unknown"],
)
def test_one_day_of_a_benefit_is_enough_to_be_on_it(parts):
    assert without_benefit(*parts, day="08-01") == (0, 1, 0, 0)


def test_a_benefit_that_the_goal_does_not_list_is_no_obstacle():
    assert without_benefit(support("a", "student", "05-11")) == (1, 1, 0, 0)


def test_of_whom_a_day_is_not_known_is_in_no_denominator():
    assert without_benefit() == (0, 0, 1, 0)
    assert without_benefit(support("a", None, "06-02")) == (0, 0, 1, 0)
    assert without_benefit(support("a", None, "05-11", "06-29")) == (0, 0, 1, 0)


def test_a_code_that_the_law_has_ended_says_nothing():
    # The list holds the code through 15 May.
    april = course("a", start="01-10", attended="01-11", completed="03-31")
    on_it = support("a", "sickness", "01-03")
    assert without_benefit(on_it, completer=april) == (0, 1, 0, 0)
    assert without_benefit(on_it) == (0, 0, 1, 0)


def test_the_month_after_the_last_day_of_one_is_the_next():
    last = course("a", start="01-10", attended="01-11", completed="05-31")
    none = support("a", None, "06-01")
    assert without_benefit(none, completer=last) == (1, 1, 0, 0)


def test_what_is_said_in_another_enrolment_is_about_another_time():
    assert without_benefit(support("a", None, "05-11", spell=2)) == (0, 0, 1, 0)


def test_what_is_said_of_a_later_day_waits_for_it():
    parts = (support("a", None, "05-11", "08-31"), support("a", "cash", "09-01"))
    assert without_benefit(*parts) == without_benefit(*parts, day="12-31") == (1, 1, 0, 0)
