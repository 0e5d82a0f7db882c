"""What holds of every caseload, on every day."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.reporting.caseload import gather
from services.reporting.findings import findings
from services.reporting.goals import answer
from services.reporting.partition import CLASSES, partition
from shared.facts import Fact
from tests.measures.stories import (
    DEFINITION,
    JOBS,
    REFERRED,
    RETAINED,
    aftercare,
    assessed,
    basis,
    began,
    completed,
    dropped_out,
    enrolled,
    enrolment,
    follow_up,
    hours_reported,
    job,
    job_ended,
    never_started,
    placement,
    practice,
    wage_hours,
    wage_hours_ended,
    with_goals,
)

FIRST = date(2021, 11, 1)
COURSES = ("referred", "assessed", "enrolled", "active", "never", "dropped", "completed")
GOALS = with_goals(
    REFERRED,
    *(
        replace(JOBS, id=name, denominator=name)
        for name in ("referred", "enrolled", "started", "completed")
    ),
    RETAINED,
)
days = st.integers(0, 480).map(lambda days: FIRST + timedelta(days=days))


def rising(draw, count, start=0):
    """So many days in order, some of them equal."""
    gaps = draw(st.lists(st.integers(0, 60), min_size=count, max_size=count))
    found, at = [], start
    for gap in gaps:
        at += gap
        found.append((FIRST + timedelta(days=at)).isoformat())
    return found


@st.composite
def enrolments(draw, person, spell):
    start = draw(st.integers(0, 200))
    referred, looked_at, in_on, first, out = rising(draw, 5, start)
    course = draw(st.sampled_from(COURSES))
    events = []
    if course != "referred":
        events.append(assessed(looked_at))
    if course not in ("referred", "assessed"):
        events.append(enrolled(in_on))
    if course in ("active", "dropped", "completed"):
        events.append(began(first))
    ends = {"never": never_started, "dropped": dropped_out, "completed": completed}
    if course in ends:
        events.append(ends[course](out))
    return enrolment(person, *events, referred=referred, spell=spell)


@st.composite
def placements(draw, person, company):
    start = draw(st.integers(0, 300))
    one, two, three, four, five, six = rising(draw, 6, start)
    events = []
    if draw(st.booleans()):
        events.append(practice(one, draw(st.sampled_from(("agreed", "none", "unknown")))))
    if draw(st.booleans()):
        events.append(wage_hours(two))
        if draw(st.booleans()):
            events.append(wage_hours_ended(three))
    if draw(st.booleans()):
        events.append(hours_reported(two, four, draw(st.sampled_from((0, 600)))))
    if draw(st.booleans()):
        kind = draw(st.sampled_from(("full_time", "small_job", "flex_job")))
        events.append(job(four, kind, draw(st.sampled_from((299, 300)))))
        if draw(st.booleans()):
            events.append(job_ended(five))
    facts = placement(person, *events, company=company)
    if draw(st.booleans()):
        state = draw(st.sampled_from(("employed_same", "employed_other", "not_employed")))
        facts += aftercare(person, follow_up(six, state), anchor=four, company=company)
    return facts


@st.composite
def programmes(draw) -> list[Fact]:
    facts: list[Fact] = []
    for person in ("a", "b", "c")[: draw(st.integers(0, 3))]:
        for spell in range(1, draw(st.integers(1, 2)) + 1):
            facts += draw(enrolments(person, spell))
        for company in ("brod", "kutter")[: draw(st.integers(0, 2))]:
            facts += draw(placements(person, company))
    return facts


def everything(facts, day):
    caseload, as_of = gather(GOALS, facts), basis(GOALS, "i1.p1.a1", day)
    return partition(caseload, as_of), answer(caseload, as_of), findings(caseload, as_of)


@settings(max_examples=60, deadline=None)
@given(programmes())
def test_the_classes_hold_everybody_enrolled_once_on_every_day(facts):
    whole = gather(DEFINITION, facts)
    for day in (FIRST + timedelta(days=step) for step in range(0, 480, 7)):
        found = partition(whole, basis(DEFINITION, "i1.p1.a1", day))
        people = [person for members in found.people.values() for person in members]
        assert list(found.classes) == list(CLASSES)
        assert sum(found.classes.values()) == found.enrolled == len(set(people)) == len(people)
        assert set(people) == {
            fact.person_ref
            for fact in whole.enrolments
            if fact.start_on is not None and fact.start_on <= day
        }


@settings(deadline=None)
@given(st.data(), programmes(), days)
def test_the_order_of_the_facts_and_saying_them_twice_change_nothing(data, facts, day):
    shuffled = data.draw(st.permutations(facts + facts[: len(facts) // 2]))
    assert everything(shuffled, day) == everything(facts, day)


@settings(deadline=None)
@given(programmes(), days)
def test_a_share_lies_between_nothing_and_everything(facts, day):
    _, answers, _ = everything(facts, day)
    for figure in (goal.figure for goal in answers):
        assert figure.value == len(set(figure.counted))
        if figure.denominator is None:
            continue
        assert 0 <= figure.within_denominator <= min(figure.value, figure.denominator)
        assert figure.share is None or 0 <= figure.share <= 1
        if figure.measure == "M06":
            assert figure.value + figure.unknown <= figure.denominator
        else:
            assert figure.within_denominator + figure.pending <= figure.denominator


@settings(deadline=None)
@given(programmes(), days, st.integers(0, 200))
def test_whoever_reached_a_stage_or_a_job_in_time_stays_counted(facts, day, later):
    _, before, _ = everything(facts, day)
    _, after, _ = everything(facts, day + timedelta(days=later))
    for one, other in zip(before, after, strict=True):
        if one.figure.measure in ("M01", "M04"):
            assert set(one.figure.counted) <= set(other.figure.counted), one.id


@settings(deadline=None)
@given(programmes(), days)
def test_one_more_person_changes_nobody_else(facts, day):
    more = facts + enrolment("z", enrolled("2021-11-01"), referred="2021-11-01")
    before, after = everything(facts, day)[0], everything(more, day)[0]
    for name, people in before.people.items():
        assert tuple(person for person in after.people[name] if person != "z") == people
