"""Every measure answers for any programme, with the definition's own parameters first."""

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.definition import Term
from services.intake.events.goals import (
    Forecast,
    Goal,
    ReachedStage,
    Retention,
    SelfSupportingBenefit,
)
from services.reporting.caseload import gather
from services.reporting.measures import MEASURES
from services.reporting.measures.catalogue import all_figures, catalogue
from tests.measures.any_facts import (
    agreements,
    answers,
    attendances,
    courses,
    days,
    everything,
    levels,
    plans,
    problems,
    registrations,
    scores,
    strands,
    touchpoints,
    wage_reports,
)
from tests.measures.stories import DEFINITION, JOBS, REFERRED, WORDS, as_of, with_goals

TAGS = [kind.__struct_config__.tag for kind in get_args(Goal)]
LISTED = SelfSupportingBenefit(id="off", title=WORDS, benefits=("cash",))
WHOLE = replace(
    with_goals(REFERRED, JOBS, LISTED),
    codes=replace(DEFINITION.codes, instruments=(Term(code="ladder", name=WORDS),)),
)


def tags_of(definition):
    return [goal.__struct_config__.tag for goal in catalogue(definition).goals]


def test_every_goal_kind_has_its_measure():
    assert sorted(MEASURES) == sorted(TAGS)


def test_every_measure_is_in_the_catalogue_in_order():
    found = tags_of(WHOLE)
    assert found == sorted(found)
    assert sorted(set(found)) == sorted(TAGS)
    assert catalogue(WHOLE).left_out == {}


def test_what_the_definition_alone_can_say_is_left_out_with_the_reason():
    bare = with_goals(Retention(id="kept", title=WORDS, months=3))
    assert sorted(catalogue(bare).left_out) == ["M07b", "M18", "M20"]
    assert not {"M07b", "M18", "M20"} & set(tags_of(bare))


def test_a_goal_of_the_definition_is_not_asked_twice():
    goals = catalogue(WHOLE).goals
    stages = [goal for goal in goals if isinstance(goal, ReachedStage)]
    assert [(goal.id, goal.stage) for goal in stages if goal.stage == "referred"] == [
        ("referred", "referred")
    ]
    assert len(stages) == 5
    # One of other parameters is asked beside the usual ones.
    own = replace(WHOLE, goals=(Retention(id="kept", title=WORDS, months=5),))
    months = [goal.months for goal in catalogue(own).goals if isinstance(goal, Retention)]
    assert months == [5, 3, 6, 12]


def test_who_is_to_be_referred_in_all_is_the_intake_of_the_forecast():
    # The definition promises three referrals and two jobs.
    forecasts = [goal for goal in catalogue(WHOLE).goals if isinstance(goal, Forecast)]
    assert [(goal.goal, goal.intake) for goal in forecasts] == [("referred", 3), ("jobs", 3)]
    alone = replace(WHOLE, goals=(JOBS,))
    forecasts = [goal for goal in catalogue(alone).goals if isinstance(goal, Forecast)]
    assert [(goal.goal, goal.intake) for goal in forecasts] == [("jobs", None)]


@settings(max_examples=30, deadline=None)
@given(
    everything(
        courses(),
        strands(),
        wage_reports(),
        plans(),
        answers(),
        touchpoints(),
        problems(),
        levels,
        agreements,
        attendances,
        scores,
        registrations,
    ),
    days,
    st.booleans(),
)
def test_every_figure_says_what_it_counts(facts, day, bare):
    definition = DEFINITION if bare else WHOLE
    figures = all_figures(gather(definition, facts), as_of(day, definition))
    assert len(figures) == len(catalogue(definition).goals)
    for figure in figures:
        assert figure.measure_version >= 1
        assert figure.period == ("2022-01", "2022-12")
        assert figure.counting_unit
        assert figure.unknown >= 0
        assert figure.pending >= 0
        assert figure.share is None or 0 <= figure.share <= 1
        assert figure.value is None or figure.value >= 0 or figure.quantity in ("minutes", "points")
