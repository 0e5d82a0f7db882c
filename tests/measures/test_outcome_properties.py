"""What holds of every measure of courses and jobs, whatever was recorded."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import (
    DropOut,
    EnteredEmployment,
    LastingEmployment,
    NeverStarted,
    OutcomesByCell,
    ReachedStage,
    ReEmployment,
    Retention,
    SameEmployerRetention,
    SelfSupportingBenefit,
    SelfSupportingJob,
    TimeTo,
)
from services.reporting.caseload import gather
from services.reporting.measures import measure_of
from tests.measures.stories import WORDS, basis
from tests.measures.stories_outcomes import CODED, FIRST, as_known_on, days, outcomes


def named(kind, **parameters):
    return kind(id="goal", title=WORDS, **parameters)


GROWING = [
    *(named(ReachedStage, stage=stage) for stage in ("referred", "enrolled", "completed")),
    *(named(EnteredEmployment, denominator=stage) for stage in ("referred", "started")),
    *(
        named(OutcomesByCell, cells=("job", "practice", "apprenticeship"), counting=counting)
        for counting in ("once_highest", "once_first", "per_cell")
    ),
    named(OutcomesByCell, cells=("job",)),
]
GOALS = [
    *GROWING,
    named(NeverStarted),
    named(OutcomesByCell, cells=("practice", "apprenticeship")),
    named(LastingEmployment),
    named(LastingEmployment, open_ended=True, flex_counts=True, phase="second"),
    named(Retention, months=3),
    named(Retention, months=3, denominator="started", phase="second"),
    named(SelfSupportingJob),
    named(SelfSupportingBenefit, benefits=("cash", "sickness")),
    named(ReEmployment),
    named(SameEmployerRetention),
    *(
        named(TimeTo, step=step)
        for step in ("referral_to_start", "start_to_wage_hours", "start_to_employment")
    ),
    named(DropOut),
]
whichever = st.sampled_from(GOALS)


def measured(goal, facts, day):
    return measure_of(goal).function(gather(CODED, facts), goal, basis(CODED, "i1.p1.a1", day))


@settings(max_examples=150, deadline=None)
@given(whichever, outcomes(), days)
def test_every_number_lies_within_its_bounds(goal, facts, day):
    figure = measured(goal, facts, day)
    assert len(set(figure.counted)) == len(figure.counted)
    if figure.counting_unit == "person":
        assert set(figure.counted) <= {fact.person_ref for fact in facts}
    for one in (figure, *figure.parts):
        assert one.unknown >= 0
        assert one.pending >= 0
        assert one.share is None or 0 <= one.share <= 1
        if one.quantity == "count":
            assert one.value == len(one.counted)
        if one.quantity == "probability" and one.value is not None:
            assert 0 <= one.value <= 1
        if one.interval is not None and None not in (one.interval.low, one.interval.high):
            assert one.interval.low <= one.value <= one.interval.high
    if figure.denominator is not None:
        assert 0 <= figure.within_denominator <= min(figure.value, figure.denominator)
    if figure.n is not None:
        assert len(figure.counted) + figure.pending == figure.n


@settings(max_examples=150, deadline=None)
@given(st.data(), whichever, outcomes(), days)
def test_the_order_of_the_facts_and_saying_them_twice_change_nothing(data, goal, facts, day):
    shuffled = data.draw(st.permutations(facts + facts[: len(facts) // 2]))
    assert measured(goal, shuffled, day) == measured(goal, facts, day)


@settings(max_examples=150, deadline=None)
@given(whichever, outcomes(), days)
def test_nothing_after_the_valid_day_counts(goal, facts, day):
    assert measured(goal, facts, day) == measured(goal, as_known_on(facts, day), day)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(GROWING), outcomes(), days, st.integers(0, 200))
def test_what_was_reached_stays_reached(goal, facts, day, later):
    before = measured(goal, facts, day)
    after = measured(goal, facts, day + timedelta(days=later))
    assert set(before.counted) <= set(after.counted)


@settings(max_examples=50, deadline=None)
@given(outcomes(), days)
def test_each_person_stands_in_one_cell_unless_each_is_counted(facts, day):
    def cells(counting):
        goal = named(OutcomesByCell, cells=("job", "practice", "apprenticeship"), counting=counting)
        figure = measured(goal, facts, day)
        parts = {part.name: part.value for part in figure.parts}
        return figure.value, sum(parts[cell] for cell in goal.cells), parts["overlap"]

    highest, first, each = cells("once_highest"), cells("once_first"), cells("per_cell")
    assert highest[0] == highest[1] == first[0] == first[1] == each[0]
    assert highest[2] == first[2] == each[2] <= each[1] - each[0] <= 2 * each[2]


@settings(max_examples=50, deadline=None)
@given(outcomes(), days)
def test_a_looser_rule_of_lasting_employment_loses_nobody(facts, day):
    strict = named(LastingEmployment)
    for looser in (
        replace(strict, open_ended=True),
        replace(strict, flex_counts=True),
        replace(strict, days=30),
        replace(strict, weekly_minutes=200),
    ):
        counted = set(measured(strict, facts, day).counted)
        assert counted <= set(measured(looser, facts, day).counted)


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: type(goal).__name__)
def test_of_nobody_there_is_nothing_to_tell(goal):
    figure = measured(goal, [], FIRST)
    assert figure.counted == ()
    assert not figure.value
    assert (figure.unknown, figure.pending, figure.share) == (0, 0, None)
