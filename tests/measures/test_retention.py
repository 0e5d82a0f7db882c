"""M06, counted by hand: three months after a job that began on 31 January is 30 April."""

import pytest
from msgspec.structs import replace

from services.intake.events.goals import Retention
from services.reporting.measures.retention import measure
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
from tests.measures.stories_outcomes import told, work

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
    placed = placement("a", job("01-31"), job_ended("06-30"))
    assert outcome(placed, day="01-30") == NOBODY
    assert outcome(placed, day="01-31") == PENDING
    assert outcome(placed, day="04-29") == PENDING
    assert outcome(placed, day="04-30") == RETAINED_ONE


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
    contact = aftercare("a", follow_up("05-20", state), anchor="05-01")
    assert outcome(placement("a", job("05-01")), contact) == UNKNOWN


def test_a_report_of_no_minutes_is_no_evidence():
    placed = placement("a", job("05-01"), hours_reported("05-01", "05-31", 0))
    assert outcome(placed) == UNKNOWN


def test_what_is_said_of_another_job_is_no_evidence_of_this_one():
    contact = aftercare("a", follow_up("06-01", "employed_same"), anchor="05-01", company="kutter")
    assert outcome(placement("a", job("05-01")), contact) == UNKNOWN


def test_evidence_after_the_valid_day_does_not_count_yet():
    parts = (
        placement("a", job("05-01")),
        aftercare("a", follow_up("08-02", "employed_same"), anchor="05-01"),
    )
    assert outcome(*parts, day="08-01") == UNKNOWN
    assert outcome(*parts, day="08-02") == RETAINED_ONE
    paid = placement("a", job("05-01"), hours_reported("08-02", "08-31", 600))
    assert outcome(paid, day="08-01") == UNKNOWN
    assert outcome(paid, day="08-02") == RETAINED_ONE


def test_a_contact_that_says_not_employed_is_the_last_day_of_the_job():
    placed = placement("a", job("01-31"))
    assert (
        outcome(placed, aftercare("a", follow_up("04-29", "not_employed"), anchor="01-31")) == LOST
    )
    assert (
        outcome(placed, aftercare("a", follow_up("04-30", "not_employed"), anchor="01-31"))
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
    assert RETAINED.followed_until(caseload().period(RETAINED)[1]) == on("2023-03-31")


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


def test_an_end_after_the_valid_day_proves_nothing_yet():
    # 1 May and 90 days are 30 July; asked of is 1 August.
    placed = placement("a", job("05-01"), job_ended("08-02"))
    assert outcome(placed, day="08-01") == UNKNOWN
    assert outcome(placed, day="08-02") == RETAINED_ONE


def test_a_change_of_hours_is_evidence_and_no_gap():
    changed = (*work("a", "05-01", "07-15"), *work("a", "07-16", minutes=600, begun="05-01"))
    assert outcome(changed) == RETAINED_ONE
    # Seen from the day before a change, nothing has changed: 1 May and 90 days are 30 July.
    later = (*work("a", "05-01", "08-15"), *work("a", "08-16", minutes=600, begun="05-01"))
    assert outcome(later, day="08-15") == UNKNOWN
    assert outcome(later, day="08-16") == RETAINED_ONE


#           anchor  end or last evidence  days   seen from 1 August
#   a       31 Jan  1 March               29     over on day 30
#   b       1 Feb   1 July                150    over on day 151
#   c       1 Mar   heard of on 30 May    90     censored on day 90
#   d       20 Jun  nothing heard         0      censored on day 0
FOUR = (
    work("a", "01-31", "03-01"),
    work("b", "02-01", "07-01"),
    [*work("c", "03-01"), *told("c", "05-30")],
    work("d", "06-20"),
)


@pytest.mark.parametrize(
    ("months", "expected", "pending"),
    [
        (1, 2 / 3, 1),  # 30 days: one of three at risk has left
        (3, 2 / 3, 2),  # 91 days: nobody else, but c is not seen any more
        (4, 2 / 3, 2),  # 121 days
        (6, 0, 2),  # 182 days: b, the last one at risk, has left
    ],
)
def test_a_survival_curve_stands_beside_the_official_figure(months, expected, pending):
    goal = replace(RETAINED, months=months)
    [beside] = measure(caseload(*FOUR), goal, as_of("08-01")).parts
    assert (beside.name, beside.quantity, beside.n) == ("kaplan_meier", "probability", 4)
    assert beside.value == pytest.approx(expected)
    assert beside.pending == pending


def test_the_interval_of_the_curve_is_given_with_it():
    # log-log: 1/(3*2) = 0.166667, its root 0.408248; ln(2/3) = -0.405465.
    # 1.959964 * 0.408248 / 0.405465 = 1.973417; e to it 7.195222, to its negative 0.138981.
    # (2/3) ** 7.195222 = 0.054073, (2/3) ** 0.138981 = 0.945206.
    [beside] = measure(caseload(*FOUR), RETAINED, as_of("08-01")).parts
    assert (beside.interval.low, beside.interval.high) == pytest.approx(
        (0.054073, 0.945206), abs=1e-5
    )


def test_three_months_are_91_days_on_the_curve():
    # 1 February and 91 days are 3 May; there on that day is over on day 92.
    for last, expected in (("05-03", 1.0), ("05-02", 0.0)):
        [beside] = measure(caseload(work("a", "02-01", last)), RETAINED, as_of("08-01")).parts
        assert beside.value == expected


def test_the_curve_says_nothing_beyond_the_last_one_seen():
    [beside] = measure(caseload(work("a", "02-01")), RETAINED, as_of("08-01")).parts
    assert (beside.value, beside.interval, beside.n, beside.pending) == (None, None, 1, 1)


def test_nobody_is_seen_after_the_valid_day():
    # 1 February and 273 days lie after it, whatever period a report is for.
    paid = placement("a", job("02-01"), hours_reported("02-01", "12-31", 600))
    nine = replace(RETAINED, months=9)
    [beside] = measure(caseload(paid), nine, as_of("08-01")).parts
    assert (beside.value, beside.pending) == (None, 1)
    [beside] = measure(caseload(paid), nine, as_of("11-01")).parts
    assert (beside.value, beside.pending) == (1.0, 0)


def test_the_curve_joins_gaps_as_the_official_figure_does():
    jobs = (
        *work("a", "02-01", "04-01"),
        *work("a", "04-16", "05-10", company="kutter"),
        *work("a", "07-01", "08-01", company="smedjen"),
    )
    # Free from 2 to 15 April: fourteen days, the spell goes on to 10 May, day 98, and no further.
    [beside] = measure(caseload(jobs), RETAINED, as_of("08-01")).parts
    assert beside.value == 1.0
    [beside] = measure(caseload(jobs), replace(RETAINED, gap_days=13), as_of("08-01")).parts
    assert beside.value == 0.0


def test_half_of_the_participants_is_another_question_than_half_of_those_placed():
    whole = (
        *(enrolment(person, enrolled("01-10"), began("01-11")) for person in "abcd"),
        enrolment("e", enrolled("01-10")),
        work("a", "02-01", "06-30"),  # retained on 1 May
        work("b", "02-01", "02-28"),  # lost
        work("c", "06-01"),  # matures on 1 September
        work("e", "02-01", "06-30"),  # retained, but never began the course
        work("f", "06-01"),  # nor did this one
    )
    cohort = measure(caseload(*whole), RETAINED, as_of("08-01"))
    assert (cohort.value, cohort.denominator, cohort.pending) == (2, 3, 2)
    among = replace(RETAINED, denominator="started")
    started = measure(caseload(*whole), among, as_of("08-01"))
    assert (started.value, started.within_denominator, started.denominator) == (2, 1, 4)
    assert (started.share, started.denominator_name) == (0.25, "started")
    assert started.pending == 2  # c, and d who may still find a job
    over = measure(caseload(*whole), among, as_of("2023-01-01"))
    assert (over.denominator, over.unknown, over.pending) == (4, 1, 0)
