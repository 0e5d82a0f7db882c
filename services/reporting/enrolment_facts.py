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
    benefit: str
    referred_on: date
    first_assessed_on: date | None = None
    last_assessed_on: date | None = None
    eligible: bool | None = None
    declined_on: date | None = None
    withdrawn_on: date | None = None
    start_on: date | None = None
    first_attended_on: date | None = None
    never_started_on: date | None = None
    dropped_out_on: date | None = None
    completed_on: date | None = None
    reason: str | None = None
    destination: str | None = None


def fold(enrolment: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The enrolment as it stands; nothing before its referral."""
    fact: EnrolmentFact | None = None
    for recorded in history:
        match recorded.event:
            case ParticipantReferred() as event:
                fact = EnrolmentFact(
                    enrolment=enrolment,
                    programme=event.programme,
                    person_ref=event.person_ref,
                    site=event.site,
                    target_group=event.target_group,
                    benefit=event.benefit,
                    referred_on=event.referred_on,
                )
            case event if fact is not None:
                fact = _after(fact, event)
    return [] if fact is None else [fact]


def _after(fact: EnrolmentFact, event: Event) -> EnrolmentFact:
    match event:
        case EligibilityAssessed(assessed_on=day, outcome=outcome):
            return _assessed(fact, day, eligible=outcome == "eligible")
        case ReferralDeclined(declined_on=day, reason=reason):
            return replace(fact, declined_on=day, reason=reason)
        case ReferralWithdrawn(withdrawn_on=day, reason=reason):
            return replace(fact, withdrawn_on=day, reason=reason)
        case ParticipantEnrolled(start_on=day):
            return replace(fact, start_on=day)
        case ParticipationStarted(first_attended_on=day):
            return replace(fact, first_attended_on=day)
        case ParticipationNeverStarted(decided_on=day, reason=reason):
            return replace(fact, never_started_on=day, reason=reason)
        case ParticipantDroppedOut(end_on=day, reason=reason, destination=destination):
            return replace(fact, dropped_out_on=day, reason=reason, destination=destination)
        case ParticipantCompleted(end_on=day, destination=destination):
            return replace(fact, completed_on=day, destination=destination)
    return fact


def _assessed(fact: EnrolmentFact, day: date, *, eligible: bool) -> EnrolmentFact:
    fact = replace(fact, first_assessed_on=min(fact.first_assessed_on or day, day))
    if fact.last_assessed_on is not None and day < fact.last_assessed_on:
        return fact  # an older assessment, registered late, overrules nothing
    return replace(fact, last_assessed_on=day, eligible=eligible)
