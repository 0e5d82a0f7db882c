"""People at the points of a programme at which bad input can be tried, and the commands for it."""

from datetime import date
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.aftercare.reactions import plan_id
from services.intake.events.definition import Period, PracticeLimit, StaffTier, Term
from shared.identifiers import derived_id
from sluse.sending import services
from tests.definitions import CODES, definition, text
from tests.journeys import history, today
from tests.journeys.sluse_process import Up
from tests.journeys.today import COMPANY, Body, ago, command

PROGRAMME, OTHER, ENDED = "validation", "validation-other", "validation-ended"
SMALL_COMPANY = "cvr13572468"


def service_of(body: Body) -> str:
    """Who takes the command; of a correction its subject says it."""
    return str(body.get("subject", services().get(body["type"]))).split(".")[0]


def accepted(up: Up, body: Body) -> Any:
    """The reply to a command that holds."""
    response = up.command(service_of(body), body)
    assert response.status_code == 200, response.text
    return response.json()


def recorded(up: Up) -> list[history.Line]:
    """All that is recorded, but for what the clock says."""
    return history.without_clock(history.read(up.run("export").out))


def programme(key: str, start: str, end: str, **changes: object) -> Body:
    """One that has a law which ended a month ago, a limit for practice and one for trainees."""
    reasons = (*CODES.reasons, Term(code="by_old_law", name=text("old"), valid_to=day(31)))
    opened = definition(
        key=key,
        effective_from=date.fromisoformat(start),
        period=Period(start=start, end=end),
        phases=(),
        goals=(),
        codes=replace(CODES, reasons=reasons),
        practice_limits=(PracticeLimit(longest="P13W", target_groups=("activity_ready",)),),
        staff_tiers=(StaffTier(per=5),),
        **changes,
    )
    return command("OpenProgramme", programme=key, definition=msgspec.to_builtins(opened))


def day(days_ago: int) -> date:
    return date.fromisoformat(ago(days_ago))


def week(days_ago: int) -> str:
    year, number, _ = day(days_ago).isocalendar()
    return f"{year}-W{number:02}"


def refer(person: str, to: str = PROGRAMME, referred_on: str = ago(40)) -> Body:
    return {
        **today.refer(to, person),
        "target_group": "activity_ready",
        "benefit": "cash_benefit",
        "referred_on": referred_on,
    }


def agree(enrolment: str, company: str = COMPANY) -> Body:
    return {**today.agree_placement(enrolment), "company": company}


def practice(placement: str, start_on: str = ago(30), planned_end_on: str = ago(-30)) -> Body:
    return command(
        "StartPractice",
        placement=placement,
        start_on=start_on,
        planned_end_on=planned_end_on,
        wage_hours="none",
    )


def wage_hours(placement: str, weekly_minutes: int) -> Body:
    return command(
        "BeginWageHours", placement=placement, from_on=ago(20), weekly_minutes=weekly_minutes
    )


def report_opening(**more: str) -> Body:
    return command(
        "ReportOpening",
        opening=str(uuid4()),
        company=COMPANY,
        kind="part_time",
        positions=1,
        weekly_minutes_min=300,
        weekly_minutes_max=600,
        carved=False,
        found_by="job_carver",
        sector="retail",
        reported_on=ago(2),
        **more,
    )


def reported_hours(placement: str, from_on: str, to_on: str, wage_minutes: int) -> Body:
    return command(
        "ReportWageHours",
        placement=placement,
        from_on=from_on,
        to_on=to_on,
        wage_minutes=wage_minutes,
        evidence="payslip",
    )


def attend(enrolment: str, of_week: str) -> Body:
    return command(
        "RecordAttendance", enrolment=enrolment, week=of_week, planned_days=5, attended_days=4
    )


def correct(event: history.Line, **data: object) -> Body:
    return command(
        "CorrectEvent",
        subject=event["event"]["subject"],
        event_id=event["event"]["id"],
        data=event["event"]["data"] | data,
        reason="typing_error",
    )


class Cases(Struct, frozen=True, kw_only=True):
    """People at the points of the programme that the rows need."""

    person: str
    referral: Body
    second_referral: Body
    enrolment: str
    enrolling: Body
    placement: str
    plan: str
    erased: str
    lines: list[history.Line]

    def event(self, subject: str, kind: str) -> history.Line:
        """The entity's event of that kind."""
        of_entity = [it for it in self.lines if it["event"]["subject"] == subject]
        return history.of_type(of_entity, kind)[0]


def registered(up: Up) -> str:
    person = today.register_person()
    accepted(up, person)
    return str(person["person_ref"])


def referred(up: Up, person: str) -> Body:
    referral = refer(person)
    accepted(up, referral)
    return referral


def active(up: Up, person: str) -> Body:
    """The enrolment of somebody who has begun to come."""
    enrolling = today.enrol(str(referred(up, person)["enrolment"]))
    accepted(up, enrolling)
    accepted(up, today.start_participation(enrolling["enrolment"]))
    return enrolling


def placed(up: Up, company: str = COMPANY) -> str:
    """The placement of somebody who has begun to come."""
    agreement = agree(str(active(up, registered(up))["enrolment"]), company)
    accepted(up, agreement)
    return str(agreement["placement"])


def people(up: Up) -> Cases:
    """Open the programmes, and bring each of them where they are needed."""
    accepted(up, programme(PROGRAMME, ago(150), ago(-200)))
    accepted(up, programme(OTHER, ago(20), ago(-200)))
    accepted(up, programme(ENDED, ago(400), ago(300), goal_window="P1M"))
    accepted(up, today.register_company())
    small = {**today.register_company(), "cvr": SMALL_COMPANY.removeprefix("cvr"), "employees": 3}
    accepted(up, small)

    erased = registered(up)
    accepted(up, command("RequestErasure", person_ref=erased, requested_on=ago(9)))
    erasure = command("ErasePerson", person_ref=erased, erased_on=ago(8), basis="archive_law")
    accepted(up, {**erasure, "retention_code": "P1825D"})

    person = registered(up)
    enrolling = active(up, person)
    placement = placed(up)
    accepted(up, practice(placement))
    employment = today.start_employment(placement)
    accepted(up, employment)
    plan = plan_id(derived_id(employment["command_id"], f"placement.placement.{placement}", "0"))
    accepted(up, today.accept_aftercare(plan, "company"))
    accepted(up, command("DeclineAftercare", plan=plan, party="citizen", declined_on=ago(0)))
    return Cases(
        person=person,
        referral=referred(up, registered(up)),
        second_referral=referred(up, person),
        enrolment=str(enrolling["enrolment"]),
        enrolling=enrolling,
        placement=placement,
        plan=plan,
        erased=erased,
        lines=recorded(up),
    )
