"""What is true of the course of an enrolment: pauses, attendance, activities, support, progress."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypedDict

from msgspec import Struct

from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ParticipantReferred,
    ParticipationPaused,
    ParticipationResumed,
    ProgressionMeasured,
    SupportBasisChanged,
)
from services.reporting.enrolment_facts import referral_of
from shared.envelope import Event, Recorded
from shared.errors import InvalidField
from shared.fact_days import days_of_week
from shared.facts import Fact


class PauseFact(Fact, frozen=True, kw_only=True):
    """The course rested from the one day until the day on which it went on (not included)."""

    enrolment: str
    person_ref: str
    programme: str
    from_on: date
    until_on: date | None = None


class AttendanceFact(Fact, frozen=True, kw_only=True):
    """One ISO week's planned and attended days (mødestabilitet), by its Monday."""

    enrolment: str
    person_ref: str
    programme: str
    week_from: date
    planned_days: int
    attended_days: int


class ActivityFact(Fact, frozen=True, kw_only=True):
    """An activity of the course is done."""

    enrolment: str
    person_ref: str
    programme: str
    kind: str
    completed_on: date


class SupportFact(Fact, frozen=True, kw_only=True):
    """What the person lived on, both days included; without a benefit: no public benefit.

    What was said of a later day ends the one before on the day before it; of one day, what was
    said last holds. The benefit of the referral (source `referral`) holds from `referred_on` until
    something else was said.
    """

    enrolment: str
    person_ref: str
    programme: str
    benefit: str | None = None
    from_on: date
    to_on: date | None = None
    source: str


class ScoreFact(Fact, frozen=True, kw_only=True):
    """One item's score at one measurement of progress.

    Of two by the same version of an instrument and the same rater role on one day, the measurement
    recorded last holds.
    """

    enrolment: str
    person_ref: str
    programme: str
    instrument: str
    version: int
    item: str
    score: int
    rater: str
    measured_on: date


class _Whose(TypedDict):
    enrolment: str
    person_ref: str
    programme: str


def fold(enrolment: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """Everything that was said of the course; nothing without a referral."""
    events = [recorded.event for recorded in history]
    referral = referral_of(events)
    if referral is None:
        return []
    whose = _Whose(
        enrolment=enrolment, person_ref=referral.person_ref, programme=referral.programme
    )
    return [
        *_pauses(events, whose),
        *_attendances(events, whose),
        *_activities(events, whose),
        *_supports(referral, events, whose),
        *_scores(events, whose),
    ]


def _pauses(events: Iterable[Event], whose: _Whose) -> Iterable[PauseFact]:
    steps: list[tuple[date, bool]] = []
    for event in events:
        match event:
            case ParticipationPaused(from_on=day):
                steps.append((day, True))
            case ParticipationResumed(from_on=day):
                steps.append((day, False))
    paused_on: date | None = None
    for day, pauses in sorted(steps, key=lambda step: step[0]):
        if pauses:
            paused_on = paused_on or day
        elif paused_on is not None:
            yield PauseFact(**whose, from_on=paused_on, until_on=day)
            paused_on = None
    if paused_on is not None:
        yield PauseFact(**whose, from_on=paused_on)


def _attendances(events: Iterable[Event], whose: _Whose) -> Iterable[AttendanceFact]:
    weeks: dict[date, AttendanceFact] = {}
    for event in events:
        match event:
            case AttendanceRecorded(week=week) if (days := days_of(week)) is not None:
                weeks[days[0]] = AttendanceFact(
                    **whose,
                    week_from=days[0],
                    planned_days=event.planned_days,
                    attended_days=event.attended_days,
                )
    return weeks.values()


def days_of(week: str) -> tuple[date, date] | None:
    """Monday and Sunday of an ISO week; None if no calendar has it: a fold refuses nothing."""
    try:
        return days_of_week(week)
    except InvalidField:
        return None


def _activities(events: Iterable[Event], whose: _Whose) -> Iterable[ActivityFact]:
    for event in events:
        match event:
            case ActivityCompleted(kind=kind, completed_on=day):
                yield ActivityFact(**whose, kind=kind, completed_on=day)


class _Support(Struct, frozen=True):
    benefit: str | None
    to_on: date | None
    source: str


def _supports(
    referral: ParticipantReferred, events: Iterable[Event], whose: _Whose
) -> Iterable[SupportFact]:
    said = {referral.referred_on: _Support(referral.benefit, None, "referral")}
    for event in events:
        match event:
            case SupportBasisChanged(from_on=day):
                said[day] = _Support(event.benefit, event.to_on, event.source)
    return _in_turn(said, whose)


def _in_turn(said: Mapping[date, _Support], whose: _Whose) -> Iterable[SupportFact]:
    days = sorted(said)
    for day, next_day in zip(days, [*days[1:], None], strict=True):
        support = said[day]
        until = date.max if next_day is None else next_day - timedelta(days=1)
        last_on = min(support.to_on or date.max, until)
        yield SupportFact(
            **whose,
            benefit=support.benefit,
            from_on=day,
            to_on=None if last_on == date.max else last_on,
            source=support.source,
        )


def _scores(events: Iterable[Event], whose: _Whose) -> Iterable[ScoreFact]:
    measured: dict[tuple[date, str, int, str], ProgressionMeasured] = {}
    for event in events:
        match event:
            case ProgressionMeasured(measured_on=day):
                measured[day, event.instrument, event.version, event.rater] = event
    for event in measured.values():
        for score in event.scores:
            yield ScoreFact(
                **whose,
                instrument=event.instrument,
                version=event.version,
                item=score.item,
                score=score.score,
                rater=event.rater,
                measured_on=event.measured_on,
            )
