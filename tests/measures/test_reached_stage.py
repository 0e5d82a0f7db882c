"""M01, counted by hand."""

import pytest

from services.intake.events.goals import ReachedStage
from services.reporting.caseload import UnknownPhase
from services.reporting.measures.reached_stage import measure
from tests.measures.stories import (
    REFERRED,
    WORDS,
    as_of,
    assessed,
    began,
    caseload,
    completed,
    enrolled,
    enrolment,
    on,
)


def stage(name, phase=None):
    return ReachedStage(id=name, title=WORDS, stage=name, phase=phase)


WHOLE = caseload(
    enrolment("a", assessed("01-05"), enrolled("01-10"), began("01-11"), completed("08-01")),
    enrolment("a", assessed("09-05"), referred="09-01", spell=2),
    enrolment("b", referred="02-28"),
    enrolment("c", referred="2021-12-31"),
    enrolment("d", referred="2023-01-01"),
    enrolment("e", referred="12-31"),
)


@pytest.mark.parametrize(
    ("day", "people"),
    [
        ("01-02", ()),
        ("01-03", ("a",)),
        ("02-28", ("a", "b")),
        ("12-30", ("a", "b")),
        ("12-31", ("a", "b", "e")),
        ("2023-02-01", ("a", "b", "e")),
    ],
)
def test_referrals_within_the_period_are_counted_from_their_day(day, people):
    found = measure(WHOLE, REFERRED, as_of(day))
    assert (found.value, found.counted) == (len(people), people)


@pytest.mark.parametrize(
    ("name", "day_before", "day"),
    [
        ("assessed", "01-04", "01-05"),
        ("enrolled", "01-09", "01-10"),
        ("started", "01-10", "01-11"),
        ("completed", "07-31", "08-01"),
    ],
)
def test_each_stage_is_counted_from_its_own_day(name, day_before, day):
    assert measure(WHOLE, stage(name), as_of(day_before)).counted == ()
    assert measure(WHOLE, stage(name), as_of(day)).counted == ("a",)


def test_who_is_assessed_again_stays_counted_from_the_first_day():
    twice = caseload(enrolment("a", assessed("02-01"), assessed("04-01")))
    assert measure(twice, stage("assessed"), as_of("03-01")).counted == ("a",)


def test_a_goal_of_a_phase_counts_its_days_alone():
    found = measure(WHOLE, stage("referred", "second"), as_of("12-31"))
    assert found.counted == ("a", "e")
    assert found.period == ("2022-07", "2022-12")


def test_a_goal_of_no_phase_there_is_cannot_be_answered():
    with pytest.raises(UnknownPhase):
        measure(WHOLE, stage("referred", "third"), as_of("12-31"))


def test_the_figure_says_how_it_was_made():
    found = measure(WHOLE, REFERRED, as_of("02-28"))
    assert (found.measure, found.measure_version, found.variant) == ("M01", 1, "referred")
    assert (found.moment, found.valid_on, found.checksum) == (
        "i1.p1.a1",
        on("02-28"),
        as_of("02-28").checksum,
    )
    assert (found.denominator, found.share, found.unknown, found.pending) == (None, None, 0, 0)
