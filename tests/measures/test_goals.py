"""How far from each goal, on which day."""

import pytest
from msgspec.structs import replace

from services.intake.events.conformity import last_counted_day
from services.reporting.goals import answer
from services.reporting.measures import MEASURES, measure_of
from tests.measures.stories import (
    DEFINITION,
    JOBS,
    REFERRED,
    RETAINED,
    as_of,
    caseload,
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


def test_every_goal_of_a_definition_has_its_measure():
    assert {measure_of(goal).version for goal in DEFINITION.goals} == {1}
    assert list(MEASURES) == ["M01", "M04", "M06"]


def test_a_goal_is_not_measured_by_another_measure():
    with pytest.raises(TypeError):
        MEASURES["M01"].function(caseload(), JOBS, as_of("02-01"))
