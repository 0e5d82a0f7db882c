"""What a placement is accepted with a warning for: limits, staff, and hours that cannot well be."""

from datetime import date

import pytest

from services.intake.events.definition import PracticeLimit, StaffTier
from services.placement import placement
from services.placement.cautions import (
    are_too_many,
    is_over_twice_the_agreed,
    lasts_too_long,
    trainees_allowed,
)
from services.placement.events import PlacementEvent
from tests.definitions import definition
from tests.rules.given import folded
from tests.rules.test_placement import (
    AGREED,
    JOB,
    OVER,
    PRACTICE,
    WAGE_HOURS,
    WAGE_HOURS_END,
    day,
    report,
)

LIMITED = definition(
    practice_limits=(
        PracticeLimit(longest="P4W", target_groups=("job_ready",)),
        PracticeLimit(longest="P13W", valid_to=date(2022, 6, 30)),
    )
)
TIERS = (StaffTier(per=5, up_to=50), StaffTier(per=10))


@pytest.mark.parametrize(
    ("group", "planned_end_on", "too_long"),
    [
        ("job_ready", date(2022, 3, 28), False),  # its 28th day
        ("job_ready", date(2022, 3, 29), True),
        ("activity_ready", date(2022, 3, 29), False),
        ("activity_ready", date(2022, 5, 30), False),  # its 91st day
        ("activity_ready", date(2022, 5, 31), True),
    ],
)
def test_a_practice_is_limited_by_whom_it_is_for(
    group: str, planned_end_on: date, too_long: bool
) -> None:
    assert lasts_too_long(LIMITED, group, day(1), planned_end_on) is too_long


def test_the_law_of_the_first_day_limits_a_practice() -> None:
    year_after = date(2023, 6, 30)
    assert lasts_too_long(LIMITED, "activity_ready", date(2022, 6, 30), year_after)
    assert not lasts_too_long(LIMITED, "activity_ready", date(2022, 7, 1), year_after)


def test_where_the_definition_says_nothing_nothing_is_too_long() -> None:
    assert not lasts_too_long(definition(), "job_ready", day(1), date(2032, 1, 1))


@pytest.mark.parametrize(
    ("employees", "allowed"),
    [(0, 0), (1, 1), (5, 1), (6, 2), (50, 10), (51, 11), (60, 11), (61, 12)],
)
def test_there_is_one_trainee_for_so_many_employees_begun(employees: int, allowed: int) -> None:
    assert trainees_allowed(TIERS, employees) == allowed


def test_a_company_has_more_trainees_than_its_staff_allows() -> None:
    by_law = definition(staff_tiers=TIERS)
    assert not are_too_many(by_law, 1, 5)
    assert are_too_many(by_law, 2, 5)


def test_where_the_staff_or_the_rule_is_not_known_nobody_is_one_too_many() -> None:
    assert not are_too_many(definition(staff_tiers=TIERS), 99, None)
    assert not are_too_many(definition(), 99, 1)


@pytest.mark.parametrize(
    ("history", "minutes", "implausible"),
    [
        ((WAGE_HOURS,), 600, False),  # 300 a week were agreed on for the seven days
        ((WAGE_HOURS,), 601, True),
        ((WAGE_HOURS, JOB), 2314, False),  # and 1200 a week for five of them: 2 * (300 + 6000 / 7)
        ((WAGE_HOURS, JOB), 2315, True),
        ((), 9999, False),
        ((PRACTICE,), 9999, False),
    ],
)
def test_more_than_twice_the_agreed_hours_are_implausible(
    history: tuple[PlacementEvent, ...], minutes: int, implausible: bool
) -> None:
    state = folded(placement, (AGREED, *history))
    said = report(day(5), day(11), minutes)
    assert is_over_twice_the_agreed(said, state.strands, state.ended_on) is implausible


@pytest.mark.parametrize("end", [WAGE_HOURS_END, OVER])
def test_only_the_days_on_which_hours_were_agreed_count(end: PlacementEvent) -> None:
    """The hours ended on the 20th or 25th: 4 or 9 of the 14 days reported are behind it."""
    state = folded(placement, (AGREED, WAGE_HOURS, end))
    most = {WAGE_HOURS_END: 2 * 300 * 4 // 7, OVER: 2 * 300 * 9 // 7}[end]
    said = report(day(17), day(30), most)
    assert not is_over_twice_the_agreed(said, state.strands, state.ended_on)
    said = report(day(17), day(30), most + 1)
    assert is_over_twice_the_agreed(said, state.strands, state.ended_on)
