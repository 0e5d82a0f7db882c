"""Any facts at all, and what holds of every figure of them."""

from datetime import date, timedelta

from hypothesis import strategies as st

from services.reporting.aftercare_facts import AnswerFact, PlanFact, TouchpointFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import AttendanceFact
from services.reporting.registration_facts import RegistrationFact
from tests.measures.stories import DEFINITION, on
from tests.measures.stories_direct import (
    agreement,
    answered,
    came,
    figure_of,
    level,
    offered,
    paid,
    problem,
    registered,
    scored,
    strand,
    taking_part,
    touchpoint,
)

FIRST = date(2021, 12, 1)
numbers = st.integers(0, 400)
days = numbers.map(lambda number: (FIRST + timedelta(days=number)).isoformat())
people = st.sampled_from(("a", "b", "c"))
companies = st.sampled_from(("brod", "kutter"))
parties = st.sampled_from(("citizen", "company"))


def later(start, gap):
    """So many days after a day; None stays None."""
    return None if gap is None else (on(start) + timedelta(days=gap)).isoformat()


gaps = st.none() | st.integers(0, 90)


@st.composite
def courses(draw):
    """An enrolment of some person, ended or not."""
    referred = draw(days)
    start = later(referred, draw(gaps))
    began = None if start is None else later(start, draw(gaps))
    ended = {}
    if start is not None and draw(st.booleans()):
        name = draw(st.sampled_from(("dropped_out_on", "completed_on", "transferred_on")))
        ended = {name: later(start, draw(st.integers(0, 90)))}
        if name != "transferred_on":
            ended["destination"] = draw(st.sampled_from(("job", "moved_away")))
    return taking_part(
        draw(people),
        start,
        spell=draw(st.integers(1, 2)),
        referred=referred,
        began=began,
        **ended,
    )


@st.composite
def strands(draw):
    start = draw(days)
    kinds = ("practice", "wage_hours", "full_time", "small_job", "flex_job", "wage_subsidy")
    return strand(
        draw(people),
        draw(st.sampled_from(kinds)),
        start,
        later(start, draw(gaps)),
        minutes=draw(st.sampled_from((0, 300, 600))),
        company=draw(companies),
    )


@st.composite
def wage_reports(draw):
    start = draw(days)
    last = later(start, draw(st.integers(0, 60)))
    minutes = draw(st.sampled_from((0, 1, 1200)))
    return paid(draw(people), start, last, minutes, company=draw(companies))


@st.composite
def plans(draw):
    start = draw(days)
    person = draw(people)
    closed = later(start, draw(gaps))
    return offered(person, start, company=draw(companies), closed=closed)


@st.composite
def answers(draw):
    answer = draw(st.sampled_from(("accepted", "declined", "withdrawn")))
    return answered(draw(people), draw(parties), answer, draw(days), company=draw(companies))


@st.composite
def touchpoints(draw):
    due = draw(days)
    return touchpoint(
        draw(people),
        draw(parties),
        draw(st.sampled_from(("P7D", "P1M"))),
        due,
        held=later(due, draw(st.none() | st.integers(-6, 6))),
        waived=later(due, draw(st.none() | st.integers(-6, 6))),
    )


@st.composite
def problems(draw):
    raised = draw(days)
    acted, resolved, closed = (later(raised, draw(gaps)) for _ in range(3))
    name = f"problem-{draw(numbers)}"
    return problem(name, raised, acted=acted, resolved=resolved, closed=closed)


levels = st.builds(
    lambda company, day, height, baseline: level(company, day, height, baseline=baseline, cvr="1"),
    companies,
    days,
    st.integers(0, 5),
    st.booleans(),
)
agreements = st.builds(
    lambda company, day, gap: agreement(company, day, later(day, gap)), companies, days, gaps
)
attendances = st.builds(
    lambda person, week, planned, attended: came(
        person, later("2021-12-06", 7 * week), planned, attended
    ),
    people,
    st.integers(0, 50),
    st.integers(0, 7),
    st.integers(0, 7),
)
scores = st.builds(
    lambda person, item, score, day, rater: scored(person, item, score, day, rater=rater),
    people,
    st.sampled_from(("hope", "skill")),
    st.integers(1, 5),
    days,
    st.sampled_from(("citizen", "caseworker")),
)
registrations = st.builds(
    lambda number, kind, day, gap, origin: registered(
        f"event-{number}", kind, day, later(day, gap), origin=origin
    ),
    numbers,
    st.sampled_from(("PracticeStarted", "PracticeEnded")),
    days,
    st.integers(0, 90),
    st.sampled_from(("", "import")),
)


def everything(*kinds):
    """A list of facts of these kinds, each fact of an entity once."""
    return st.lists(st.one_of(kinds), max_size=14, unique_by=_entity)


def _entity(fact):
    match fact:
        case EnrolmentFact():
            return fact.enrolment
        case PlanFact():
            return fact.plan
        case TouchpointFact():
            return fact.plan, fact.touchpoint
        case AnswerFact():
            return fact.plan, fact.party, fact.answered_on
        case ProblemFact():
            return fact.problem
        case RegistrationFact():
            return fact.event_id
        case AttendanceFact():
            return fact.enrolment, fact.week_from
    return fact


def holds_whatever_the_order(data, goal, facts, day, definition=DEFINITION):
    """The figure is sound, and stays the same if the facts are shuffled and some said twice."""
    figure = figure_of(goal, facts, day, definition)
    shuffled = data.draw(st.permutations(facts + facts[: len(facts) // 2]))
    assert figure_of(goal, shuffled, day, definition) == figure
    assert len(figure.counted) == len(set(figure.counted))
    assert figure.unknown >= 0
    assert figure.pending >= 0
    for it in (figure, *figure.parts):
        if it.quantity == "count" and it.counted:
            assert it.value == len(it.counted)
        if it.denominator is not None:
            assert it.share is None or 0 <= it.share <= 1
            assert (it.share is None) == (it.denominator == 0)
            assert 0 <= it.value <= it.denominator
    return figure
