"""M18: what a goal can still reach, counted by hand, and how likely its target is."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.intake.events.goals import EnteredEmployment, Forecast, ReachedStage, Retention
from services.reporting.caseload import gather
from services.reporting.measures.forecast import NotForecast, measure
from services.reporting.measures.simulation import (
    Hazards,
    Intake,
    Waiting,
    chance,
    simulated,
)
from tests.measures.any_facts import courses, days, everything, holds_whatever_the_order, strands
from tests.measures.stories import WORDS, as_of, with_goals
from tests.measures.stories_direct import figure_of, strand, taking_part

JOBS = EnteredEmployment(id="jobs", title=WORDS, target=3, denominator="enrolled")
OUTLOOK = Forecast(id="outlook", title=WORDS, goal="jobs")


def found(*facts, day="06-01", aim=JOBS, goal=OUTLOOK):
    return figure_of(goal, facts, day, with_goals(aim))


def reachable(*facts, **how):
    """(achieved, active, remaining intake, most attainable)"""
    parts = {it.name: it.value for it in found(*facts, **how).parts}
    return tuple(
        parts[name] for name in ("achieved", "active", "remaining_intake", "most_attainable")
    )


def in_job(person, start="03-01", **how):
    return [taking_part(person, **how), strand(person, "full_time", start, minutes=2220)]


def test_what_can_still_be_reached_is_what_was_and_who_is_on_the_way():
    facts = (
        *in_job("a"),
        taking_part("b"),
        taking_part("c", None),  # referred, not enrolled yet
        taking_part("d", None, declined_on="02-01"),
        taking_part("e", dropped_out_on="03-01"),
    )
    # Achieved a, active b, one open referral: 3.
    assert reachable(*facts) == (1, 1, 1, 3)
    # Six people in all: five are referred, so one more is to come.
    six = replace(OUTLOOK, intake=6)
    assert reachable(*facts, goal=six) == (1, 1, 2, 4)
    figure = found(*facts, goal=six)
    assert (figure.n, figure.pending, figure.unknown, figure.counted) == (5, 1, 0, ("a",))


def test_who_left_may_find_a_job_for_28_days_more():
    left = taking_part("a", dropped_out_on="03-01")
    # 1 March + 28 days is 29 March; that day is over when its figure is drawn up.
    assert reachable(left, day="03-28") == (0, 1, 0, 1)
    assert reachable(left, day="03-29") == (0, 0, 0, 0)


def test_a_job_from_before_the_period_that_changes_within_it_leaves_its_person_on_the_way():
    before = {"begun": "2021-12-01", "minutes": 600}
    facts = (
        taking_part("a"),
        strand("a", "part_time", "2021-12-01", "02-28", **before),
        strand("a", "full_time", "03-01", **before),
    )
    # M04 counts no change of a job, and waits for another one: so does the forecast.
    assert figure_of(JOBS, facts, "06-01").pending == 1
    assert reachable(*facts) == (0, 1, 0, 1)


def test_what_happens_after_the_valid_day_is_not_known_yet():
    later = [*in_job("a", "06-02"), taking_part("b", dropped_out_on="06-02")]
    assert reachable(*later, day="06-01") == (0, 2, 0, 2)


def test_nothing_more_can_be_reached_after_the_last_day():
    facts = (*in_job("a"), taking_part("b"), taking_part("c", None))
    six = replace(OUTLOOK, intake=6)
    # The programme ends on 31 December: nobody is referred any more, jobs count for 28 days.
    assert reachable(*facts, day="12-30", goal=six) == (1, 1, 4, 6)
    assert reachable(*facts, day="12-31", goal=six) == (1, 1, 1, 3)
    assert reachable(*facts, day="2023-01-27", goal=six) == (1, 1, 1, 3)
    assert reachable(*facts, day="2023-01-28", goal=six) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("referred", (3, 0, 0, 3)), ("enrolled", (2, 0, 1, 3)), ("started", (1, 1, 1, 3))],
)
def test_a_stage_is_reached_by_those_who_are_before_it(stage, expected):
    aim = ReachedStage(id="jobs", title=WORDS, target=3, stage=stage)
    facts = (taking_part("a", began="01-11"), taking_part("b"), taking_part("c", None))
    assert reachable(*facts, aim=aim) == expected


def test_a_stage_reached_before_the_phase_is_not_reached_again():
    aim = ReachedStage(id="jobs", title=WORDS, target=3, stage="enrolled", phase="second")
    assert reachable(taking_part("a"), day="08-01", aim=aim) == (0, 0, 0, 0)
    assert reachable(taking_part("a", "07-01"), day="08-01", aim=aim) == (1, 0, 0, 1)


def test_a_target_that_is_reached_is_certain():
    assert found(*in_job("a"), aim=replace(JOBS, target=1)).value == 1.0


def test_a_target_beyond_the_most_attainable_is_out_of_reach():
    # One in a job and one active are two; the target is three.
    assert found(*in_job("a"), taking_part("b")).value == 0.0


def test_a_goal_without_a_target_number_has_no_probability():
    figure = found(*in_job("a"), taking_part("b"), aim=replace(JOBS, target=None))
    assert (figure.value, figure.parts[-1].value) == (None, None)


def crowd(jobs, active):
    """So many in a job since 1 March, so many in the course."""
    people = [person for number in range(jobs) for person in in_job(f"job-{number}")]
    return people + [taking_part(f"active-{number}") for number in range(active)]


def test_too_few_who_reached_it_say_too_little():
    aim = replace(JOBS, target=6)
    few = found(*crowd(4, 10), aim=aim)
    assert (few.value, few.parts[-1].value, few.parameters["reached"]) == (None, None, 4)
    assert reachable(*crowd(4, 10), aim=aim) == (4, 10, 0, 14)
    assert found(*crowd(5, 10), aim=aim).value is not None


def test_the_probability_comes_from_what_was_observed():
    # Five of fifteen got a job: 57 days each from the referral on 3 January to 1 March; ten had
    # 149 days without one until 1 June. 5 in 5 · 57 + 10 · 149 = 1775 days is 0.0028 a day, and
    # 241 days are left until 28 January: each of the ten gets there with about
    # 1 − e^(−0.0028 · 241) = 0.49, so one more of ten is all but certain and ten more are not.
    figure = found(*crowd(5, 10), aim=replace(JOBS, target=6))
    assert figure.parameters["person_days"] == 1775
    assert (figure.parameters["reached"], figure.parameters["lost"]) == (5, 0)
    assert figure.quantity == "probability"
    assert 0.9 < figure.value < 1
    forecast = figure.parts[-1]
    assert (forecast.name, forecast.n, forecast.interval.level) == ("forecast", 1000, 0.8)
    assert 5 <= forecast.interval.low <= forecast.value <= forecast.interval.high <= 15
    assert abs(forecast.value - (5 + 10 * 0.49)) <= 1
    assert found(*crowd(5, 10), aim=replace(JOBS, target=15)).value < 0.1


def test_the_same_question_has_the_same_answer():
    facts, aim = crowd(6, 10), replace(JOBS, target=11)
    one = found(*facts, aim=aim)
    assert found(*reversed(facts), aim=aim) == one
    # What was recorded since and has nothing to do with it changes nothing.
    whole = gather(with_goals(aim), facts)
    later = measure(whole, OUTLOOK, replace(as_of("06-01", with_goals(aim)), moment="i2.p1.a1"))
    assert (later.value, later.parts) == (one.value, one.parts)


def test_being_lost_makes_it_less_likely():
    aim = replace(JOBS, target=10)
    lost = [taking_part(f"lost-{number}", dropped_out_on="03-01") for number in range(20)]
    alone = found(*crowd(6, 10), aim=aim)
    beside = found(*crowd(6, 10), *lost, aim=aim)
    assert (alone.parameters["lost"], beside.parameters["lost"]) == (0, 20)
    assert beside.value < alone.value


def test_a_goal_of_referrals_follows_how_fast_they_come():
    # Ten were referred on 3 January, 150 days ago with the day itself: 0.067 a day, and 213 days
    # are left, so about 14 more. At most ten more are to come.
    aim = ReachedStage(id="jobs", title=WORDS, target=15, stage="referred")
    people = [taking_part(f"p-{number}") for number in range(10)]
    intake = replace(OUTLOOK, intake=20)
    assert reachable(*people, aim=aim, goal=intake) == (10, 0, 10, 20)
    assert 0.8 < found(*people, aim=aim, goal=intake).value < 1
    assert found(*people, aim=aim).value == 0.0  # without an intake nobody new is expected
    few = [taking_part(f"p-{number}") for number in range(4)]
    assert found(*few, aim=aim, goal=intake).value is None


@pytest.mark.parametrize(
    "aim",
    [replace(JOBS, id="other"), Retention(id="jobs", title=WORDS, months=3)],
    ids=["no such goal", "a goal of another measure"],
)
def test_only_stages_and_entered_employment_are_forecast(aim):
    with pytest.raises(NotForecast):
        found(aim=aim)


@pytest.mark.parametrize(
    ("reaching", "losing", "within", "expected"),
    [
        (0.01, 0.0, 100, 1 - math.exp(-1)),  # 0.632
        (0.01, 0.01, 100, 0.5 * (1 - math.exp(-2))),  # 0.432: half of what comes at all
        (0.02, 0.01, 10_000, 2 / 3),  # in the end two of three
        (0.01, 0.01, 0, 0.0),
    ],
)
def test_the_chance_of_two_things_that_rule_each_other_out(reaching, losing, within, expected):
    assert chance(reaching, losing, within) == pytest.approx(expected)


NOBODY = Intake(to_refer=0, referred=0, days_so_far=0, days_left=0, days_to_reach=0, is_aim=False)
# Observed for so long that the hazards are all but known: 0.01 a day each.
KNOWN = Hazards(person_days=1_000_000, reached=10_000, lost=10_000)


def mean_of(waiting=(), intake=NOBODY, hazards=KNOWN, runs=2000):
    results = simulated(random.Random("a seed"), runs, hazards, waiting, intake)
    return sum(results) / runs


def test_simulated_results_agree_with_the_chance():
    # Twenty persons with 0.432 each: 8.65; one run varies by 2.2, the mean of 2000 by 0.05.
    waiting = [Waiting(days=100, may_be_lost=True)] * 20
    assert mean_of(waiting) == pytest.approx(20 * 0.4323, abs=0.2)
    # Who has left can't be lost any more: 0.632 each.
    waiting = [Waiting(days=100, may_be_lost=False)] * 20
    assert mean_of(waiting) == pytest.approx(20 * 0.6321, abs=0.2)


def test_an_intake_comes_at_its_own_pace_and_no_larger_than_planned():
    # One a day, ten days left: ten of a thousand.
    open_ended = Intake(
        to_refer=1000,
        referred=10_000,
        days_so_far=10_000,
        days_left=10,
        days_to_reach=10,
        is_aim=True,
    )
    assert mean_of(intake=open_ended) == pytest.approx(10, abs=0.3)
    assert mean_of(intake=replace(open_ended, to_refer=2)) == pytest.approx(2, abs=0.02)
    # They must still reach it: with ages to go, half of what comes at all.
    far = replace(open_ended, to_refer=2, days_to_reach=100_000, is_aim=False)
    assert mean_of(intake=far) == pytest.approx(1, abs=0.06)


def test_little_data_gives_a_wide_answer():
    waiting = [Waiting(days=100, may_be_lost=False)] * 100
    little = Hazards(person_days=500, reached=5, lost=0)
    much = Hazards(person_days=50_000, reached=500, lost=0)
    draws = {
        name: sorted(simulated(random.Random("a seed"), 1000, hazards, waiting, NOBODY))
        for name, hazards in (("little", little), ("much", much))
    }
    width = {name: results[900] - results[100] for name, results in draws.items()}
    assert width["little"] > 2 * width["much"]


@settings(max_examples=40, deadline=None)
@given(st.data(), everything(courses(), strands()), days, st.integers(0, 8))
def test_it_is_sound_whatever_the_order_of_the_facts(data, facts, day, intake):
    goal = replace(OUTLOOK, intake=intake, runs=100)
    figure = holds_whatever_the_order(data, goal, facts, day, with_goals(JOBS))
    achieved, active, referrals, remaining, most, _ = (it.value for it in figure.parts)
    assert referrals <= remaining
    assert achieved + active + remaining == most
    assert figure.value is None or 0 <= figure.value <= 1
    if achieved >= 3:
        assert figure.value == 1
