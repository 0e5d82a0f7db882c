"""Two thousand simulated people live as the table of the synthetic population says."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache

import pytest
from scipy import stats

from services.intake.enrolment_commands import ReferParticipant
from services.placement.placement_commands import EndPractice, ReportWageHours
from shared.clock import copenhagen_day, plus_months
from shared.command import Command
from sluse.simulation.clerk import registered_at
from sluse.simulation.journey import Job, Journey, Practice, journey
from sluse.simulation.population import commands
from sluse.simulation.setting import Setting
from tests.definitions import DEFINITION

PEOPLE = 2000
SETTING = Setting(
    definition=DEFINITION,
    seed=2026,
    first_month=date(2021, 3, 1),
    months=12,
    until=date(2023, 12, 31),
)


@cache
def people() -> list[Journey]:
    return [journey(SETTING, number) for number in range(PEOPLE)]


@cache
def registrations() -> list[Command]:
    return commands(SETTING, 1000)


def practices() -> list[Practice]:
    return [it.practice for it in people() if it.practice is not None]


def jobs() -> list[Job]:
    return [it.job for it in people() if it.job is not None]


def is_share(these: Iterable[bool], share: float) -> None:
    """So many of them as a share this large gives in 999 of 1000 populations."""
    each = list(these)
    low, high = stats.binom.interval(0.999, len(each), share)
    assert low <= sum(each) <= high, f"{sum(each)} of {len(each)}; {low:.0f} to {high:.0f}"


def test_the_months_have_their_shares_of_the_referrals() -> None:
    assert sum(SETTING.parameters.month_factors) == pytest.approx(12)
    is_share((it.referred_on.month == 7 for it in people()), 0.45 / 12)
    is_share((it.referred_on.month == 9 for it in people()), 1.20 / 12)


def test_four_of_five_referrals_are_accepted() -> None:
    is_share((it.accepted for it in people()), 0.80)


def test_half_are_enrolled_twelve_days_after_the_referral() -> None:
    """Whole days: up to 12.5, by a lognormal of median 12 and sigma .6."""
    is_share(((it.settled_on - it.referred_on).days <= 12 for it in people()), 0.5271)


def test_eleven_in_a_hundred_never_properly_start() -> None:
    is_share((it.never_started_on is not None for it in people() if it.accepted), 0.11)


def test_half_begin_practice_fourteen_days_after_they_were_enrolled() -> None:
    begun = ((it.settled_on, it.practice.start_on) for it in people() if it.practice)
    is_share(((start_on - settled_on).days <= 14 for settled_on, start_on in begun), 0.5233)


def test_practice_is_planned_for_a_month_to_half_a_year() -> None:
    """A gamma of shape 4 and mean 140; what lies beyond 182 days, cut to them, is 21 %."""
    planned = [(it.planned_end_on - it.start_on).days for it in practices()]
    assert min(planned) >= 30
    is_share((days == 182 for days in planned), 1 - float(stats.gamma(4, scale=35).cdf(181.5)))


def test_two_in_nine_drop_out_of_their_practice() -> None:
    """.0030 a day for 30 days, then .0017, over the lengths that practices are planned for."""
    is_share((it.dropped_out for it in practices()), 0.2220)


def test_the_first_wage_hour_comes_after_three_weeks_at_the_earliest() -> None:
    paid = [it for it in practices() if it.wage_hours]
    waits = [(it.wage_hours.from_on - it.start_on).days for it in paid if it.wage_hours]
    assert min(waits) >= 21
    long = [it for it in practices() if (it.end_on - it.start_on).days >= 100]
    by_day_60 = (
        it.wage_hours is not None and it.wage_hours.from_on < it.start_on + timedelta(days=60)
        for it in long
    )
    is_share(by_day_60, 0.1344)  # 1 - exp(-.0037 * 39)


def test_paid_hours_begin_with_few_hours_a_week() -> None:
    minutes = [it.wage_hours.terms[0][1] for it in practices() if it.wage_hours]
    is_share((it < 300 for it in minutes), 0.30 * (1 - 0.125 / 3))  # quarters, rounded
    is_share((300 <= it < 600 for it in minutes), 0.40 + 0.30 * 0.125 / 3 - 0.40 * 0.125 / 5)
    is_share((it > 1200 for it in minutes), 0.10)


@pytest.mark.parametrize(("paid_before", "share"), [(True, 0.75), (False, 0.40)])
def test_who_had_paid_hours_finds_a_job_more_often(paid_before: bool, share: float) -> None:
    completed = [it for it in people() if it.practice and not it.practice.dropped_out]
    alike = [it for it in completed if it.practice and bool(it.practice.wage_hours) == paid_before]
    is_share((it.job is not None for it in alike), share)


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("small_job", 0.35),
        ("part_time", 0.30),
        ("full_time", 0.15),
        ("flex_job", 0.12),
        ("apprenticeship", 0.08),
    ],
)
def test_the_kinds_of_jobs_have_their_shares(kind: str, share: float) -> None:
    is_share((it.kind == kind for it in jobs()), share)


def test_three_in_ten_have_left_their_job_after_ninety_days() -> None:
    """1 - exp(-(7 * .00583 + 23 * .00478 + 60 * .00343))."""
    left = (
        it.last_on is not None and it.last_on < it.start_on + timedelta(days=90) for it in jobs()
    )
    is_share(left, 0.2999)


def test_aftercare_is_accepted_and_held_more_often_by_the_citizen() -> None:
    offered = [it.aftercare for it in people() if it.aftercare is not None]
    is_share((it.citizen for it in offered), 0.80)
    is_share((it.company for it in offered), 0.65)
    held = {
        party: [
            any(touchpoint.id == it.id for touchpoint, _ in aftercare.held)
            for aftercare in offered
            if getattr(aftercare, party)
            for it in DEFINITION.aftercare.touchpoints
            if it.party == party
        ]
        for party in ("citizen", "company")
    }
    is_share(held["citizen"], 0.85)
    is_share(held["company"], 0.70)


def test_a_placement_has_six_tenths_of_a_problem_in_its_first_ninety_days() -> None:
    long = [
        it
        for it in people()
        if it.practice and (it.practice.end_on - it.practice.start_on).days >= 90
    ]
    count = sum(len(it.problems) for it in long)
    low, high = stats.poisson.interval(0.999, 0.6 * len(long))
    assert low <= count <= high


def test_problems_are_mostly_about_attendance_and_mostly_resolved() -> None:
    problems = [problem for it in people() for problem in it.problems]
    is_share((it.category == 0 for it in problems), 0.30)
    is_share((it.category in (3, 4, 5) for it in problems), 0.30)
    is_share((it.resolved_on is not None for it in problems), 0.75)
    resolved = [(it.resolved_on - it.raised_on).days for it in problems if it.resolved_on]
    is_share((days <= 9 for days in resolved), 0.5359)


def delays(kind: type[ReferParticipant] | type[EndPractice]) -> list[int]:
    return [
        (copenhagen_day(registered_at(it)) - day).days
        for it in registrations()
        if isinstance(it, kind)
        for day in [it.referred_on if isinstance(it, ReferParticipant) else it.end_on]
    ]


def test_what_begins_is_registered_within_days_and_what_ends_within_weeks() -> None:
    """Lognormals of median 2 and 12 days; 3 % of all comes after more than 60."""
    is_share((days <= 2 for days in delays(ReferParticipant)), 0.97 * 0.6450)
    is_share((days > 60 for days in delays(ReferParticipant)), 0.03)
    is_share((days <= 12 for days in delays(EndPractice)), 0.97 * 0.5271)
    is_share((days > 60 for days in delays(EndPractice)), 0.03 + 0.97 * 0.0035)


def test_a_months_paid_hours_come_together_five_to_twenty_days_after_it() -> None:
    """One that is registered later waited for its placement to be registered at all."""
    by_month: dict[date, list[date]] = {}
    for it in registrations():
        if isinstance(it, ReportWageHours):
            ends_on = plus_months(it.to_on.replace(day=1), 1) - timedelta(days=1)
            by_month.setdefault(ends_on, []).append(copenhagen_day(registered_at(it)))
    assert len(by_month) > 24
    for ends_on, days in by_month.items():
        assert 5 <= (min(days) - ends_on).days <= 20
    together = [day == min(days) for days in by_month.values() for day in days]
    assert sum(together) > 0.95 * len(together)
