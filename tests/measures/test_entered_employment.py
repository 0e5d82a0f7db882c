"""M04, counted by hand: the programme ends on 31 December, 28 days after is 28 January."""

import pytest

from services.intake.events.goals import EnteredEmployment
from services.reporting.measures.entered_employment import measure
from tests.measures.stories import (
    JOBS,
    WORDS,
    as_of,
    began,
    caseload,
    completed,
    dropped_out,
    enrolled,
    enrolment,
    job,
    job_ended,
    never_started,
    on,
    placement,
)
from tests.measures.stories_outcomes import course, work

ACTIVE = (enrolled("01-10"), began("01-11"))


def counted(day, *parts):
    return measure(caseload(*parts), JOBS, as_of(day)).counted


def test_a_job_counts_from_the_day_it_begins_and_need_not_last():
    parts = (enrolment("a", *ACTIVE), placement("a", job("03-01"), job_ended("03-02")))
    assert counted("02-28", *parts) == ()
    assert counted("03-01", *parts) == ("a",)
    assert counted("12-31", *parts) == ("a",)


@pytest.mark.parametrize("left", [dropped_out("04-01"), completed("04-01")])
def test_a_job_may_begin_up_to_28_days_after_the_exit(left):
    person = enrolment("a", *ACTIVE, left)
    assert counted("06-01", person, placement("a", job("04-29"))) == ("a",)
    assert counted("06-01", person, placement("a", job("04-30"))) == ()


def test_whoever_never_started_left_on_the_day_it_was_settled():
    person = enrolment("a", enrolled("01-10"), never_started("04-01"))
    assert counted("06-01", person, placement("a", job("04-30"))) == ()


def test_a_job_may_begin_up_to_28_days_after_the_programme():
    person = enrolment("a", *ACTIVE)
    assert counted("2023-03-01", person, placement("a", job("2023-01-28"))) == ("a",)
    assert counted("2023-03-01", person, placement("a", job("2023-01-29"))) == ()
    assert JOBS.followed_until(caseload().period(JOBS)[1]) == on("2023-01-28")


def test_a_job_from_before_the_programme_does_not_count_but_a_later_one_does():
    person = enrolment("a", *ACTIVE)
    early = placement("a", job("2021-12-31"))
    assert counted("06-01", person, early) == ()
    assert counted("06-01", person, early, placement("a", job("03-01"), company="kutter")) == ("a",)


def test_the_exit_is_that_of_the_latest_enrolment():
    first = enrolment("a", *ACTIVE, dropped_out("02-01"))
    again = enrolment("a", enrolled("06-01"), referred="05-20", spell=2)
    placed = placement("a", job("07-01"), spell=2)
    assert counted("08-01", first, placed) == ()
    assert counted("08-01", first, again, placed) == ("a",)


def test_several_jobs_are_one_person():
    parts = (
        enrolment("a", *ACTIVE),
        placement("a", job("03-01"), job_ended("03-31"), job("05-01")),
        placement("a", job("04-01"), company="kutter"),
    )
    assert counted("06-01", *parts) == ("a",)


def test_a_job_that_is_not_ordinary_does_not_count():
    person = enrolment("a", *ACTIVE)
    assert counted("06-01", person, placement("a", job("03-01", "flex_job"))) == ()
    assert counted("06-01", person, placement("a", job("03-01", "small_job", 299))) == ()


@pytest.mark.parametrize(
    ("denominator", "size", "within", "share", "pending"),
    [
        ("referred", 5, 2, 0.4, 2),
        ("enrolled", 4, 2, 0.5, 1),
        ("started", 3, 2, 2 / 3, 0),
        ("completed", 1, 1, 1.0, 0),
    ],
)
def test_the_denominator_decides_the_share_and_not_the_value(
    denominator, size, within, share, pending
):
    whole = caseload(
        enrolment("referred"),
        enrolment("enrolled", enrolled("01-10")),
        enrolment("working", *ACTIVE),
        placement("working", job("03-01")),
        enrolment("completer", *ACTIVE, completed("04-01")),
        placement("completer", job("04-10")),
        enrolment("left", *ACTIVE, dropped_out("02-01")),
    )
    goal = EnteredEmployment(id="jobs", title=WORDS, denominator=denominator)
    found = measure(whole, goal, as_of("06-01"))
    assert found.counted == ("completer", "working")
    assert (found.denominator, found.within_denominator) == (size, within)
    assert found.share == pytest.approx(share)
    assert found.pending == pending
    assert found.denominator_name == denominator


def test_nobody_in_the_denominator_is_no_share():
    found = measure(caseload(), JOBS, as_of("06-01"))
    assert (found.value, found.denominator, found.share) == (0, 0, None)


def test_a_change_of_what_began_before_the_programme_is_no_start():
    person = enrolment("a", *ACTIVE)
    before = work("a", "2021-12-01", "02-28")
    assert counted("06-01", person, before, work("a", "03-01", begun="2021-12-01")) == ()
    # What did not count before counts from the day on which it does.
    flex = work("a", "2021-12-01", "02-28", kind="flex_job")
    assert counted("06-01", person, flex, work("a", "03-01", begun="2021-12-01")) == ("a",)


def test_a_transfer_is_an_exit():
    person = course("a", start="01-10", attended="01-11", transferred="04-01")
    assert counted("06-01", person, work("a", "04-29")) == ("a",)
    assert counted("06-01", person, work("a", "04-30")) == ()
