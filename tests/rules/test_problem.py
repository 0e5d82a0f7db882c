"""A problem is raised at a placement, acted on, and solved or given up."""

from datetime import date

import pytest

from services.aftercare import problem
from services.aftercare.events import (
    ProblemActionTaken,
    ProblemClosedUnresolved,
    ProblemEvent,
    ProblemRaised,
    ProblemResolved,
)
from services.aftercare.known import KnownPlacement, Placed
from services.aftercare.problem import (
    CloseProblemUnresolved,
    ProblemCommand,
    RaiseProblem,
    ResolveProblem,
    TakeProblemAction,
)
from shared.identifiers import derived_id
from tests.definitions import DEFINITION
from tests.rules.given import Given, given

KNOWN = KnownPlacement(
    DEFINITION,
    Placed(
        placement="pl-1",
        enrolment="e-1",
        person_ref="p-1",
        programme="jobsporet",
        company="cvr12345678",
    ),
)
THIS = {"command_id": "c", "problem": "pr-1"}


def day(number: int) -> date:
    return date(2022, 5, number)


RAISED = ProblemRaised(
    placement="pl-1",
    enrolment="e-1",
    person_ref="p-1",
    programme="jobsporet",
    company="cvr12345678",
    raised_by="company",
    category="attendance",
    severity=2,
    raised_on=day(3),
)


def raise_problem(**changes: object) -> RaiseProblem:
    fields = {
        "placement": "pl-1",
        "raised_by": "company",
        "category": "attendance",
        "severity": 2,
        "raised_on": day(3),
    }
    return RaiseProblem(**(THIS | fields | changes))


def act(on: date) -> TakeProblemAction:
    return TakeProblemAction(**THIS, action="meeting", acted_on=on)


def acted(on: date) -> ProblemActionTaken:
    return ProblemActionTaken(action="meeting", acted_on=on)


def resolve(on: date) -> ResolveProblem:
    return ResolveProblem(**THIS, resolved_on=on, outcome="tasks_changed")


def resolved(on: date) -> ProblemResolved:
    return ProblemResolved(resolved_on=on, outcome="tasks_changed")


def close(on: date) -> CloseProblemUnresolved:
    return CloseProblemUnresolved(**THIS, closed_on=on, reason="other")


def closed(on: date) -> ProblemClosedUnresolved:
    return ProblemClosedUnresolved(closed_on=on, reason="other")


ENDS = [(resolve, resolved, "$.resolved_on"), (close, closed, "$.closed_on")]
each_end = pytest.mark.parametrize(("end", "ended", "path"), ENDS)


def after(*history: ProblemEvent, known: KnownPlacement = KNOWN) -> Given:
    return given(problem, *history, known=known)


def test_whose_problem_it_is_the_placement_says() -> None:
    after().when(raise_problem()).then(RAISED)


def test_a_problem_is_raised_once() -> None:
    after(RAISED).when(raise_problem()).then()
    after(RAISED, known=KnownPlacement(DEFINITION)).when(raise_problem()).then()
    after(RAISED).when(raise_problem(severity=3)).refused("STATE")


def test_a_problem_is_at_a_placement_that_is_known() -> None:
    after(known=KnownPlacement()).when(raise_problem()).refused("INVALID_FIELD", "$.placement")


def test_a_problem_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert problem.entity_id(raise_problem(problem=None)) == derived_id("c")
    assert problem.entity_id(act(day(3))) == "pr-1"


@pytest.mark.parametrize("command", [act(day(3)), resolve(day(3)), close(day(3))])
def test_nothing_comes_before_it_was_raised(command: ProblemCommand) -> None:
    after().when(command).refused("STATE")


def test_several_things_may_be_done_about_it() -> None:
    after(RAISED).when(act(day(3))).then(acted(day(3)))
    after(RAISED, acted(day(5))).when(act(day(4))).then(acted(day(4)))


def test_nothing_is_done_about_it_before_it_was_raised() -> None:
    after(RAISED).when(act(day(2))).refused("STATE", "$.acted_on")
    after(RAISED).when(resolve(day(2))).refused("STATE", "$.resolved_on")
    after(RAISED).when(close(day(2))).refused("STATE", "$.closed_on")


def test_it_is_solved_or_given_up_with_or_without_an_action() -> None:
    after(RAISED).when(resolve(day(3))).then(resolved(day(3)))
    after(RAISED).when(close(day(3))).then(closed(day(3)))
    after(RAISED, acted(day(5))).when(resolve(day(5))).then(resolved(day(5)))


@each_end
def test_it_does_not_end_before_the_last_action(end: object, ended: object, path: str) -> None:
    assert callable(end)
    after(RAISED, acted(day(5))).when(end(day(4))).refused("STATE", path)


@each_end
def test_it_ends_once(end: object, ended: object, path: str) -> None:
    assert callable(end)
    assert callable(ended)
    over = (RAISED, ended(day(6)))
    after(*over).when(end(day(7))).refused("STATE")
    after(*over).when(resolve(day(7))).refused("STATE")
    after(*over).when(close(day(7))).refused("STATE")


@each_end
def test_an_action_of_before_the_end_may_be_recorded_after_it(
    end: object, ended: object, path: str
) -> None:
    assert callable(ended)
    over = (RAISED, ended(day(6)))
    after(*over).when(act(day(6))).then(acted(day(6)))
    after(*over).when(act(day(7))).refused("STATE", "$.acted_on")


def test_a_problem_needs_no_claim() -> None:
    assert list(problem.claims("pr-1", problem.INITIAL, RAISED)) == []
