"""M06, counted by hand: three months after a job that began on 31 January is 30 April."""

import pytest

from services.intake.events.definition import Retention
from services.reporting.measures.retention import last_counted_on, measure
from tests.measures.stories import (
    RETAINED,
    WORDS,
    aftercare,
    as_of,
    began,
    caseload,
    enrolled,
    enrolment,
    follow_up,
    hours_reported,
    job,
    job_ended,
    on,
    placement,
)

PERSON = enrolment("a", enrolled("01-10"), began("01-11"))


def outcome(*parts, day="08-01", goal=RETAINED):
    """(retained, matured, unknown, pending)"""
    found = measure(caseload(PERSON, *parts), goal, as_of(day))
    return found.value, found.denominator, found.unknown, found.pending


RETAINED_ONE = (1, 1, 0, 0)
LOST = (0, 1, 0, 0)
UNKNOWN = (0, 1, 1, 0)
PENDING = (0, 0, 0, 1)
NOBODY = (0, 0, 0, 0)


def test_the_cohort_matures_on_the_clipped_day():
    work = placement("a", job("01-31"), job_ended("06-30"))
    assert outcome(work, day="01-30") == NOBODY
    assert outcome(work, day="01-31") == PENDING
    assert outcome(work, day="04-29") == PENDING
    assert outcome(work, day="04-30") == RETAINED_ONE


def test_a_job_runs_on_its_last_day():
    assert outcome(placement("a", job("01-31"), job_ended("04-30"))) == RETAINED_ONE
    assert outcome(placement("a", job("01-31"), job_ended("04-29"))) == LOST


def test_a_gap_of_fourteen_days_is_joined_and_one_of_fifteen_is_not():
    first = placement("a", job("01-31"), job_ended("04-20"))
    assert outcome(first, placement("a", job("05-05"), company="kutter")) == RETAINED_ONE
    assert outcome(first, placement("a", job("05-06"), company="kutter")) == LOST


def test_a_gap_is_not_joined_by_a_job_that_has_not_begun():
    parts = (
        placement("a", job("01-31"), job_ended("04-25")),
        placement("a", job("05-05"), company="kutter"),
    )
    assert outcome(*parts, day="05-04") == LOST
    assert outcome(*parts, day="05-05") == RETAINED_ONE


def test_evidence_lasts_ninety_days():
    # 31 January + 90 days is 1 May; asked of is 30 April.
    assert outcome(placement("a", job("01-31"))) == RETAINED_ONE
    # 1 May + 90 days is 30 July; asked of is 1 August.
    assert outcome(placement("a", job("05-01"))) == UNKNOWN
    exact = Retention(id="r", title=WORDS, months=3, evidence_days=92)
    assert outcome(placement("a", job("05-01")), goal=exact) == RETAINED_ONE


@pytest.mark.parametrize(
    "evidence",
    [
        placement("a", job("05-01"), hours_reported("05-01", "05-31", 600)),
        [
            *placement("a", job("05-01")),
            *aftercare("a", follow_up("05-03", "employed_same"), anchor="05-01"),
        ],
    ],
    ids=["paid hours", "a follow-up"],
)
def test_evidence_renews_itself(evidence):
    assert outcome(evidence) == RETAINED_ONE


@pytest.mark.parametrize("state", ["employed_other", "unknown"])
def test_only_a_contact_that_says_the_same_job_is_evidence(state):
    told = aftercare("a", follow_up("05-20", state), anchor="05-01")
    assert outcome(placement("a", job("05-01")), told) == UNKNOWN


def test_a_report_of_no_minutes_is_no_evidence():
    work = placement("a", job("05-01"), hours_reported("05-01", "05-31", 0))
    assert outcome(work) == UNKNOWN


def test_what_is_said_of_another_job_is_no_evidence_of_this_one():
    told = aftercare("a", follow_up("06-01", "employed_same"), anchor="05-01", company="kutter")
    assert outcome(placement("a", job("05-01")), told) == UNKNOWN


def test_evidence_after_the_valid_day_does_not_count_yet():
    parts = (
        placement("a", job("05-01")),
        aftercare("a", follow_up("08-02", "employed_same"), anchor="05-01"),
    )
    assert outcome(*parts, day="08-01") == UNKNOWN
    assert outcome(*parts, day="08-02") == RETAINED_ONE


def test_a_contact_that_says_not_employed_is_the_last_day_of_the_job():
    work = placement("a", job("01-31"))
    assert outcome(work, aftercare("a", follow_up("04-29", "not_employed"), anchor="01-31")) == LOST
    assert (
        outcome(work, aftercare("a", follow_up("04-30", "not_employed"), anchor="01-31"))
        == RETAINED_ONE
    )


def test_retained_does_not_mean_with_the_same_company():
    parts = (
        placement("a", job("01-31"), job_ended("03-15")),
        placement("a", job("03-16"), company="kutter"),
    )
    assert outcome(*parts) == RETAINED_ONE


def test_the_anchor_is_the_first_ordinary_job():
    parts = (
        placement("a", job("01-15", "wage_subsidy"), job_ended("02-28")),
        placement("a", job("04-01"), job_ended("04-10"), company="kutter"),
        placement("a", job("06-01"), company="smedjen"),
    )
    # Anchor 1 April, three months on is 1 July: the third job runs.
    assert outcome(*parts, day="06-30") == PENDING
    assert outcome(*parts, day="07-01") == RETAINED_ONE


def test_a_goal_of_a_phase_follows_the_jobs_that_began_in_it():
    second = Retention(id="r", title=WORDS, months=3, phase="second")
    early = placement("a", job("06-30"), job_ended("12-31"))
    late = placement("a", job("07-01"), job_ended("12-31"))
    assert outcome(early, day="12-31", goal=second) == NOBODY
    assert outcome(late, day="12-31", goal=second) == RETAINED_ONE


def test_the_last_day_that_counts_lies_three_months_after_the_programme():
    assert last_counted_on(caseload(), RETAINED) == on("2023-03-31")


def test_the_share_is_of_the_matured_alone():
    whole = caseload(
        PERSON,
        placement("a", job("02-01"), job_ended("07-01")),
        enrolment("b", enrolled("01-10")),
        placement("b", job("02-01"), job_ended("02-05")),
        enrolment("c", enrolled("01-10")),
        placement("c", job("05-01")),
        enrolment("d", enrolled("01-10")),
        placement("d", job("03-01")),
        enrolment("e", enrolled("01-10")),
    )
    found = measure(whole, RETAINED, as_of("07-01"))
    assert (found.value, found.denominator, found.denominator_name) == (1, 3, "matured_cohort")
    assert found.share == pytest.approx(1 / 3)
    assert (found.unknown, found.pending, found.counted) == (1, 1, ("a",))
