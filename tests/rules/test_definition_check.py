"""What is wrong with a definition is said with the place where it is wrong."""

from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from services.intake.events.definition import (
    Aftercare,
    Definition,
    Goal,
    Period,
    Site,
    Touchpoint,
)
from services.intake.events.definition_check import problems
from tests.definitions import CODES, DEFINITION, definition, term, text

GOAL, JOBS, KEPT = DEFINITION.goals
TOUCHPOINT = Touchpoint(id="week", party="citizen", offset="P7D", window_days=3)


def with_terms(*terms: object) -> Definition:
    return definition(codes=replace(CODES, reasons=terms))


def with_touchpoints(*touchpoints: Touchpoint) -> Definition:
    return definition(aftercare=Aftercare(touchpoints=touchpoints, grace_days=0))


def with_second_phase(start: str, end: str) -> Definition:
    first, second = DEFINITION.phases
    return definition(phases=(first, replace(second, period=Period(start=start, end=end))))


def with_goal(goal: Goal, end: str = "2022-12") -> Definition:
    return definition(goals=(goal,), period=Period(start="2021-03", end=end))


def test_nothing_is_wrong_with_a_good_definition() -> None:
    assert problems(DEFINITION) == []


def test_a_period_may_begin_and_end_in_the_same_month() -> None:
    march = Period(start="2022-03", end="2022-03")
    assert problems(definition(period=march, goals=(GOAL,))) == []


def test_a_goal_may_be_followed_to_the_last_day_of_the_goal_window() -> None:
    assert problems(with_goal(replace(JOBS, days_after=181))) == []
    assert problems(with_goal(replace(KEPT, months=6))) == []


def test_a_goal_of_an_early_phase_may_be_followed_for_longer_than_the_goal_window() -> None:
    assert problems(with_goal(replace(KEPT, months=18, phase="first"))) == []


@pytest.mark.parametrize("window_days", [-1, 367])
def test_a_touchpoint_has_a_window_that_a_plan_can_agree_on(window_days: int) -> None:
    touchpoint = msgspec.structs.asdict(TOUCHPOINT) | {"window_days": window_days}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(touchpoint, Touchpoint)


def test_a_code_may_be_valid_for_a_single_day() -> None:
    day = date(2022, 1, 1)
    assert problems(with_terms(term("other", valid_from=day, valid_to=day))) == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("$.period.end", definition(period=Period(start="2022-12", end="2021-03"))),
        ("$.period.start", definition(period=Period(start="2021-02-31", end="2022-12"))),
        ("$.period.end", definition(period=Period(start="2021", end="2022-02-01 primo"))),
        ("$.goal_window", definition(goal_window="P0D")),
        ("$.period.start", definition(period=Period(start="1899-12", end="2022"))),
        ("$.period.end", definition(period=Period(start="2021", end="2200"))),
        ("$.effective_from", definition(effective_from=date(2200, 1, 1))),
        ("$.phases[1].period.end", with_second_phase("2022", "9999-11")),
        ("$.goals[0].days_after", with_goal(replace(JOBS, days_after=182))),
        ("$.goals[0].months", with_goal(replace(KEPT, months=7))),
        ("$.goals[0].phase", with_goal(replace(GOAL, phase="second"), end="2022-03")),
        ("$.sites[1].id", definition(sites=(Site("a", text("a")), Site("a", text("b"))))),
        ("$.phases[2].id", definition(phases=(*DEFINITION.phases, DEFINITION.phases[0]))),
        ("$.phases[1].period.end", with_second_phase("2022", "2021")),
        ("$.codes.reasons[1].code", with_terms(term("other"), term("other"))),
        (
            "$.codes.reasons[0].valid_to",
            with_terms(term("other", valid_from=date(2022, 1, 2), valid_to=date(2022, 1, 1))),
        ),
        ("$.aftercare.touchpoints[1].id", with_touchpoints(TOUCHPOINT, TOUCHPOINT)),
        ("$.aftercare.touchpoints[0].offset", with_touchpoints(replace(TOUCHPOINT, offset="P0W"))),
        ("$.goals[1].id", definition(goals=(GOAL, GOAL))),
        ("$.goals[0].phase", definition(goals=(replace(GOAL, phase="third"),))),
        ("$.goals[0].target_share", definition(goals=(replace(GOAL, target_share=0.5),))),
    ],
)
def test_a_problem_is_named_where_it_is(path: str, wrong: Definition) -> None:
    assert [path] == [place for place, _ in problems(wrong)]


def test_all_problems_are_said_at_once() -> None:
    wrong = definition(goal_window="P0D", goals=(GOAL, replace(GOAL, phase="third")))
    assert [place for place, _ in problems(wrong)] == [
        "$.goal_window",
        "$.goals[1].id",
        "$.goals[1].phase",
    ]


def test_a_goal_that_is_followed_for_too_long_is_told_by_the_periods_as_they_were_given() -> None:
    ((_, of_the_whole),) = problems(with_goal(replace(KEPT, months=7, phase=None)))
    ((_, of_a_phase),) = problems(with_goal(replace(KEPT, months=60, phase="first")))

    assert of_the_whole == (
        "the goal's period ends 2022-12; it is followed from there to beyond the goal window,"
        " P6M after 2022-12"
    )
    assert of_a_phase == (
        "the goal's period ends 2021-12; it is followed from there to beyond the goal window,"
        " P6M after 2022-12"
    )
