"""What intake knows beside the enrolment itself when it decides."""

from msgspec import Struct

from services.intake.events.definition import Definition


class Known(Struct, frozen=True):
    """The programme's definition in force, and whether the person of a referral is registered."""

    definition: Definition
    person_registered: bool = True
