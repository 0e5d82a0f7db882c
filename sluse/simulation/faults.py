"""What goes wrong at the desk (fejl): slips that are corrected, rows that are refused, doubles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.aftercare import plan
from services.aftercare.plan_commands import CompleteFollowUp
from services.aftercare.problem import RaiseProblem
from services.intake import enrolment_commands
from services.intake.enrolment_commands import ReferParticipant, WithdrawReferral
from services.intake.person import MergePersons, RegisterPerson
from services.placement import placement
from services.placement.placement_commands import (
    BeginWageHours,
    EndEmployment,
    ReportWageHours,
    StartPractice,
)
from shared.command import Command, said_by
from shared.correction.commands import CorrectEvent, RetractEvent
from shared.envelope import Event
from shared.fact_days import fact_days
from sluse.simulation.chance import chosen, happens
from sluse.simulation.clerk import Clerk, registered, registered_at
from sluse.simulation.entities import event_id, subject
from sluse.simulation.setting import Setting, at

EVENT_OF: Mapping[type[Command], type[Event]] = {
    **enrolment_commands.EVENT_OF,
    **placement.EVENT_OF,
    **plan.EVENT_OF,
}

WITHDRAWN = 2
"""Its place in the list of reasons, as `sluse programme new` writes it."""


class Row(Struct, frozen=True, kw_only=True):
    """One row of what is sent: the command's JSON; `refused`: the code it is to be refused with."""

    command: Command
    body: bytes
    refused: str | None = None


def slipped(command: Command, draws: Random) -> Command | None:
    """The command with a slip of the pen that the rules let pass; None where we know of none."""
    match command:
        case ReferParticipant(referred_on=day):
            return replace(command, referred_on=day - timedelta(days=draws.randint(1, 30)))
        case StartPractice(wage_hours="none"):
            return replace(command, wage_hours="agreed")
        case BeginWageHours(weekly_minutes=minutes):
            return replace(command, weekly_minutes=minutes + 50)  # no step there is
        case ReportWageHours(wage_minutes=minutes):
            return replace(command, wage_minutes=minutes * draws.choice((2, 10)) + 60)
        case EndEmployment(initiated_by="citizen"):
            return replace(command, initiated_by="company")
        case CompleteFollowUp(channel="phone"):
            return replace(command, channel="visit")
    return None


def with_faults(clerk: Clerk) -> Iterator[Row]:
    """The rows of one person, the faults among them."""
    setting = clerk.setting
    double = _registered_twice(clerk)
    for command in (*clerk.commands, *double):
        draws = setting.draws(clerk.whom, f"fault {command.command_id}")
        said = _corrected(command, draws, setting) or _retracted(command, draws, setting)
        for each in said or [command]:
            yield row(each)
        if happens(draws, setting.parameters.faults.bad_rows):
            yield spoilt(command, draws)


def row(command: Command) -> Row:
    """As it is."""
    return Row(command=command, body=msgspec.json.encode(command))


def _corrected(command: Command, draws: Random, setting: Setting) -> list[Command]:
    """The slip, and once somebody has found out, what it should have been."""
    of = setting.parameters
    if not happens(draws, of.faults.corrections):
        return []
    wrong = slipped(command, draws)
    found_out_at = registered_at(command) + timedelta(
        days=draws.randint(*of.assumed.corrected_after_days)
    )
    if wrong is None:
        return []
    right = said_by(command, EVENT_OF[type(command)])
    correction = CorrectEvent(
        command_id=f"{command.command_id}.correct",
        subject=subject(command),
        event_id=event_id(command),
        data=cast("dict[str, Any]", msgspec.to_builtins(right)),
        reason="typing_error",
    )
    return [
        registered(wrong, registered_at(command), setting),
        registered(correction, found_out_at, setting),
    ]


def _retracted(command: Command, draws: Random, setting: Setting) -> list[Command]:
    """The command, and another that was meant for somebody else and is taken back."""
    of = setting.parameters
    if not happens(draws, of.faults.retractions):
        return []
    found_out_at = registered_at(command) + timedelta(
        days=draws.randint(*of.assumed.corrected_after_days)
    )
    name = f"{command.command_id}.mistaken"
    mistaken: Command
    match command:
        case ReportWageHours(wage_minutes=minutes):
            mistaken = replace(command, command_id=name, wage_minutes=minutes + 45)
        case RaiseProblem():
            mistaken = replace(command, command_id=name, problem=setting.id(name))
        case _:
            return []
    retraction = RetractEvent(
        command_id=f"{name}.retract",
        subject=subject(mistaken),
        event_id=event_id(mistaken),
        reason="wrong_person",
    )
    return [command, mistaken, registered(retraction, found_out_at, setting)]


def is_registered_twice(setting: Setting, whom: str) -> tuple[bool, bool]:
    """Whether a person has two records, and whether somebody will find out and merge them."""
    draws, of = setting.draws(whom, "registered twice"), setting.parameters.faults
    return happens(draws, of.registered_twice), happens(draws, of.merged_later)


def _registered_twice(clerk: Clerk) -> Sequence[Command]:
    """A second record and its referral; once found out it is withdrawn and merged into the first."""
    twice, merged = is_registered_twice(clerk.setting, clerk.whom)
    referral = next(it for it in clerk.commands if isinstance(it, ReferParticipant))
    if not twice:
        return ()
    draws = clerk.setting.draws(clerk.whom, "second record")
    again = Clerk(clerk.setting, clerk.whom)
    referred_at = registered_at(referral) + timedelta(days=draws.randint(1, 10))
    person_ref, enrolment = clerk.id("second-person"), clerk.id("second-enrolment")
    again.put(
        RegisterPerson(command_id=clerk.name("RegisterPerson-second"), person_ref=person_ref),
        referred_at - timedelta(minutes=1),
    )
    again.put(
        replace(
            referral,
            command_id=clerk.name("ReferParticipant-second"),
            enrolment=enrolment,
            person_ref=person_ref,
        ),
        referred_at,
    )
    if merged:
        merged_at = referred_at + timedelta(
            days=draws.randint(*clerk.setting.parameters.assumed.merged_after_days)
        )
        reasons = clerk.setting.definition.codes.reasons
        day = merged_at.date()
        again.put(
            WithdrawReferral(
                command_id=clerk.name("WithdrawReferral-second"),
                enrolment=enrolment,
                withdrawn_on=day,
                reason=at(reasons, WITHDRAWN, day),
            ),
            merged_at,
        )
        again.put(
            MergePersons(
                command_id=clerk.name("MergePersons"),
                person_ref=clerk.id("person"),
                merged_ref=person_ref,
                evidence="same_identity",
            ),
            merged_at + timedelta(minutes=5),
        )
    return again.commands


Spoil = Callable[[dict[str, Any], Command], str]


def spoilt(command: Command, draws: Random) -> Row:
    """A copy of a command, as a hasty export would write it, and what it is to be refused with."""
    content: dict[str, Any] = msgspec.to_builtins(command)
    content["command_id"] += ".bad"
    ways: list[Spoil] = [_with_unknown_field, _without_a_field, _with_an_identity]
    if fact_days(command):
        ways.append(_in_the_future)
    code = chosen(draws, ways)(content, command)
    return Row(command=command, body=msgspec.json.encode(content), refused=code)


def _with_unknown_field(content: dict[str, Any], command: Command) -> str:
    content["remark"] = "see the other sheet"
    return "INVALID_FIELD"


def _without_a_field(content: dict[str, Any], command: Command) -> str:
    del content["command_id"]
    return "INVALID_FIELD"


def _with_an_identity(content: dict[str, Any], command: Command) -> str:
    content["command_id"] = f"{content['command_id']}.010190-1234"
    return "PII_IN_EVENT"


def _in_the_future(content: dict[str, Any], command: Command) -> str:
    path, _ = fact_days(command)[0]
    content[path.removeprefix("$.")] = "2190-01-01"
    return "FUTURE_DATE"
