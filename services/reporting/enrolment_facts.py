"""What is true of an enrolment: the days of its stages, from referral to end."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from services.intake.events import (
    EligibilityAssessed,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    ParticipationStarted,
    ReferralDeclined,
    ReferralWithdrawn,
)
from shared.envelope import Event, Recorded
from shared.facts import Fact


class EnrolmentFact(Fact, frozen=True, kw_only=True):
    """One enrolment (forløb), declined and withdrawn referrals too; a day is set once it came.

    `eligible` is what the last assessment said, of several that day the one recorded last.
    """

    enrolment: str
    programme: str
    person_ref: str
    site: str | None = None
    target_group: str
    benefit: str | None
    referred_on: date
    first_assessed_on: date | None = None
    last_assessed_on: date | None = None
    eligible: bool | None = None
    declined_on: date | None = None
    withdrawn_on: date | None = None
    start_on: date | None = None
    planned_end_on: date | None = None
    previous_enrolment: str | None = None
    first_attended_on: date | None = None
    never_started_on: date | None = None
    dropped_out_on: date | None = None
    completed_on: date | None = None
    transferred_on: date | None = None
    to_programme: str | None = None
    linked_enrolment: str | None = None
    clock_carried: bool | None = None
    reason: str | None = None
    destination: str | None = None


def fold(enrolment: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The enrolment as it stands; nothing without a referral."""
    events = [recorded.event for recorded in history]
    referral = referral_of(events)
    if referral is None:
        return []
    fact = EnrolmentFact(
        enrolment=enrolment,
        programme=referral.programme,
        person_ref=referral.person_ref,
        site=referral.site,
        target_group=referral.target_group,
        benefit=referral.benefit,
        referred_on=referral.referred_on,
    )
    for event in events:
        fact = _after(fact, event)
    return [fact]


def referral_of(events: Iterable[Event]) -> ParticipantReferred | None:
    """What the enrolment began with; without it nobody knows whose it is."""
    return next((event for event in events if isinstance(event, ParticipantReferred)), None)


def _after(fact: EnrolmentFact, event: Event) -> EnrolmentFact:
    match event:
        case EligibilityAssessed(assessed_on=day, outcome=outcome):
            return _assessed(fact, day, eligible=outcome == "eligible")
        case ReferralDeclined(declined_on=day, reason=reason):
            return replace(fact, declined_on=day, reason=reason)
        case ReferralWithdrawn(withdrawn_on=day, reason=reason):
            return replace(fact, withdrawn_on=day, reason=reason)
        case ParticipantEnrolled(start_on=day):
            return replace(
                fact,
                start_on=day,
                planned_end_on=event.planned_end_on,
                previous_enrolment=event.previous_enrolment,
            )
        case ParticipationStarted(first_attended_on=day):
            return replace(fact, first_attended_on=day)
        case ParticipationNeverStarted(decided_on=day, reason=reason):
            return replace(fact, never_started_on=day, reason=reason)
        case ParticipantDroppedOut(end_on=day, reason=reason, destination=destination):
            return replace(fact, dropped_out_on=day, reason=reason, destination=destination)
        case ParticipantCompleted(end_on=day, destination=destination):
            return replace(fact, completed_on=day, destination=destination)
        case ParticipantTransferred(transferred_on=day):
            return replace(
                fact,
                transferred_on=day,
                to_programme=event.to_programme,
                linked_enrolment=event.linked_enrolment,
                clock_carried=event.clock_carried,
            )
    return fact


def _assessed(fact: EnrolmentFact, day: date, *, eligible: bool) -> EnrolmentFact:
    fact = replace(fact, first_assessed_on=min(fact.first_assessed_on or day, day))
    if fact.last_assessed_on is not None and day < fact.last_assessed_on:
        return fact  # an older assessment, registered late, overrules nothing
    return replace(fact, last_assessed_on=day, eligible=eligible)
