"""What is wrong with a definition is said with the place where it is wrong."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.intake.events.definition import Aftercare, Definition, Period, Site, Touchpoint
from services.intake.events.definition_check import problems
from tests.definitions import CODES, DEFINITION, definition, term, text

GOAL = DEFINITION.goals[0]
TOUCHPOINT = Touchpoint(id="week", party="citizen", offset="P7D", window_days=3)


def with_terms(*terms: object) -> Definition:
    return definition(codes=replace(CODES, reasons=terms))


def with_touchpoints(*touchpoints: Touchpoint) -> Definition:
    return definition(aftercare=Aftercare(touchpoints=touchpoints, grace_days=0))


def test_nothing_is_wrong_with_a_good_definition() -> None:
    assert problems(DEFINITION) == []


def test_a_period_may_begin_and_end_in_the_same_month() -> None:
    assert problems(definition(period=Period(start="2022-03", end="2022-03"))) == []


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
        ("$.goal_window", definition(period=Period(start="2021", end="9998"), goal_window="P9Y")),
        ("$.sites[1].id", definition(sites=(Site("a", text("a")), Site("a", text("b"))))),
        ("$.phases[2].id", definition(phases=(*DEFINITION.phases, DEFINITION.phases[0]))),
        (
            "$.phases[1].period.end",
            definition(
                phases=(
                    DEFINITION.phases[0],
                    replace(DEFINITION.phases[1], period=Period(start="2022", end="2021")),
                )
            ),
        ),
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
