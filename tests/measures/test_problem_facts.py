"""What is true of a problem: when it was raised, acted on and ended."""

from services.aftercare.events import (
    ProblemActionTaken,
    ProblemClosedUnresolved,
    ProblemRaised,
    ProblemResolved,
)
from services.reporting.problem_facts import ProblemFact
from tests.measures.stories import (
    folded,
    on,
    the,
)

RAISED = ProblemRaised(
    placement="anna-brod",
    enrolment="anna-e1",
    person_ref="anna",
    programme="havnen",
    company="brod",
    raised_by="company",
    category="transport",
    severity=2,
    raised_on=on("03-01"),
)


def problem(*events):
    return the(ProblemFact, folded("aftercare", "problem", "pr-1", RAISED, *events))


def test_a_problem_is_acted_on_first_on_the_earliest_day():
    later = ProblemActionTaken(action="call", acted_on=on("03-09"))
    first = ProblemActionTaken(action="call", acted_on=on("03-02"))
    solved = ProblemResolved(resolved_on=on("03-20"), outcome="solved")
    fact = problem(later, first, solved)
    assert (fact.first_action_on, fact.resolved_on, fact.closed_on) == (
        on("03-02"),
        on("03-20"),
        None,
    )


def test_a_problem_may_be_given_up():
    given_up = ProblemClosedUnresolved(closed_on=on("04-01"), reason="other")
    assert (problem(given_up).closed_on, problem(given_up).resolved_on) == (on("04-01"), None)
