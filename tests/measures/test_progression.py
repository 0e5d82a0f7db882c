"""M20, counted by hand: scores from the first measurement to the latest, by the same rater role."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import Progression
from tests.measures.any_facts import courses, days, everything, holds_whatever_the_order, scores
from tests.measures.stories import WORDS
from tests.measures.stories_direct import figure_of, scored

LADDER = Progression(id="ladder", title=WORDS, instrument="ladder")


def changed(*facts, day="12-01", goal=LADDER):
    """(mean change, persons, pending)"""
    figure = figure_of(goal, facts, day)
    return figure.value, figure.n, figure.pending


def test_it_is_the_latest_less_the_first():
    facts = (
        scored("a", "hope", 2, "02-01"),
        scored("a", "hope", 5, "03-01"),
        scored("a", "hope", 3, "04-01"),
    )
    assert changed(*facts) == (1.0, 1, 0)  # 3 − 2, whatever was between
    assert changed(*facts, day="03-31") == (3.0, 1, 0)  # 5 − 2
    assert changed(*facts, day="02-28") == (None, 0, 1)
    assert changed(*facts, day="01-31") == (None, 0, 0)


def test_roles_are_never_compared_with_each_other():
    first = scored("a", "hope", 1, "02-01", rater="citizen")
    other = scored("a", "hope", 5, "03-01", rater="caseworker")
    assert changed(first, other) == (None, 0, 1)
    # The caseworker alone measured twice: 4 − 5 = −1.
    assert changed(first, other, scored("a", "hope", 4, "04-01", rater="caseworker")) == (-1, 1, 0)


def test_versions_and_instruments_are_never_compared_with_each_other():
    first = scored("a", "hope", 1, "02-01")
    assert changed(first, scored("a", "hope", 5, "03-01", version=2)) == (None, 0, 1)
    assert changed(first, scored("a", "hope", 5, "03-01", instrument="scale")) == (None, 0, 1)


def test_two_measurements_of_one_day_are_no_change():
    assert changed(scored("a", "hope", 1, "02-01"), scored("a", "hope", 3, "02-01")) == (None, 0, 1)
    # Of two of one day the lower one is taken: 4 − 1 = 3.
    same_day = (scored("a", "hope", 1, "02-01"), scored("a", "hope", 3, "02-01"))
    assert changed(*same_day, scored("a", "hope", 4, "03-01")) == (3.0, 1, 0)


def test_a_person_with_several_items_counts_once():
    # a: hope +3, skill +1: mean 2. b: hope −1. Mean over persons: (2 − 1) / 2 = 0.5.
    facts = (
        scored("a", "hope", 1, "02-01"),
        scored("a", "hope", 4, "03-01"),
        scored("a", "skill", 2, "02-01"),
        scored("a", "skill", 3, "03-01"),
        scored("b", "hope", 3, "02-01"),
        scored("b", "hope", 2, "03-01"),
    )
    figure = figure_of(LADDER, facts, "12-01")
    assert (figure.value, figure.quantity, figure.counted) == (0.5, "points", ("a", "b"))
    # Hope: (3 − 1) / 2 = 1.
    assert [(it.name, it.value, it.n) for it in figure.parts] == [
        ("hope@1 citizen", 1.0, 2),
        ("skill@1 citizen", 1.0, 1),
    ]


def test_a_goal_of_a_phase_compares_what_was_measured_in_it():
    facts = (
        scored("a", "hope", 1, "06-30"),
        scored("a", "hope", 3, "07-01"),
        scored("a", "hope", 4, "08-01"),
    )
    assert changed(*facts, goal=replace(LADDER, phase="second")) == (1.0, 1, 0)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(courses(), scores), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, LADDER, facts, day)
    assert figure.n == len(figure.counted)
    assert figure.value is None or -4 <= figure.value <= 4
    assert {name for it in figure.parts for name in it.counted} == set(figure.counted)
