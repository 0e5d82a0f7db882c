"""M02, counted by hand: enrolled on 1 March is enrolled for 30 days on 31 March."""

import pytest

from services.intake.events.goals import NeverStarted
from services.reporting.measures.never_started import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import course

GOAL = NeverStarted(id="never", title=WORDS)


def outcome(*parts, day, goal=GOAL):
    """(never started, denominator, unknown, pending)"""
    found = measure(caseload(*parts), goal, as_of(day))
    return found.value, found.denominator, found.unknown, found.pending


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("02-28", (0, 0, 0, 0)),
        ("03-01", (0, 0, 0, 1)),
        ("03-10", (0, 0, 0, 1)),  # it is said already, but 30 days are not over
        ("03-30", (0, 0, 0, 1)),
        ("03-31", (1, 1, 0, 0)),
    ],
)
def test_the_newly_enrolled_are_left_out_for_thirty_days(day, expected):
    assert outcome(course("a", start="03-01", never_started="03-10"), day=day) == expected


def test_it_counts_from_the_day_it_was_decided():
    late = course("a", start="03-01", never_started="06-01")
    assert outcome(late, day="05-31") == (0, 1, 1, 0)
    assert outcome(late, day="06-01") == (1, 1, 0, 0)


def test_whoever_began_or_left_is_no_riddle():
    began = course("a", start="03-01", attended="04-20")
    moved = course("b", start="03-01", transferred="04-20")
    assert outcome(began, moved, day="04-19") == (0, 2, 2, 0)
    assert outcome(began, moved, day="04-20") == (0, 2, 0, 0)


def test_the_latest_enrolment_of_thirty_days_decides():
    first = course("a", start="03-01", never_started="03-10")
    again = course("a", spell=2, start="06-01", attended="06-02")
    assert outcome(first, again, day="06-30") == (1, 1, 0, 0)
    assert outcome(first, again, day="07-01") == (0, 1, 0, 0)


def test_a_goal_of_a_phase_is_about_those_enrolled_in_it():
    second = NeverStarted(id="never", title=WORDS, phase="second")
    first = course("a", start="06-30", never_started="07-10")
    again = course("a", spell=2, start="08-01", attended="08-02")
    assert outcome(first, day="12-31", goal=second) == (0, 0, 0, 0)
    assert outcome(first, again, day="12-31", goal=second) == (0, 1, 0, 0)


def test_the_share_is_of_those_enrolled_long_enough():
    found = measure(
        caseload(
            course("a", start="03-01", never_started="03-10"),
            course("b", start="03-01", attended="03-02"),
            course("c", start="03-02"),
            course("d", start="03-15"),
            course("e"),
        ),
        GOAL,
        as_of("04-01"),
    )
    # a, b and c are enrolled for 30 days or longer, d for 17, e never was.
    assert (found.value, found.denominator, found.unknown, found.pending) == (1, 3, 1, 1)
    assert found.share == pytest.approx(1 / 3)
    assert found.parameters == {"after_days": 30}
