"""A journey (borgerens vej): what truly happens to one simulated person, whoever registers it."""

from collections.abc import Iterator
from datetime import date, timedelta
from math import floor, inf
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.definition import Kind, Touchpoint
from shared.clock import plus_duration
from sluse.simulation.chance import (
    chosen,
    days_until,
    exponential_days,
    gamma_days,
    happens,
    lognormal_days,
    poisson,
)
from sluse.simulation.parameters import Parameters, Share
from sluse.simulation.setting import Setting, person

WEEK = 7
FULL_TIME = 37 * 60
LEAST_WAGE_HOURS = 2 * 60


class WageHours(Struct, frozen=True, kw_only=True):
    """Paid hours beside a practice: their last day, and the minutes a week from each day on."""

    last_on: date
    terms: tuple[tuple[date, int], ...]

    @property
    def from_on(self) -> date:
        """Their first day."""
        return self.terms[0][0]


class Practice(Struct, frozen=True, kw_only=True):
    """One practice at one company; `dropped_out` if it ended before its time."""

    company: int
    start_on: date
    planned_end_on: date
    end_on: date
    dropped_out: bool
    wage_hours: WageHours | None


class Job(Struct, frozen=True, kw_only=True):
    """An employment at the practice's company; `last_on` None: it is never left."""

    kind: Kind
    start_on: date
    weekly_minutes: int
    last_on: date | None
    counts: bool


class Aftercare(Struct, frozen=True, kw_only=True):
    """What each party said of aftercare and when, and the contacts of those that accepted."""

    citizen: bool
    company: bool
    citizen_on: date
    company_on: date
    held: tuple[tuple[Touchpoint, date], ...]

    @property
    def agreed_on(self) -> date | None:
        """When the contacts were agreed on: once both had answered, if one said yes."""
        return max(self.citizen_on, self.company_on) if self.citizen or self.company else None


class Problem(Struct, frozen=True, kw_only=True):
    """Something that went wrong at the placement; `category` is a place in the code list."""

    raised_on: date
    category: int
    severity: int
    acted_on: date | None
    resolved_on: date | None


class Journey(Struct, frozen=True, kw_only=True):
    """From the referral on; what is None or empty never came."""

    number: int
    referred_on: date
    accepted: bool
    settled_on: date
    never_started_on: date | None = None
    first_attended_on: date | None = None
    practice: Practice | None = None
    job: Job | None = None
    aftercare: Aftercare | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def whom(self) -> str:
        """By which name the person draws."""
        return person(self.number)


def journey(setting: Setting, number: int) -> Journey:
    """The journey of one person; each part draws from a stream of its own."""
    whom, of = person(number), setting.parameters
    referred_on = setting.referral_day(whom)
    accepted = happens(setting.draws(whom, "acceptance"), of.referral_accepted)
    waits = lognormal_days(setting.draws(whom, "enrolment"), of.referral_to_enrolled)
    settled_on = referred_on + timedelta(days=waits)
    begun = Journey(
        number=number, referred_on=referred_on, accepted=accepted, settled_on=settled_on
    )
    if not accepted:
        return begun
    if happens(setting.draws(whom, "never started"), of.never_properly_started):
        after = of.assumed.settled_as_never_started_after_days
        days = setting.draws(whom, "given up").randint(*after)
        return replace(begun, never_started_on=settled_on + timedelta(days=days))
    delay = lognormal_days(setting.draws(whom, "practice start"), of.enrolled_to_first_practice)
    attends = setting.draws(whom, "attendance").randint(0, of.assumed.attends_within_days)
    practice = _practice(setting, whom, settled_on + timedelta(days=delay))
    job = None if practice.dropped_out else _job(setting, whom, practice)
    last_on = practice.end_on if job is None else job.last_on
    return replace(
        begun,
        first_attended_on=settled_on + timedelta(days=min(attends, delay)),
        practice=practice,
        job=job,
        aftercare=_aftercare(setting, whom, job) if job is not None and job.counts else None,
        problems=tuple(_problems(setting, whom, practice.start_on, last_on)),
    )


def _practice(setting: Setting, whom: str, start_on: date) -> Practice:
    """Completion and drop-out compete: whichever is first ends it."""
    of = setting.parameters
    length = gamma_days(setting.draws(whom, "practice length"), of.practice_length)
    drop_out = days_until(setting.draws(whom, "drop-out"), of.drop_out_a_day_in_practice)
    planned_end_on = start_on + timedelta(days=length)
    dropped_out = drop_out < length
    end_on = start_on + timedelta(days=floor(drop_out)) if dropped_out else planned_end_on
    return Practice(
        company=setting.draws(whom, "company").randrange(of.assumed.companies),
        start_on=start_on,
        planned_end_on=planned_end_on,
        end_on=end_on,
        dropped_out=dropped_out,
        wage_hours=_wage_hours(setting, whom, start_on, end_on),
    )


def _wage_hours(setting: Setting, whom: str, start_on: date, end_on: date) -> WageHours | None:
    of = setting.parameters
    days = days_until(setting.draws(whom, "first wage hour"), of.first_wage_hour)
    if days >= (end_on - start_on).days:
        return None
    from_on = start_on + timedelta(days=floor(days))
    draws = setting.draws(whom, "wage hours")
    minutes = _minutes(draws, chosen(draws, *_by_share(of.weekly_hours_at_start)))
    terms = [(from_on, minutes)]
    for week in range(1, (end_on - from_on).days // WEEK + 1):
        minutes = _stepped(draws, minutes, of)
        if minutes != terms[-1][1]:
            terms.append((from_on + timedelta(weeks=week), minutes))
    return WageHours(last_on=end_on, terms=tuple(terms))


def _stepped(draws: Random, minutes: int, of: Parameters) -> int:
    """The next week's minutes, seldom others than this week's."""
    up, down = of.wage_hour_step_up_a_week, of.wage_hour_step_down_a_week
    step = draws.random()
    if step >= up + down:
        return minutes
    by = _quarters(draws.uniform(*of.wage_hour_step_hours))
    return min(minutes + by, FULL_TIME) if step < up else max(minutes - by, LEAST_WAGE_HOURS)


def _job(setting: Setting, whom: str, practice: Practice) -> Job | None:
    of = setting.parameters
    share = (
        of.job_without_wage_hours_before
        if practice.wage_hours is None
        else of.job_with_wage_hours_before
    )
    if not happens(setting.draws(whom, "job"), share):
        return None
    delay = exponential_days(setting.draws(whom, "job start"), of.job_delay_mean_days)
    start_on = practice.end_on + timedelta(days=1 + delay)
    draws = setting.draws(whom, "kind of job")
    kinds = [kind for kind, _ in of.kind_of_job]
    kind = chosen(draws, kinds, [share.share for _, share in of.kind_of_job])
    minutes = _minutes(draws, dict(of.kind_of_job)[kind])
    days = days_until(setting.draws(whom, "leaving"), of.leaving_a_job_a_day)
    return Job(
        kind=kind,
        start_on=start_on,
        weekly_minutes=minutes,
        last_on=None if days == inf else start_on + timedelta(days=floor(days)),
        counts=setting.definition.counted_employment.counts(kind, minutes),
    )


def _aftercare(setting: Setting, whom: str, job: Job) -> Aftercare:
    of = setting.parameters
    draws = setting.draws(whom, "aftercare")
    citizen = happens(draws, of.aftercare_accepted.citizen)
    company = happens(draws, of.aftercare_accepted.company)
    longest = of.assumed.aftercare_answered_within_days
    answered = [job.start_on + timedelta(days=draws.randint(0, longest)) for _ in range(2)]
    held = []
    for touchpoint in setting.definition.aftercare.touchpoints:
        is_citizen = touchpoint.party == "citizen"
        share = of.follow_up_held.citizen if is_citizen else of.follow_up_held.company
        contact = setting.draws(whom, f"follow-up {touchpoint.id}")
        off = min(of.follow_up_within_days, touchpoint.window_days)
        if happens(contact, share) and (citizen if is_citizen else company):
            due_on = plus_duration(job.start_on, touchpoint.offset)
            held_on = due_on + timedelta(days=contact.randint(-off, off))
            held.append((touchpoint, max(held_on, *answered)))
    return Aftercare(
        citizen=citizen,
        company=company,
        citizen_on=answered[0],
        company_on=answered[1],
        held=tuple(held),
    )


def _problems(
    setting: Setting, whom: str, start_on: date, last_on: date | None
) -> Iterator[Problem]:
    """Those of the first days that the placement has come to."""
    of = setting.parameters
    draws = setting.draws(whom, "problems")
    count = poisson(draws, of.problems_per_placement)
    for number in range(count if setting.definition.codes.problems else 0):
        draws = setting.draws(whom, f"problem {number}")
        raised_on = start_on + timedelta(days=draws.randrange(of.problems_within_days))
        resolved = happens(draws, of.problem_resolved)
        resolved_after = lognormal_days(draws, of.problem_resolved_after)
        acted = resolved or happens(draws, of.assumed.first_action_on_unresolved)
        acted_after = lognormal_days(draws, of.assumed.first_action)
        if last_on is not None and raised_on > last_on:
            continue
        if resolved:
            acted_after = min(acted_after, resolved_after)
        yield Problem(
            raised_on=raised_on,
            category=chosen(draws, range(len(of.problem_categories)), of.problem_categories),
            severity=draws.randint(1, 3),
            acted_on=raised_on + timedelta(days=acted_after) if acted else None,
            resolved_on=raised_on + timedelta(days=resolved_after) if resolved else None,
        )


def _by_share(of: tuple[Share, ...]) -> tuple[tuple[Share, ...], list[float]]:
    return of, [it.share for it in of]


def _minutes(draws: Random, of: Share) -> int:
    return _quarters(draws.uniform(*of.hours))


def _quarters(hours: float) -> int:
    """Minutes, in whole quarters of an hour."""
    return round(hours * 4) * 15
