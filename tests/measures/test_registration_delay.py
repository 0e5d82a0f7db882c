"""M19, counted by hand: days from what happened to its registration."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import RegistrationDelay
from tests.measures.any_facts import days, everything, holds_whatever_the_order, registrations
from tests.measures.stories import WORDS
from tests.measures.stories_direct import figure_of, registered

DELAY = RegistrationDelay(id="delay", title=WORDS)


def delays(*facts, day="12-01", goal=DELAY):
    figure = figure_of(goal, facts, day)
    return figure.value, figure.n, {it.name: it.value for it in figure.parts}


def test_the_median_and_the_tenth_that_takes_longest_by_event_type():
    # Ends after 0, 2, 4, 10 and 30 days. The median is the third, 4. The quantile 0.9 lies at
    # 0.9 · 4 = 3.6 of the way from the first (0) to the last (4): 10 + 0.6 · (30 − 10) = 22.
    ends = [
        registered(f"end-{number}", "PracticeEnded", "03-01", known)
        for number, known in enumerate(("03-01", "03-03", "03-05", "03-11", "03-31"))
    ]
    # A start after 6 days. Together 0, 2, 4, 6, 10, 30: the median is (4 + 6) / 2 = 5.
    start = registered("start", "PracticeStarted", "03-01", "03-07")
    assert delays(*ends, start) == (
        5.0,
        6,
        {
            "PracticeEnded 0.5": 4.0,
            "PracticeEnded 0.9": 22.0,
            "PracticeStarted 0.5": 6.0,
            "PracticeStarted 0.9": 6.0,
            "imported": 0,
        },
    )


def test_imports_are_counted_apart():
    facts = (
        registered("one", "PracticeEnded", "03-01", "03-03"),
        registered("two", "PracticeEnded", "03-01", "2023-03-01", origin="import"),
        registered("three", "PracticeStarted", "03-01", "2023-03-01", late_reason="import"),
    )
    assert delays(*facts) == (
        2.0,
        1,
        {"PracticeEnded 0.5": 2.0, "PracticeEnded 0.9": 2.0, "imported": 2},
    )
    figure = figure_of(DELAY, facts, "12-01")
    assert (figure.counting_unit, figure.quantity, figure.counted) == ("event", "days", ("one",))
    assert figure.parts[-1].counted == ("three", "two")


def test_another_reason_for_being_late_is_no_import():
    late = registered("one", "PracticeEnded", "03-01", "06-01", late_reason="holiday")
    assert delays(late)[:2] == (92.0, 1)


def test_what_happened_after_the_valid_day_does_not_count():
    fact = registered("one", "PracticeEnded", "03-02", "03-05")
    assert delays(fact, day="03-01") == (None, 0, {"imported": 0})
    # Known now though registered after it: the moment bounds what is known, not the valid day.
    assert delays(fact, day="03-02")[:2] == (3.0, 1)


def test_a_goal_of_a_phase_looks_at_what_happened_in_it():
    early = registered("one", "PracticeEnded", "06-30", "07-30")
    late = registered("two", "PracticeEnded", "07-01", "07-04")
    assert delays(early, late, goal=replace(DELAY, phase="second"))[:2] == (3.0, 1)


@settings(max_examples=60, deadline=None)
@given(st.data(), everything(registrations), days)
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day):
    figure = holds_whatever_the_order(data, DELAY, facts, day)
    assert figure.n == len(figure.counted)
    values = [it.value for it in figure.parts[:-1]]
    assert all(low <= high for low, high in zip(values[::2], values[1::2], strict=True))
    assert sum(it.n for it in figure.parts[:-1]) == 2 * figure.n
