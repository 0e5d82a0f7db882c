"""A programme that runs today, and the commands by which a person of today comes into it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.clock import copenhagen_day, now, plus_months

Body = dict[str, Any]

PROGRAMME = "jobsporet-today"
JOBSPORET = Path(__file__).parents[2] / "programmes" / "jobsporet.toml"
COMPANY = "cvr24681357"


def ago(days: int) -> str:
    """The day so many days before today, in Denmark."""
    return (copenhagen_day(now()) - timedelta(days=days)).isoformat()


def definition_text(version: int = 1) -> str:
    """jobsporet's definition, of a programme that began five months ago and runs for a year."""
    first = plus_months(copenhagen_day(now()).replace(day=1), -5)
    last = plus_months(first, 11)
    text = JOBSPORET.read_text()
    for was, becomes in (
        ('key = "jobsporet"', f'key = "{PROGRAMME}"'),
        ("version = 2", f"version = {version}"),
        ("effective_from = 2021-11-01", f"effective_from = {first}"),
        ('start = "2021-11"', f'start = "{_month(first)}"'),
        ('end = "2022-12"', f'end = "{_month(last)}"'),
    ):
        assert was in text
        text = text.replace(was, becomes)
    return text


def programme_file(directory: Path, version: int = 1) -> Path:
    """The definition as a file."""
    file = directory / f"today-{version}.toml"
    file.write_text(definition_text(version))
    return file


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def command(kind: str, /, **fields: Any) -> Body:
    """A command with an id of its own."""
    return {"type": kind, "command_id": str(uuid4()), **fields}


def register_company() -> Body:
    """Always the same company; said twice it is one."""
    return command(
        "RegisterCompany", cvr=COMPANY.removeprefix("cvr"), name="Hedens Brød", sector="retail"
    )


def register_person() -> Body:
    return command("RegisterPerson", person_ref=str(uuid4()), birth_year=1980)


def refer(programme: str, person_ref: str) -> Body:
    return command(
        "ReferParticipant",
        enrolment=str(uuid4()),
        programme=programme,
        person_ref=person_ref,
        referred_by="job_centre",
        target_group="job_ready",
        benefit="kontanthjaelp",
        referred_on=ago(40),
    )


def assess(enrolment: str) -> Body:
    return command(
        "AssessEligibility",
        enrolment=enrolment,
        assessed_on=ago(38),
        criteria=[{"id": "motivation", "met": "yes"}],
        outcome="eligible",
    )


def enrol(enrolment: str) -> Body:
    return command("EnrolParticipant", enrolment=enrolment, start_on=ago(35))


def start_participation(enrolment: str) -> Body:
    return command("StartParticipation", enrolment=enrolment, first_attended_on=ago(34))


def agree_placement(enrolment: str) -> Body:
    return command(
        "AgreePlacement",
        placement=str(uuid4()),
        enrolment=enrolment,
        company=COMPANY,
        purpose="practice",
    )


def start_employment(placement: str) -> Body:
    return command(
        "StartEmployment",
        placement=placement,
        kind="full_time",
        start_on=ago(10),
        weekly_minutes=2220,
        open_ended=True,
    )


def accept_aftercare(plan: str, party: str = "citizen") -> Body:
    return command("AcceptAftercare", plan=plan, party=party, accepted_on=ago(0))
