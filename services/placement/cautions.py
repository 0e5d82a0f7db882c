"""What is accepted with a warning: the law and the numbers are for the caseworker to look at."""

from collections.abc import Iterable
from datetime import date, timedelta

from services.intake.events.definition import Definition, StaffTier
from services.placement.enrolled import names_of
from services.placement.events import (
    EmploymentChanged,
    EmploymentStarted,
    PlacementEvent,
    PracticeExtended,
    PracticeStarted,
    WageHoursBegan,
    WageHoursChanged,
    WageHoursReported,
)
from services.placement.events.spells import begun_last
from services.placement.known import Known
from services.placement.placed import paid_elsewhere, trainees_at
from services.placement.placement import Placement
from services.placement.strands import Strand, weekly_minutes_on
from shared.clock import plus_duration
from shared.view import View

DURATION_LIMIT = "DURATION_LIMIT"
STAFF_RATIO = "STAFF_RATIO"
IMPLAUSIBLE = "IMPLAUSIBLE"


async def cautions(
    event: PlacementEvent,
    after: Placement,
    known: Known,
    view: View,
    *,
    own: str,
    employees: int | None,
) -> tuple[str, ...]:
    """The warnings of what is said of a placement, by what it leads to.

    `own`: the placement itself, as the view names it; `employees` of the company, if it is known
    and matters.
    """
    definition = known.definition
    if definition is None or after.agreed is None:
        return ()
    target_group = known.enrolled.target_group if known.enrolled else ""
    match event:
        case PracticeStarted(start_on=day, planned_end_on=planned_end_on):
            others = await trainees_at(view, after.agreed.company, day)
            too_many = are_too_many(definition, len(others | {after.person_ref}), employees)
            too_long = lasts_too_long(definition, target_group, day, planned_end_on)
            return (DURATION_LIMIT,) * too_long + (STAFF_RATIO,) * too_many
        case PracticeExtended(new_end_on=new_end_on):
            practice = begun_last(after.strands, "practice", new_end_on)
            if practice and lasts_too_long(definition, target_group, practice.begun_on, new_end_on):
                return (DURATION_LIMIT,)
        case (
            WageHoursBegan(from_on=day)
            | WageHoursChanged(from_on=day)
            | EmploymentStarted(start_on=day)
            | EmploymentChanged(from_on=day)
        ):
            here = weekly_minutes_on(after.strands, day, after.ended_on)
            names = await names_of(view, after.person_ref)
            elsewhere = await paid_elsewhere(view, names, day, own)
            if here + elsewhere > definition.most_weekly_minutes:
                return (IMPLAUSIBLE,)
        case WageHoursReported():
            if is_over_twice_the_agreed(event, after.strands, after.ended_on):
                return (IMPLAUSIBLE,)
    return ()


def lasts_too_long(
    definition: Definition, target_group: str, start_on: date, planned_end_on: date
) -> bool:
    """Whether a practice is planned for longer than any limit that holds on its first day."""
    return any(
        limit.holds(target_group, start_on)
        and planned_end_on >= plus_duration(start_on, limit.longest)
        for limit in definition.practice_limits
    )


def trainees_allowed(tiers: Iterable[StaffTier], employees: int) -> int:
    """One for every so many employees begun, tier by tier."""
    allowed, counted = 0, 0
    for tier in tiers:
        upper = employees if tier.up_to is None else min(employees, tier.up_to)
        allowed += -(-max(upper - counted, 0) // tier.per)
        counted = max(upper, counted)
    return allowed


def are_too_many(definition: Definition, trainees: int, employees: int | None) -> bool:
    """Whether a company has more trainees than its staff allows; never where it is not known."""
    if not definition.staff_tiers or employees is None:
        return False
    return trainees > trainees_allowed(definition.staff_tiers, employees)


def is_over_twice_the_agreed(
    report: WageHoursReported, strands: tuple[Strand, ...], over_on: date | None
) -> bool:
    """Whether more than twice the agreed minutes of the reported days were paid.

    Where nothing was agreed on there is nothing to compare with.
    """
    days = (report.to_on - report.from_on).days + 1
    agreed_sevenths = sum(
        weekly_minutes_on(strands, report.from_on + timedelta(days=n), over_on) for n in range(days)
    )
    return 0 < 2 * agreed_sevenths < 7 * report.wage_minutes
