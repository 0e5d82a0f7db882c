"""M22, counted by hand: companies with an agreement in force on the valid day."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import Agreements
from tests.measures.any_facts import agreements, days, everything, holds_whatever_the_order
from tests.measures.stories import WORDS
from tests.measures.stories_direct import agreement, figure_of

SIGNED = Agreements(id="signed", title=WORDS)


@pytest.mark.parametrize(
    ("day", "counted"),
    [("02-28", 0), ("03-01", 1), ("05-31", 1), ("06-01", 0)],
)
def test_an_agreement_is_in_force_on_its_first_and_its_last_day(day, counted):
    assert figure_of(SIGNED, [agreement("brod", "03-01", "05-31")], day).value == counted


def test_an_agreement_without_a_last_day_runs_on_also_after_the_programme():
    assert figure_of(SIGNED, [agreement("brod", "03-01")], "2023-03-01").value == 1


def test_several_agreements_are_one_company():
    facts = (
        agreement("brod", "03-01", "05-31"),
        agreement("brod", "04-01", kind="network"),
        agreement("kutter", "03-01", "03-31"),
    )
    figure = figure_of(SIGNED, facts, "05-01")
    assert (figure.value, figure.counted, figure.n) == (1, ("brod",), 2)
    assert (figure.counting_unit, figure.quantity) == ("company", "count")
    assert (figure.denominator, figure.unknown, figure.pending) == (None, 0, 0)


def test_a_goal_may_ask_for_some_kinds_alone():
    facts = (agreement("brod", "03-01"), agreement("kutter", "03-01", kind="network"))
    figure = figure_of(replace(SIGNED, kinds=("network",)), facts, "05-01")
    assert (figure.counted, figure.n) == (("kutter",), 1)


@settings(max_examples=40, deadline=None)
@given(st.data(), everything(agreements), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, SIGNED, facts, day)
    assert figure.value <= figure.n
