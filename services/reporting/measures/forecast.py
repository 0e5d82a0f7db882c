"""M18: the most that a goal can still reach, and how likely its target is (kan målet nås?)."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

from services.intake.events.goals import EnteredEmployment, Forecast, ReachedStage
from services.reporting.caseload import Caseload, PersonFacts, exit_on
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf, Figure, Interval, Part, part
from services.reporting.measures import entered_employment, reached_stage
from services.reporting.measures.simulation import Hazards, Intake, Waiting, simulated
from services.reporting.measures.spells import entries

VERSION = 1
Aim: TypeAlias = ReachedStage | EnteredEmployment
LEAST_SUCCESSES = 5
LEVEL = 0.8


class NotForecast(ValueError):
    """What is forecast is a goal of the definition, measured by M01 or M04; this one is not."""


class _Journey(Struct, frozen=True, kw_only=True):
    """One person's way to the aim since the referral, observed for so many days.

    `since_referral`: days, the valid day included, also if the observation ended before.
    `days_left`: how many days after the valid day it may still come, 0 if no more; `left`: the
    person is in no course any more.
    """

    person_ref: str
    enrolled: bool
    since_referral: int
    observed_days: int
    reached: bool
    lost: bool
    left: bool
    days_left: int


def measure(caseload: Caseload, goal: Forecast, as_of: AsOf) -> Figure:
    """The probability that the goal named reaches its target by its last day that counts.

    Achieved: that goal's own figure on the valid day. Active: persons enrolled at or before the
    valid day who have not reached it and still can: in the course, or (for a job) out of it for
    less than `days_after` days. Remaining intake: open referrals, and of `intake` those not
    referred yet. Most attainable = achieved + active + remaining intake; after the goal's last day
    only what was achieved.

    Certain: 1 once the target is reached, 0 where the most attainable is below it. Else the share
    of `runs` simulations that reach it by the programme's own hazards, each constant over time:
    reaching the goal, and being lost to it (declined, withdrawn, never started, dropped out,
    transferred, completed without it), each per day since the referral; referrals per day since
    the first one. How uncertain these are is drawn too. Fewer than five persons who reached it
    (or, for an intake, were referred) say too little: then the value is None, as it is for a goal
    without a target number.

    Beside it, `open_referrals` are those of the remaining intake who have a name already, and
    `forecast` is the median result of the runs and where the middle 80 % of them lie. The seed is
    the definition's checksum, the valid day and the goal's id: the same question has
    the same answer. `n`: persons referred by the valid day. Pending: the active.
    Unknown: nobody.
    """
    aim = _aim(caseload, goal)
    of_aim = caseload.of(aim)
    end = of_aim.period(aim)[1]
    day = as_of.valid_on
    achieved = set(_figure(of_aim, aim, as_of).counted)
    journeys = _journeys(of_aim, aim, achieved, day)
    open_still = [it for it in journeys if it.days_left]
    active = {it.person_ref for it in open_still if it.enrolled}
    referrals = {it.person_ref for it in open_still if not it.enrolled}
    to_refer = max(0, (goal.intake or 0) - len(journeys)) if day < end else 0
    most = len(achieved) + len(open_still) + to_refer
    hazards = Hazards(
        person_days=sum(it.observed_days for it in journeys),
        reached=sum(it.reached for it in journeys),
        lost=sum(it.lost for it in journeys),
    )
    intake = Intake(
        to_refer=to_refer,
        referred=len(journeys),
        days_so_far=max((it.since_referral for it in journeys), default=0),
        days_left=max(0, (end - day).days),
        days_to_reach=max(0, ((aim.followed_until(end) or end) - day).days),
        is_aim=_is_of_referrals(aim),
    )
    undecided = aim.target is not None and len(achieved) < aim.target <= most
    results: list[int] = []
    if undecided and _is_enough(hazards, intake):
        # without the moment: what has nothing to do with the forecast must not change it
        draw = random.Random(f"{as_of.checksum} {day} {goal.id}")
        waiting = [Waiting(days=it.days_left, may_be_lost=not it.left) for it in open_still]
        more = simulated(draw, goal.runs, hazards, waiting, intake)
        results = sorted(len(achieved) + count for count in more)
    return Figure(
        **asdict(as_of),
        measure="M18",
        measure_version=VERSION,
        variant=goal.goal,
        value=_probability(aim.target, len(achieved), most, results),
        quantity="probability",
        n=len(journeys),
        pending=len(active),
        period=of_aim.period_as_given(aim),
        parameters={
            "goal": goal.goal,
            "target": aim.target,
            "intake": goal.intake,
            "runs": goal.runs,
            "least_successes": LEAST_SUCCESSES,
            **asdict(hazards),
        },
        counted=tuple(sorted(achieved)),
        parts=(
            part("achieved", achieved),
            part("active", active),
            part("open_referrals", referrals),
            Part(name="remaining_intake", value=len(referrals) + to_refer),
            Part(name="most_attainable", value=most),
            _forecast(results),
        ),
    )


def _aim(caseload: Caseload, goal: Forecast) -> Aim:
    for other in caseload.definition.goals:
        if other.id == goal.goal and isinstance(other, ReachedStage | EnteredEmployment):
            return other
    raise NotForecast(f"{goal.goal!r} is no goal measured by M01 or M04")


def _figure(caseload: Caseload, aim: Aim, as_of: AsOf) -> Figure:
    if isinstance(aim, ReachedStage):
        return reached_stage.measure(caseload, aim, as_of)
    return entered_employment.measure(caseload, aim, as_of)


def _is_of_referrals(aim: Aim) -> bool:
    return isinstance(aim, ReachedStage) and aim.stage == "referred"


def _is_enough(hazards: Hazards, intake: Intake) -> bool:
    enough_reached = intake.is_aim or hazards.reached >= LEAST_SUCCESSES
    return enough_reached and (intake.to_refer == 0 or intake.referred >= LEAST_SUCCESSES)


def _journeys(caseload: Caseload, aim: Aim, achieved: set[str], day: date) -> list[_Journey]:
    """Of everybody referred at or before the day, in the order of their names."""
    return [
        _journey(caseload, aim, person_ref, person, day, reached=person_ref in achieved)
        for person_ref, person in caseload.people.items()
        if any(fact.referred_on <= day for fact in person.enrolments)
    ]


def _journey(
    caseload: Caseload, aim: Aim, person_ref: str, person: PersonFacts, day: date, *, reached: bool
) -> _Journey:
    start, end = caseload.period(aim)
    known = [fact for fact in person.enrolments if fact.referred_on <= day]
    left_on = _left_on(known, day)
    came_on = _came_on(caseload, aim, person, start, day)
    after = timedelta(days=aim.days_after if isinstance(aim, EnteredEmployment) else 0)
    limit = min(left_on or end, end) + after
    if came_on is not None:
        limit = min(limit, came_on)
    referred_on = min(fact.referred_on for fact in known)
    return _Journey(
        person_ref=person_ref,
        enrolled=any(fact.start_on is not None and fact.start_on <= day for fact in known),
        since_referral=(day - referred_on).days + 1,
        observed_days=max(0, (min(limit, day) - referred_on).days),
        reached=reached,
        lost=not reached and left_on is not None and limit <= day,
        left=left_on is not None,
        days_left=0 if reached else max(0, (limit - day).days),
    )


def _left_on(known: Sequence[EnrolmentFact], day: date) -> date | None:
    """The day from which all the person's courses and referrals are over; None: not all are."""
    ends = [fact.declined_on or fact.withdrawn_on or exit_on(fact) for fact in known]
    over = [end_on for end_on in ends if end_on is not None and end_on <= day]
    return max(over) if len(over) == len(ends) else None


def _came_on(
    caseload: Caseload, aim: Aim, person: PersonFacts, start: date, day: date
) -> date | None:
    """The day on which what the aim counts came first; one before the period can't count again."""
    if isinstance(aim, EnteredEmployment):
        came = [job_on for job_on in entries(caseload, person) if job_on >= start]
    else:
        stages = [_STAGE_DAY[aim.stage](fact) for fact in person.enrolments]
        came = [stage_on for stage_on in stages if stage_on is not None]
    return min((came_on for came_on in came if came_on <= day), default=None)


_STAGE_DAY: Mapping[str, Callable[[EnrolmentFact], date | None]] = {
    "referred": lambda fact: fact.referred_on,
    "assessed": lambda fact: fact.first_assessed_on,
    "enrolled": lambda fact: fact.start_on,
    "started": lambda fact: fact.first_attended_on,
    "completed": lambda fact: fact.completed_on,
}


def _probability(
    target: int | None, achieved: int, most: int, results: Sequence[int]
) -> float | None:
    if target is None:
        return None
    if achieved >= target:
        return 1.0
    if most < target:
        return 0.0
    return sum(result >= target for result in results) / len(results) if results else None


def _forecast(results: Sequence[int]) -> Part:
    """The median of the results in order, between their first and last tenth."""
    if not results:
        return Part(name="forecast", value=None)
    tenth = len(results) // 10
    return Part(
        name="forecast",
        value=results[len(results) // 2],
        n=len(results),
        interval=Interval(results[tenth], results[-tenth - 1], LEVEL),
    )
