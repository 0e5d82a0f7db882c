"""What is registered of a placement: practice, the paid hours beside it, the job after it."""

from collections.abc import Iterator
from datetime import date, timedelta

from services.placement.placement_commands import (
    AgreePlacement,
    BeginWageHours,
    ChangeWageHours,
    EndEmployment,
    EndPractice,
    EndWageHours,
    ReportWageHours,
    StartEmployment,
    StartPractice,
)
from shared.clock import plus_months
from shared.command import Command
from sluse.simulation.chance import chosen, happens
from sluse.simulation.clerk import Clerk, instant, registered_at
from sluse.simulation.journey import Job, Practice, WageHours
from sluse.simulation.setting import at

DROPPED_OUT, COMPLETED, LEFT = 5, 9, 13
"""Places in the list of reasons, as `sluse programme new` writes it."""


def placed(clerk: Clerk, practice: Practice, enrolled: Command) -> Command:
    """The agreement, on which all else at the company builds."""
    of, placement = clerk.setting.parameters, clerk.id("placement")
    unknown = happens(
        clerk.setting.draws(clerk.whom, "wage hours at start"),
        of.assumed.wage_hours_unknown_at_start,
    )
    agreed = clerk.register(
        AgreePlacement(
            command_id=clerk.name("AgreePlacement"),
            placement=placement,
            enrolment=clerk.id("enrolment"),
            company=clerk.setting.company(practice.company)[1],
            purpose="practice",
        ),
        "enrolment",
        enrolled,
        happened_on=practice.start_on,
    )
    started = clerk.register(
        StartPractice(
            command_id=clerk.name("StartPractice"),
            placement=placement,
            start_on=practice.start_on,
            planned_end_on=practice.planned_end_on,
            wage_hours="unknown" if unknown else "none",
        ),
        "enrolment",
        agreed,
    )
    reason = DROPPED_OUT if practice.dropped_out else COMPLETED
    ended = EndPractice(
        command_id=clerk.name("EndPractice"),
        placement=placement,
        end_on=practice.end_on,
        reason=at(clerk.setting.definition.codes.reasons, reason, practice.end_on),
    )
    clerk.register(ended, "ends", started)
    return agreed


def paid_hours(clerk: Clerk, paid: WageHours, agreed: Command) -> None:
    """Their begin, each change, their end, and a report for each month."""
    placement = clerk.id("placement")
    begun = BeginWageHours(
        command_id=clerk.name("BeginWageHours"),
        placement=placement,
        from_on=paid.from_on,
        weekly_minutes=paid.terms[0][1],
    )
    last: Command = clerk.register(begun, "enrolment", agreed)
    for number, (day, minutes) in enumerate(paid.terms[1:]):
        change = ChangeWageHours(
            command_id=clerk.name(f"ChangeWageHours-{number}"),
            placement=placement,
            from_on=day,
            weekly_minutes=minutes,
        )
        last = clerk.register(change, "enrolment", last)
    end = EndWageHours(
        command_id=clerk.name("EndWageHours"), placement=placement, end_on=paid.last_on
    )
    clerk.register(end, "ends", last)
    _reports(clerk, "wage-hours", paid.terms, paid.last_on, agreed)


def employed(clerk: Clerk, job: Job, agreed: Command) -> Command:
    """The start of the job, on which aftercare builds; its end, and a report for each month."""
    placement = clerk.id("placement")
    start = StartEmployment(
        command_id=clerk.name("StartEmployment"),
        placement=placement,
        kind=job.kind,
        start_on=job.start_on,
        weekly_minutes=job.weekly_minutes,
        open_ended=job.kind != "small_job",
    )
    started = clerk.register(start, "enrolment", agreed)
    if job.last_on is not None:
        reasons = clerk.setting.definition.codes.reasons
        end = EndEmployment(
            command_id=clerk.name("EndEmployment"),
            placement=placement,
            end_on=job.last_on,
            reason=at(reasons, LEFT, job.last_on),
            initiated_by=chosen(
                clerk.setting.draws(clerk.whom, "who left"),
                ("citizen", "company", "both", "unknown"),
            ),
        )
        clerk.register(end, "ends", started)
    terms = ((job.start_on, job.weekly_minutes),)
    _reports(clerk, "job", terms, job.last_on or clerk.setting.until, agreed)
    return started


def _reports(
    clerk: Clerk, what: str, terms: tuple[tuple[date, int], ...], last_on: date, agreed: Command
) -> None:
    """One report a month; all persons' reports of a month are registered on one day."""
    of = clerk.setting.parameters.registration_delay
    for first, last in _months(terms[0][0], min(last_on, clerk.setting.until)):
        draws = clerk.setting.draws(clerk.whom, f"{what} {first:%Y-%m}")
        month = clerk.setting.draws(f"{first:%Y-%m}", "wage hours")
        ends_on = plus_months(first.replace(day=1), 1) - timedelta(days=1)
        batch = instant(
            ends_on + timedelta(days=month.randint(*of.wage_hours_after_the_month)),
            draws.randrange(3600),
        )
        report = ReportWageHours(
            command_id=clerk.name(f"ReportWageHours-{what}-{first:%Y%m}"),
            placement=clerk.id("placement"),
            from_on=first,
            to_on=last,
            wage_minutes=round(sum(_minutes_on(terms, day) for day in _days(first, last)) / 7),
            evidence=chosen(draws, ("payslip", "company", "register"), (0.5, 0.2, 0.3)),
        )
        clerk.put(report, max(batch, registered_at(agreed) + timedelta(minutes=1)))


def _months(first_on: date, last_on: date) -> Iterator[tuple[date, date]]:
    """Each calendar month between the days, cut at both ends."""
    first = first_on
    while first <= last_on:
        following = plus_months(first.replace(day=1), 1)
        yield first, min(following - timedelta(days=1), last_on)
        first = following


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _minutes_on(terms: tuple[tuple[date, int], ...], day: date) -> int:
    return next(minutes for since, minutes in reversed(terms) if since <= day)
