"""What is registered of a journey (registrering): its commands, with the codes of the programme."""

from datetime import timedelta

from services.intake.enrolment_commands import (
    AssessEligibility,
    CompleteParticipant,
    DeclineReferral,
    DropOutParticipant,
    EnrolParticipant,
    RecordNeverStarted,
    ReferParticipant,
    StartParticipation,
)
from services.intake.events import Criterion
from services.intake.person import RegisterPerson
from shared.command import Command
from sluse.simulation.chance import chosen
from sluse.simulation.clerk import Clerk, registered_at
from sluse.simulation.journey import Journey, Practice
from sluse.simulation.registering_aftercare import followed_up, troubled
from sluse.simulation.registering_placement import employed, paid_hours, placed
from sluse.simulation.setting import any_of, at, meaning, valid

DECLINED, NEVER_STARTED, DROPPED_OUT = 0, 4, 5
"""Places in the list of reasons, as `sluse programme new` writes it."""

TO_A_JOB = ("job", "neither")
TO_NOTHING = ("neither", "unknown")


def commands_of(clerk: Clerk, journey: Journey) -> None:
    """Register all of a journey."""
    enrolled = _entry(clerk, journey)
    if enrolled is None or journey.practice is None or journey.first_attended_on is None:
        return
    started = clerk.register(
        StartParticipation(
            command_id=clerk.name("StartParticipation"),
            enrolment=clerk.id("enrolment"),
            first_attended_on=journey.first_attended_on,
        ),
        "enrolment",
        enrolled,
    )
    agreed = placed(clerk, journey.practice, enrolled)
    _exit(clerk, journey, journey.practice, started)
    if journey.practice.wage_hours is not None:
        paid_hours(clerk, journey.practice.wage_hours, agreed)
    if journey.job is not None:
        working = employed(clerk, journey.job, agreed)
        followed_up(clerk, journey, journey.job, working)
    for number, problem in enumerate(journey.problems):
        troubled(clerk, f"problem-{number}", problem, agreed)


def _entry(clerk: Clerk, journey: Journey) -> Command | None:
    """Up to the enrolment; None if there is none."""
    day, codes = journey.referred_on, clerk.setting.definition.codes
    draws = clerk.setting.draws(clerk.whom, "who it is")
    sites = clerk.setting.definition.sites
    referred = clerk.register(
        ReferParticipant(
            command_id=clerk.name("ReferParticipant"),
            enrolment=clerk.id("enrolment"),
            programme=clerk.setting.definition.key,
            person_ref=clerk.id("person"),
            site=chosen(draws, sites).id if sites else None,
            referred_by=any_of(draws, codes.referrers, day),
            target_group=any_of(draws, codes.target_groups, day),
            benefit=any_of(draws, codes.benefits, day),
            referred_on=day,
        ),
        "enrolment",
    )
    person = RegisterPerson(
        command_id=clerk.name("RegisterPerson"),
        person_ref=clerk.id("person"),
        birth_year=day.year - draws.randint(18, 62),
    )
    clerk.put(person, registered_at(referred) - timedelta(minutes=1))
    assessed_on = day + (journey.settled_on - day) // 2
    assessed = clerk.register(
        AssessEligibility(
            command_id=clerk.name("AssessEligibility"),
            enrolment=clerk.id("enrolment"),
            assessed_on=assessed_on,
            criteria=tuple(
                Criterion(term.code, "yes" if journey.accepted or number else "no")
                for number, term in enumerate(valid(codes.criteria, assessed_on))
            ),
            outcome="eligible" if journey.accepted else "not_eligible",
        ),
        "enrolment",
        referred,
    )
    return _settled(clerk, journey, assessed)


def _settled(clerk: Clerk, journey: Journey, assessed: Command) -> Command | None:
    reasons = clerk.setting.definition.codes.reasons
    enrolment, day = clerk.id("enrolment"), journey.settled_on
    if not journey.accepted:
        declined = DeclineReferral(
            command_id=clerk.name("DeclineReferral"),
            enrolment=enrolment,
            declined_on=day,
            reason=at(reasons, DECLINED, day),
        )
        clerk.register(declined, "enrolment", assessed)
        return None
    enrolled = clerk.register(
        EnrolParticipant(
            command_id=clerk.name("EnrolParticipant"), enrolment=enrolment, start_on=day
        ),
        "enrolment",
        assessed,
    )
    if journey.never_started_on is not None:
        never = RecordNeverStarted(
            command_id=clerk.name("RecordNeverStarted"),
            enrolment=enrolment,
            decided_on=journey.never_started_on,
            reason=at(reasons, NEVER_STARTED, journey.never_started_on),
        )
        clerk.register(never, "ends", enrolled)
    return enrolled


def _exit(clerk: Clerk, journey: Journey, practice: Practice, started: Command) -> None:
    codes, day = clerk.setting.definition.codes, practice.end_on
    kinds = TO_NOTHING if journey.job is None else TO_A_JOB
    destination = meaning(codes.destinations, kinds, day)
    over: Command
    if practice.dropped_out:
        over = DropOutParticipant(
            command_id=clerk.name("DropOutParticipant"),
            enrolment=clerk.id("enrolment"),
            end_on=day,
            reason=at(codes.reasons, DROPPED_OUT, day),
            destination=destination,
        )
    else:
        over = CompleteParticipant(
            command_id=clerk.name("CompleteParticipant"),
            enrolment=clerk.id("enrolment"),
            end_on=day,
            destination=destination,
        )
    clerk.register(over, "ends", started)
