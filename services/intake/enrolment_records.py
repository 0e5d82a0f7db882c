"""What is recorded of an enrolment beside its steps: on which days it may be, and beside what."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeAlias, assert_never

from services.intake.events import (
    ActivityCompleted,
    AttendanceRecorded,
    ChallengeNoted,
    ConsentGiven,
    ConsentWithdrawn,
    EligibilityAssessed,
    EnrolmentEvent,
    LegalBasisRecorded,
    ProgressionMeasured,
    SupportBasisChanged,
)
from shared.clock import copenhagen_day
from shared.errors import FutureDate, InvalidField, NotPossible
from shared.fact_days import days_of_week

Record: TypeAlias = (
    LegalBasisRecorded
    | ConsentGiven
    | ConsentWithdrawn
    | AttendanceRecorded
    | ActivityCompleted
    | SupportBasisChanged
    | ProgressionMeasured
    | ChallengeNoted
)


def permit(
    event: Record, said: Sequence[EnrolmentEvent], referred_on: date, closed_on: date | None
) -> None:
    """Refuse what is unsound, what contradicts what has been said, and what lies outside the spell.

    What a person lives on, how they progress and which consent they take back may also be of days
    after the end: what happens then is the point of it.
    """
    match event:
        case (
            ActivityCompleted(completed_on=day)
            | ChallengeNoted(noted_on=day)
            | ConsentGiven(from_on=day)
        ):
            _refuse_outside(day, day, referred_on, closed_on)
        case ConsentWithdrawn():
            _refuse_unless_given(event, said)
        case AttendanceRecorded():
            _refuse_impossible_attendance(event)
            _refuse_outside(*days_of_week(event.week), referred_on, closed_on)
            if any(isinstance(it, AttendanceRecorded) and it.week == event.week for it in said):
                raise NotPossible("the week has other numbers already: correct them", "$.week")
        case SupportBasisChanged(from_on=from_on, to_on=to_on):
            if to_on is not None and to_on < from_on:
                raise NotPossible("the end lies before the start", "$.to_on")
        case ProgressionMeasured(measured_on=day):
            _refuse_scores(event)
            _refuse_outside(day, day, referred_on, None)
        case LegalBasisRecorded():
            pass
        case _:
            assert_never(event)


def about(event: EnrolmentEvent) -> object:
    """What an event speaks of: of two that speak of the same, the one recorded last holds."""
    match event:
        case EligibilityAssessed(assessed_on=day):
            return EligibilityAssessed, day
        case ConsentGiven(from_on=day) | ConsentWithdrawn(withdrawn_on=day):
            return ConsentGiven, event.purpose, frozenset(event.parties), day
        case LegalBasisRecorded(purpose=purpose, parties=parties):
            return LegalBasisRecorded, purpose, frozenset(parties)
        case SupportBasisChanged(from_on=day, source=source):
            return SupportBasisChanged, day, source
        case ProgressionMeasured(instrument=instrument, rater=rater, measured_on=day):
            return ProgressionMeasured, instrument, event.version, rater, day
        case _:
            return event


def refuse_future(event: EnrolmentEvent, at: datetime) -> None:
    """Refuse the attendance of a week that has not begun; all other days are days of commands."""
    today = copenhagen_day(at)
    if isinstance(event, AttendanceRecorded) and (monday := days_of_week(event.week)[0]) > today:
        raise FutureDate("$.week", monday, today)


def _refuse_outside(first: date, last: date, referred_on: date, closed_on: date | None) -> None:
    """Both are days of one thing; a week may reach beyond the spell, but not lie beyond it."""
    if last < referred_on:
        raise NotPossible(f"{last} lies before the referral, {referred_on}")
    if closed_on is not None and closed_on < first:
        raise NotPossible(f"{first} lies after the end, {closed_on}")


def _refuse_unless_given(event: ConsentWithdrawn, said: Sequence[EnrolmentEvent]) -> None:
    """A consent is taken back as it was given, for the same purpose and parties."""
    days: list[tuple[date, bool]] = []
    for it in said:
        match it:
            case ConsentGiven(from_on=day) | ConsentWithdrawn(withdrawn_on=day) if (
                it.purpose == event.purpose and set(it.parties) == set(event.parties)
            ):
                days.append((day, isinstance(it, ConsentGiven)))
    until_then = [item for item in days if item[0] <= event.withdrawn_on]
    # the last of the latest day: sorting keeps the order of recording
    if not until_then or not sorted(until_then, key=lambda item: item[0])[-1][1]:
        raise NotPossible(f"no such consent held on {event.withdrawn_on}")


def _refuse_impossible_attendance(event: AttendanceRecorded) -> None:
    if event.attended_days > event.planned_days:
        raise InvalidField(
            "$.attended_days", f"{event.attended_days} of {event.planned_days} planned days"
        )


def _refuse_scores(event: ProgressionMeasured) -> None:
    if not event.scores:
        raise InvalidField("$.scores", "nothing was measured")
    items = [score.item for score in event.scores]
    for index, item in enumerate(items):
        if item in items[:index]:
            raise InvalidField(f"$.scores[{index}].item", f"{item!r} has a score already")
