"""The five kinds of file: what a row may say, and the commands that it comes to."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import Struct

from services.aftercare.plan_commands import CompleteFollowUp
from services.intake.enrolment_commands import (
    AssessEligibility,
    CompleteParticipant,
    DeclineReferral,
    DropOutParticipant,
    EnrolParticipant,
    RecordNeverStarted,
    ReferParticipant,
    StartParticipation,
    WithdrawReferral,
)
from services.intake.person import RegisterPerson
from services.placement.company_commands import (
    LinkCompany,
    RecordCooperationLevel,
    RegisterCompany,
    SignAgreement,
)
from services.placement.opening import ReportOpening, WithdrawOpening
from services.placement.placement_commands import ReportWageHours
from shared.command import Command
from sluse.importing.forms import (
    Form,
    codes,
    day,
    digits,
    entity,
    instant,
    minutes,
    text,
    text_or_none,
    whole,
    yes_no,
)


class Step(Struct, frozen=True):
    """A command that a row comes to, if it says `when` (None: in any case).

    `named`: the command's fields that are called otherwise in a row.
    """

    command: type[Command]
    when: str | None = None
    named: Mapping[str, str] = {}

    def field(self, name: str) -> str:
        """What a row calls a field of the command."""
        return self.named.get(name, name)


class Kind(Struct, frozen=True):
    """`forms`: the fields of a row; `key`: the one that is a number of the source's own."""

    name: str
    key: str
    forms: Mapping[str, Form]
    steps: tuple[Step, ...]


COMPANY: Mapping[str, Form] = {"cvr": digits, "p_number": digits}
ALWAYS: Mapping[str, Form] = {"programme": entity, "registered_at": instant}

PEOPLE = Kind(
    name="people",
    key="case_number",
    forms={
        **ALWAYS,
        "case_number": text,
        "spell": text,
        "birth_year": whole,
        "area": text,
        "site": text,
        "referred_by": text,
        "target_group": text,
        "benefit": text_or_none,
        "referred_on": day,
        "assessed_on": day,
        "eligibility": text,
        "declined_on": day,
        "withdrawn_on": day,
        "start_on": day,
        "planned_end_on": day,
        "first_attended_on": day,
        "never_started_on": day,
        "completed_on": day,
        "dropped_out_on": day,
        "reason": text,
        "destination": text,
    },
    steps=(
        Step(RegisterPerson),
        Step(ReferParticipant, "referred_on"),
        Step(AssessEligibility, "assessed_on", {"outcome": "eligibility"}),
        Step(DeclineReferral, "declined_on"),
        Step(WithdrawReferral, "withdrawn_on"),
        Step(EnrolParticipant, "start_on"),
        Step(StartParticipation, "first_attended_on"),
        Step(RecordNeverStarted, "never_started_on", {"decided_on": "never_started_on"}),
        Step(CompleteParticipant, "completed_on", {"end_on": "completed_on"}),
        Step(DropOutParticipant, "dropped_out_on", {"end_on": "dropped_out_on"}),
    ),
)

COMPANIES = Kind(
    name="companies",
    key="",  # the number of the company itself, which is public
    forms={
        **ALWAYS,
        **COMPANY,
        "name": text,
        "sector": text,
        "area": text,
        "employees": whole,
        "link": text,
        "linked_to": text,
        "linked_on": day,
        "level": whole,
        "level_on": day,
        "is_baseline": yes_no,
        "agreement": text,
        "agreement_parties": codes,
        "agreement_from_on": day,
        "agreement_to_on": day,
    },
    steps=(
        Step(RegisterCompany),
        Step(LinkCompany, "link", {"whom": "linked_to", "from_on": "linked_on"}),
        Step(RecordCooperationLevel, "level", {"on": "level_on"}),
        Step(
            SignAgreement,
            "agreement",
            {
                "kind": "agreement",
                "parties": "agreement_parties",
                "from_on": "agreement_from_on",
                "to_on": "agreement_to_on",
            },
        ),
    ),
)

OPENINGS = Kind(
    name="openings",
    key="opening_number",
    forms={
        **ALWAYS,
        **COMPANY,
        "opening_number": text,
        "site": text,
        "kind": text,
        "positions": whole,
        "hours_min": minutes,
        "hours_max": minutes,
        "start_by": day,
        "carved": yes_no,
        "carved_from": text,
        "found_by": text,
        "sector": text,
        "requirements": codes,
        "reported_on": day,
        "area": text,
        "withdrawn_on": day,
        "reason": text,
    },
    steps=(
        Step(
            ReportOpening,
            None,
            {"weekly_minutes_min": "hours_min", "weekly_minutes_max": "hours_max"},
        ),
        Step(WithdrawOpening, "withdrawn_on"),
    ),
)

PLACED: Mapping[str, Form] = {**ALWAYS, **COMPANY, "case_number": text, "placement": entity}
"""A placement by its id, or by the person's case number and the company."""

WAGE_HOURS = Kind(
    name="wage-hours",
    key="case_number",
    forms={**PLACED, "from_on": day, "to_on": day, "hours": minutes, "evidence": text},
    steps=(Step(ReportWageHours, None, {"wage_minutes": "hours"}),),
)

FOLLOW_UPS = Kind(
    name="follow-ups",
    key="case_number",
    forms={
        **PLACED,
        "plan": entity,
        "touchpoint": text,
        "party": text,
        "channel": text,
        "held_on": day,
        "employment_state": text,
        "hours": minutes,
    },
    steps=(Step(CompleteFollowUp, None, {"weekly_minutes": "hours"}),),
)

KINDS = {kind.name: kind for kind in (PEOPLE, COMPANIES, OPENINGS, WAGE_HOURS, FOLLOW_UPS)}

_COMMANDS: Any = reduce(or_, [step.command for kind in KINDS.values() for step in kind.steps])
DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_COMMANDS)
"""Reads the commands of any row, as strictly as the services do."""
