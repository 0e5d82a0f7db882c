"""What placement knows of others when it decides: its own view, and its other entities."""

from datetime import date

from msgspec import Struct

from services.intake.events.definition import Definition
from services.placement.events.fit import Opening


class EnrolledPerson(Struct, frozen=True):
    """An enrolment as placement sees it; `ended_on` once the person left the programme."""

    enrolment: str
    person_ref: str
    programme: str
    site: str | None
    start_on: date
    ended_on: date | None = None
    target_group: str = ""


class Proposal(Struct, frozen=True):
    """A match as a placement sees it; `declined` if a party's last answer says no."""

    enrolment: str
    opening: str
    declined: bool


class Known(Struct, frozen=True):
    """The programme's definition in force, and what there is of all that the command names.

    `activities`: what the person has completed. `cautions`: the warnings to accept it with.
    """

    definition: Definition | None = None
    enrolled: EnrolledPerson | None = None
    company_registered: bool = False
    opening: Opening | None = None
    match: Proposal | None = None
    activities: frozenset[str] = frozenset()
    cautions: tuple[str, ...] = ()
