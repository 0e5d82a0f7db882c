"""Tiny programmes told in real events, folded as reporting folds them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from services.aftercare.events import AftercareOffered, FollowUpCompleted
from services.intake.events import (
    EligibilityAssessed,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    ParticipationStarted,
)
from services.intake.events.definition import (
    Aftercare,
    Codes,
    CountedEmployment,
    Definition,
    Period,
    Phase,
    Site,
    checksum_of,
)
from services.intake.events.goals import EnteredEmployment, Goal, ReachedStage, Retention, Text
from services.placement.events import (
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PracticeStarted,
    WageHoursBegan,
    WageHoursEnded,
    WageHoursReported,
)
from services.reporting.caseload import Caseload, gather
from services.reporting.facts import FOLDS
from services.reporting.figure import AsOf
from shared.envelope import Envelope, Event, Recorded
from shared.facts import Fact

F = TypeVar("F", bound=Fact)

PROGRAMME = "havnen"
WORDS = Text(da="ord", en="words")

REFERRED = ReachedStage(id="referred", title=WORDS, target=3, stage="referred")
JOBS = EnteredEmployment(id="jobs", title=WORDS, target=2, denominator="enrolled")
RETAINED = Retention(id="retained", title=WORDS, target_share=0.5, months=3)

DEFINITION = Definition(
    key=PROGRAMME,
    version=1,
    name=WORDS,
    effective_from=date(2022, 1, 1),
    period=Period(start="2022-01", end="2022-12"),
    goal_window="P3M",
    late_after_days=60,
    sites=(Site(id="kajen", name=WORDS),),
    phases=(Phase(id="second", name=WORDS, period=Period(start="2022-07", end="2022-12")),),
    codes=Codes(
        target_groups=(),
        benefits=(),
        referrers=(),
        sectors=(),
        reasons=(),
        destinations=(),
        criteria=(),
    ),
    counted_employment=CountedEmployment(small_job_minutes=300),
    aftercare=Aftercare(touchpoints=(), grace_days=14),
    goals=(REFERRED, JOBS, RETAINED),
    assumed=(),
)


def basis(definition: Definition, moment: str, valid_on: date) -> AsOf:
    """What a figure of this definition names."""
    return AsOf(
        programme=definition.key,
        moment=moment,
        valid_on=valid_on,
        definition_version=definition.version,
        checksum=checksum_of(definition),
    )


def on(text: str) -> date:
    """A day of 2022, as "04-27", or a whole date."""
    return date.fromisoformat(text if len(text) == 10 else f"2022-{text}")


def with_goals(*goals: Goal) -> Definition:
    return msgspec.structs.replace(DEFINITION, goals=goals)


def folded(service: str, entity: str, entity_id: str, *events: Event) -> list[Fact]:
    """The facts of one entity after these events."""
    return list(FOLDS[service, entity](entity_id, recorded(service, entity, entity_id, events)))


def of_kind(kind: type[F], facts: Sequence[Fact]) -> list[F]:
    """The facts of one kind."""
    return [fact for fact in facts if isinstance(fact, kind)]


def the(kind: type[F], facts: Sequence[Fact]) -> F:
    """The one fact of a kind."""
    [fact] = of_kind(kind, facts)
    return fact


def recorded(
    service: str,
    entity: str,
    entity_id: str,
    events: Sequence[Event],
    *,
    first: int = 1,
    registered: str = "2023-06-01",
    flags: str = "",
    late_reason: str = "",
) -> list[Recorded]:
    """The events as a reader of the stream reads them, from a position on."""
    at = datetime.combine(on(registered), datetime.min.time(), UTC)
    return [
        Recorded(
            service.upper(),
            position,
            at,
            Envelope(
                id=f"{entity_id}-{position}",
                source=f"/sluse/{service}",
                type=type(event).__name__,
                subject=f"{service}.{entity}.{entity_id}",
                time=at,
                data=Raw(msgspec.json.encode(event)),
                commandid="c",
                commanddigest="d",
                correlationid="c",
                causationid="c",
                actor="a",
                flags=flags,
                latereason=late_reason,
            ),
            event,
        )
        for position, event in enumerate(events, start=first)
    ]


def referral(
    person: str, referred: str = "01-03", programme: str = PROGRAMME, site: str = "kajen"
) -> Event:
    return ParticipantReferred(
        programme=programme,
        person_ref=person,
        site=site,
        referred_by="job_centre",
        target_group="job_ready",
        benefit="cash",
        referred_on=on(referred),
    )


def agreement(
    person: str,
    company: str = "brod",
    spell: int = 1,
    opening: str | None = None,
    programme: str = PROGRAMME,
) -> Event:
    return PlacementAgreed(
        enrolment=f"{person}-e{spell}",
        person_ref=person,
        programme=programme,
        company=company,
        opening=opening,
        purpose="training",
    )


def enrolment(
    person: str,
    *events: Event,
    referred: str = "01-03",
    spell: int = 1,
    programme: str = PROGRAMME,
    site: str = "kajen",
) -> list[Fact]:
    """A person's enrolment number `spell`: a referral and what came after it."""
    referred_to = referral(person, referred, programme, site)
    return folded("intake", "enrolment", f"{person}-e{spell}", referred_to, *events)


def placement(
    person: str,
    *events: Event,
    company: str = "brod",
    spell: int = 1,
    opening: str | None = None,
) -> list[Fact]:
    """A person's placement at a company: an agreement and what came after it."""
    agreed = agreement(person, company, spell, opening)
    return folded("placement", "placement", f"{person}-{company}", agreed, *events)


def aftercare(person: str, *events: Event, anchor: str, company: str = "brod") -> list[Fact]:
    """A person's aftercare for the job at a company: an offer and what came after it."""
    offer = AftercareOffered(
        placement=f"{person}-{company}",
        enrolment=f"{person}-e1",
        person_ref=person,
        programme=PROGRAMME,
        company=company,
        offered_on=on(anchor),
        anchor_on=on(anchor),
    )
    return folded("aftercare", "plan", f"{person}-{company}-plan", offer, *events)


def caseload(*parts: Sequence[Fact], definition: Definition = DEFINITION) -> Caseload:
    return gather(definition, [fact for part in parts for fact in part])


def as_of(day: str, definition: Definition = DEFINITION) -> AsOf:
    return basis(definition, "i1.p1.a1", on(day))


def assessed(day: str, outcome: str = "eligible") -> Event:
    return msgspec.convert(
        {"assessed_on": on(day), "criteria": (), "outcome": outcome}, EligibilityAssessed
    )


def enrolled(day: str, planned_end: str | None = None) -> Event:
    return ParticipantEnrolled(
        start_on=on(day), planned_end_on=None if planned_end is None else on(planned_end)
    )


def began(day: str) -> Event:
    return ParticipationStarted(first_attended_on=on(day))


def never_started(day: str) -> Event:
    return ParticipationNeverStarted(decided_on=on(day), reason="no_show")


def dropped_out(day: str) -> Event:
    return ParticipantDroppedOut(end_on=on(day), reason="moved", destination="unknown")


def transferred(day: str, to: str, linked: str) -> Event:
    return ParticipantTransferred(
        transferred_on=on(day), to_programme=to, linked_enrolment=linked, clock_carried=False
    )


def completed(day: str) -> Event:
    return ParticipantCompleted(end_on=on(day), destination="job")


def practice(day: str, wage_hours: str = "unknown", planned_end: str = "12-31") -> Event:
    return msgspec.convert(
        {"start_on": on(day), "planned_end_on": on(planned_end), "wage_hours": wage_hours},
        PracticeStarted,
    )


def wage_hours(day: str, minutes: int = 300) -> Event:
    return WageHoursBegan(from_on=on(day), weekly_minutes=minutes)


def wage_hours_ended(day: str) -> Event:
    return WageHoursEnded(end_on=on(day))


def hours_reported(first: str, last: str, minutes: int) -> Event:
    return WageHoursReported(
        from_on=on(first), to_on=on(last), wage_minutes=minutes, evidence="payslip"
    )


def job(day: str, kind: str = "full_time", minutes: int = 2220) -> Event:
    return msgspec.convert(
        {"kind": kind, "start_on": on(day), "weekly_minutes": minutes, "open_ended": True},
        EmploymentStarted,
    )


def job_ended(day: str) -> Event:
    return EmploymentEnded(end_on=on(day), reason="other", initiated_by="unknown")


def follow_up(day: str, state: str, touchpoint: str | None = None, party: str = "citizen") -> Event:
    return msgspec.convert(
        {
            "party": party,
            "channel": "phone",
            "held_on": on(day),
            "employment_state": state,
            "touchpoint": touchpoint,
        },
        FollowUpCompleted,
    )
