"""How far from each goal, on which day."""

from typing import get_args

import pytest
from msgspec.structs import replace

from services.intake.events.conformity import last_counted_day
from services.intake.events.goals import DropOut, Goal, TimeTo
from services.reporting.goals import answer
from services.reporting.measures import MEASURES, measure_of
from tests.measures.stories import (
    DEFINITION,
    JOBS,
    REFERRED,
    RETAINED,
    WORDS,
    as_of,
    began,
    caseload,
    dropped_out,
    enrolled,
    enrolment,
    job,
    job_ended,
    placement,
    with_goals,
)

TWO_REFERRED = (enrolment("a", enrolled("01-10")), enrolment("b", enrolled("01-10")))


def answered(goal, day, *parts):
    definition = with_goals(goal)
    [found] = answer(caseload(*parts, definition=definition), as_of(day, definition))
    return found


def test_every_goal_is_answered_in_the_order_of_the_definition():
    found = answer(caseload(*TWO_REFERRED), as_of("02-01"))
    assert [(goal.id, goal.figure.measure) for goal in found] == [
        ("referred", "M01"),
        ("jobs", "M04"),
        ("retained", "M06"),
    ]
    assert {goal.figure.checksum for goal in found} == {as_of("02-01").checksum}


@pytest.mark.parametrize(
    ("day", "state"), [("12-30", "undecided"), ("12-31", "missed"), ("2023-01-01", "missed")]
)
def test_a_goal_is_missed_from_the_last_day_that_can_count(day, state):
    found = answered(REFERRED, day, *TWO_REFERRED)
    assert (found.state, found.missing) == (state, 1)


def test_a_goal_is_met_from_the_day_the_target_is_reached():
    third = enrolment("c", referred="03-01")
    assert answered(REFERRED, "02-28", *TWO_REFERRED, third).state == "undecided"
    assert answered(REFERRED, "03-01", *TWO_REFERRED, third).state == "met"


def test_jobs_may_come_28_days_after_the_programme():
    assert answered(JOBS, "2023-01-27", *TWO_REFERRED).state == "undecided"
    assert answered(JOBS, "2023-01-28", *TWO_REFERRED).state == "missed"


def test_no_goal_is_undecided_on_the_last_day_of_the_goal_window():
    day = last_counted_day(DEFINITION).isoformat()
    assert {goal.state for goal in answer(caseload(*TWO_REFERRED), as_of(day))} == {"missed"}


def test_a_share_is_met_when_nobody_is_pending():
    kept = placement("a", job("02-01"), job_ended("09-30"))
    young = placement("b", job("05-01"), job_ended("05-02"))
    assert answered(RETAINED, "05-01", *TWO_REFERRED, kept, young).state == "undecided"
    found = answered(RETAINED, "08-01", *TWO_REFERRED, kept, young)
    assert (found.figure.share, found.state, found.missing) == (0.5, "met", 0)


def test_a_share_of_nobody_is_not_met():
    assert answered(RETAINED, "08-01").state == "undecided"
    assert answered(RETAINED, "2023-04-01").state == "missed"


def test_what_is_missing_of_a_share_is_told_in_persons():
    goal = replace(RETAINED, target_share=0.75)
    kept = placement("a", job("02-01"), job_ended("09-30"))
    lost = placement("b", job("02-01"), job_ended("02-02"))
    # Three quarters of two persons take both of them.
    assert answered(goal, "08-01", *TWO_REFERRED, kept, lost).missing == 1


def test_a_goal_without_a_target_is_only_counted():
    found = answered(replace(REFERRED, target=None), "02-01", *TWO_REFERRED)
    assert (found.state, found.missing, found.figure.value) == ("no_target", 0, 2)


def test_every_kind_of_goal_has_its_measure():
    assert sorted(MEASURES) == sorted(kind.__struct_config__.tag for kind in get_args(Goal))
    assert {measure_of(goal).version for goal in DEFINITION.goals} == {1}


def test_a_goal_is_not_measured_by_another_measure():
    with pytest.raises(TypeError):
        MEASURES["M01"][-1].function(caseload(), JOBS, as_of("02-01"))


WAITING = TimeTo(id="waiting", title=WORDS, step="referral_to_start", target=10)
LEFT = DropOut(id="left", title=WORDS, target_share=0.5)


@pytest.mark.parametrize(
    ("day", "first", "state"),
    [
        ("06-01", "01-13", "undecided"),  # ten days, but the next ones may take longer
        ("12-31", "01-13", "met"),
        ("12-31", "01-14", "missed"),
    ],
)
def test_a_target_that_is_a_ceiling_is_met_when_nothing_more_can_count(day, first, state):
    quick = enrolment("a", enrolled("01-10"), began(first))
    found = answered(WAITING, day, quick)
    assert (found.state, found.missing) == (state, None)


def test_what_cannot_be_computed_meets_nothing():
    found = answered(WAITING, "06-01", *TWO_REFERRED)
    assert (found.figure.value, found.state) == (None, "undecided")
    assert answered(WAITING, "12-31", *TWO_REFERRED).state == "missed"


def test_a_share_of_drop_outs_is_met_at_most():
    left = enrolment("a", enrolled("01-10"), began("01-11"), dropped_out("02-01"))
    stayed = enrolment("b", enrolled("01-10"), began("01-11"))
    found = answered(LEFT, "12-31", left, stayed)
    assert (found.figure.share, found.state, found.missing) == (0.5, "met", None)
    assert answered(LEFT, "12-30", left, stayed).state == "undecided"
    assert answered(replace(LEFT, target_share=0.49), "12-31", left, stayed).state == "missed"
