"""What placement knows of others when it decides: its own view of intake, and its companies."""

from datetime import date

from msgspec import Struct

from services.intake.events.definition import Definition


class EnrolledPerson(Struct, frozen=True):
    """An enrolment as placement sees it; `ended_on` once the person completed or dropped out."""

    enrolment: str
    person_ref: str
    programme: str
    site: str | None
    start_on: date
    ended_on: date | None = None


class Known(Struct, frozen=True):
    """The programme's definition in force; who the enrolment is of; whether the company is known."""

    definition: Definition | None = None
    enrolled: EnrolledPerson | None = None
    company_registered: bool = False
