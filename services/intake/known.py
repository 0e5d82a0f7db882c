"""What intake knows beside the enrolment itself when it decides."""

from typing import Literal, TypeAlias

from msgspec import Struct

from services.intake.events.definition import Definition

Standing: TypeAlias = Literal["registered", "not_registered", "erased"]


class OtherEnrolment(Struct, frozen=True):
    """An enrolment that a command names; the person as known after all merges."""

    programme: str
    person_ref: str


class Known(Struct, frozen=True):
    """The programme's definition in force, and the person and the other enrolment of a command.

    `merged_into` is the record that the person's has become an alias of; `seated_as` another record
    of the same person that holds a seat in the same programme and site.
    """

    definition: Definition
    person: Standing = "registered"
    merged_into: str | None = None
    seated_as: str | None = None
    other: OtherEnrolment | None = None
