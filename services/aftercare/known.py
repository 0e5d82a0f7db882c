"""What aftercare knows of others when it decides."""

from msgspec import Struct

from services.intake.events.definition import Definition


class Known(Struct, frozen=True):
    """The definition in force of the plan's programme; None if there is no such programme.

    `placed`: whether the placement that an offer names is known.
    """

    definition: Definition | None = None
    placed: bool = True


class Placed(Struct, frozen=True, kw_only=True):
    """What a placement is about, by its agreement."""

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str


class KnownPlacement(Struct, frozen=True):
    """What a problem's placement is about; None if it is not known. The definition is its programme's."""

    definition: Definition | None = None
    placed: Placed | None = None
