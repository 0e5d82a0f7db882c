"""The table of refusals: what each bad command is about, and the code and path that it gets."""

from functools import partial
from typing import TypeAlias

from tests.journeys import today
from tests.journeys.today import COMPANY, Body, ago, command
from tests.journeys.validation_cases import (
    Cases,
    attend,
    correct,
    day,
    refer,
    reported_hours,
    week,
)

Rows: TypeAlias = dict[str, dict[str, tuple[Body, str]]]
"""By code, what it is about: the command, and the path."""


def misshapen(c: Cases) -> Rows:
    someone, waiting = str(c.referral["person_ref"]), str(c.referral["enrolment"])
    drop_out = command(
        "DropOutParticipant", enrolment=c.enrolment, end_on=ago(3), destination="not_known"
    )
    said = refer(someone)

    def judged(**criterion: str) -> Body:
        return {
            **today.assess(waiting),
            "criteria": [{"id": "motivated", "met": "yes"} | criterion],
        }

    return {
        "INVALID_FIELD": {
            "a word for a day": ({**said, "referred_on": "soon"}, "$.referred_on"),
            "a day of no calendar": ({**said, "referred_on": "2022-02-30"}, "$.referred_on"),
            "a day of another age": ({**said, "referred_on": "0022-04-27"}, "$.referred_on"),
            "a number for a code": ({**said, "benefit": 7}, "$.benefit"),
            "a field left out": ({k: v for k, v in said.items() if k != "benefit"}, "$.benefit"),
            "an unknown field": ({**said, "mood": "good"}, "$.mood"),
            "an unknown field inside": (judged(mood="good"), "$.criteria[0].mood"),
            "no such choice inside": (judged(met="perhaps"), "$.criteria[0].met"),
            "a week of no calendar": (attend(c.enrolment, "2022-W53"), "$.week"),
            "an unknown code": ({**said, "benefit": "lottery"}, "$.benefit"),
            "an unknown code inside": (judged(id="height"), "$.criteria[0].id"),
            "a code no longer valid": ({**drop_out, "reason": "by_old_law"}, "$.reason"),
            "an unknown site": ({**said, "site": "aarhus"}, "$.site"),
            "an unknown person": (refer("nobody"), "$.person_ref"),
            "an unknown programme": (refer(someone, "none-such"), "$.programme"),
        },
        "FUTURE_DATE": {
            "a week to come": (attend(c.enrolment, week(-14)), "$.week"),
            "a birth to come": (
                {**today.register_person(), "birth_year": day(0).year + 1},
                "$.birth_year",
            ),
        },
        "LATE": {
            "late": (refer(someone, referred_on=ago(100)), "$.referred_on"),
            "late attendance": (attend(c.enrolment, week(100)), "$.week"),
        },
    }


def out_of_place(c: Cases) -> Rows:
    waiting = str(c.referral["enrolment"])
    early_end = command("EndPractice", placement=c.placement, reason="other", end_on=ago(31))
    contact = command(
        "CompleteFollowUp",
        plan=c.plan,
        party="company",
        channel="phone",
        held_on=ago(0),
        employment_state="employed_same",
    )
    moved = command("ChangeResidence", person_ref=c.erased, area="ikast", from_on=ago(5))
    registration = c.event(f"intake.person.{c.erased}", "PersonRegistered")
    return {
        "ALREADY_ENROLLED": {
            "active here already": (today.enrol(str(c.second_referral["enrolment"])), ""),
        },
        "STATE": {
            "a step too early": (today.start_participation(waiting), ""),
            "a planned end before the start": (
                {**today.enrol(waiting), "planned_end_on": ago(36)},
                "$.planned_end_on",
            ),
            "an end before the start": (early_end, "$.end_on"),
            "a period that ends before it starts": (
                reported_hours(c.placement, ago(5), ago(6), 60),
                "$.to_on",
            ),
        },
        "CONFLICT": {
            "an id for other content": ({**c.enrolling, "start_on": ago(33)}, "$.command_id"),
            "a position out of date": (
                {**today.enrol(waiting), "expected_position": 1},
                "$.expected_position",
            ),
        },
        "NO_BASIS": {"the company about a citizen who said no": (contact, "$.party")},
        "FORBIDDEN": {
            "what only a reaction may send": (
                command("ChangePlacementPerson", placement=c.placement, person_ref="somebody"),
                "",
            ),
        },
        "ERASED": {
            "an erased person moves": (moved, ""),
            "an erased person is referred": (refer(c.erased), "$.person_ref"),
            "an erased person is corrected": (correct(registration, birth_year=1981), "$.data"),
        },
    }


def corrections(c: Cases) -> Rows:
    said = c.event(f"intake.enrolment.{c.referral['enrolment']}", "ParticipantReferred")
    enrolled = c.event(f"intake.enrolment.{c.enrolment}", "ParticipantEnrolled")
    practising = c.event(f"placement.placement.{c.placement}", "PracticeStarted")
    named = partial(correct, c.event(f"placement.company.{COMPANY}", "CompanyRegistered"))
    tomorrow = correct(said, referred_on=ago(-1))
    return {
        "INVALID_FIELD": {
            "another age": (correct(said, referred_on="0022-04-27"), "$.data.referred_on"),
            "a word for a day": (correct(said, referred_on="soon"), "$.data.referred_on"),
            "a number for a code": (correct(said, benefit=7), "$.data.benefit"),
            "an unknown code": (correct(said, benefit="lottery"), "$.data.benefit"),
            "an unknown field": (correct(said, mood="good"), "$.data.mood"),
            "nothing said": ({**correct(said), "data": {}}, "$.data.programme"),
            "no such event": ({**correct(said), "event_id": "none"}, "$.event_id"),
        },
        "FUTURE_DATE": {
            "tomorrow": (tomorrow, "$.data.referred_on"),
            "proposed": ({**tomorrow, "type": "ProposeCorrection"}, "$.data.referred_on"),
        },
        "PII_IN_EVENT": {
            "a CPR number": (correct(said, person_ref="0101901234"), "$.data.person_ref"),
            "an e-mail address": (named(name="a@example.dk"), "$.data.name"),
            "a phone number": (named(name="Ring 12 34 56 78"), "$.data.name"),
        },
        "STATE": {
            "what follows cannot stand": (correct(enrolled, start_on=ago(33)), "$.event_id"),
            "its end before its start": (
                correct(practising, planned_end_on=ago(31)),
                "$.event_id",
            ),
        },
    }
