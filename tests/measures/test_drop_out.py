"""M16, counted by hand."""

import pytest

from services.intake.events.goals import DropOut
from services.reporting.measures.drop_out import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import CODED, course

GOAL = DropOut(id="left", title=WORDS)


def measured(*parts, day="06-01", goal=GOAL):
    return measure(caseload(*parts, definition=CODED), goal, as_of(day, CODED))


def outcome(*parts, day="06-01", goal=GOAL):
    """(dropped out, started, pending)"""
    found = measured(*parts, day=day, goal=goal)
    return found.value, found.denominator, found.pending


def attended(person, first="03-01", spell=1, **more):
    return course(person, spell=spell, start="01-10", attended=first, **more)


def test_a_drop_out_counts_from_its_day():
    left = attended("a", dropped_out="04-01", destination="home")
    assert outcome(left, day="02-28") == (0, 0, 0)
    assert outcome(left, day="03-01") == (0, 1, 1)
    assert outcome(left, day="03-31") == (0, 1, 1)
    assert outcome(left, day="04-01") == (1, 1, 0)


@pytest.mark.parametrize(
    ("destination", "counted", "unclear"),
    [
        ("work", 0, 0),
        ("school", 0, 0),
        ("trainee", 0, 0),
        ("course", 1, 1),  # no code of the list any more on 1 April
        ("home", 1, 0),
        ("lost", 1, 1),
        ("not_in_the_list", 1, 1),
        (None, 1, 1),
    ],
)
def test_the_code_list_says_what_a_destination_is(destination, counted, unclear):
    found = measured(attended("a", dropped_out="04-01", destination=destination))
    assert found.value == counted
    assert found.parts[0].name == "destination_unknown"
    assert found.parts[0].value == unclear


def test_whoever_never_attended_has_not_started():
    never = course("a", start="01-10", never_started="02-10")
    referred = course("b")
    assert outcome(never, referred) == (0, 0, 0)


def test_completion_and_transfer_are_no_drop_out():
    parts = (attended("a", completed="04-01"), attended("b", transferred="04-01"))
    assert outcome(*parts) == (0, 2, 0)


def test_whoever_came_back_has_not_dropped_out():
    left = attended("a", dropped_out="04-01", destination="home")
    back = attended("a", "05-01", spell=2)
    assert outcome(left, back, day="04-30") == (1, 1, 0)
    assert outcome(left, back, day="05-01") == (0, 1, 1)


def test_a_goal_of_a_phase_is_about_those_who_started_in_it():
    second = DropOut(id="left", title=WORDS, phase="second")
    parts = (attended("a", "06-30"), attended("b", "07-01"))
    assert outcome(*parts, day="12-31", goal=second) == (0, 1, 1)


def test_the_incidence_lets_completion_compete_and_censors_transfers():
    found = measured(
        attended("a", dropped_out="03-11", destination="home"),  # day 10
        attended("b", completed="03-21"),  # day 20
        attended("c", transferred="03-26"),  # day 25
        attended("d", dropped_out="03-31", destination="lost"),  # day 30
        attended("e", dropped_out="04-05", destination="work"),  # day 35
        attended("f", "05-02"),  # there since day 30, seen from 1 June
    )
    # day  at risk  before             incidence
    #  10        6  1                  1/6
    #  20        5  5/6                1/6
    #  30        3  5/6 * 4/5 = 2/3    1/6 + 2/3 * 1/3 = 7/18
    #  35        1  2/3 * 2/3          7/18
    # (c and f are censored on days 25 and 30; f is still at risk on day 30.)
    assert (found.value, found.denominator, found.pending) == (2, 6, 1)
    incidence = found.parts[1]
    assert (incidence.name, incidence.quantity, incidence.n) == (
        "cumulative_incidence",
        "probability",
        6,
    )
    assert incidence.value == pytest.approx(7 / 18, abs=1e-6)
