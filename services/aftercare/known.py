"""What aftercare knows of others when it decides."""

from msgspec import Struct

from services.intake.events.definition import Definition


class Known(Struct, frozen=True):
    """The definition in force of the plan's programme; None if there is no such programme.

    `placed`: whether the placement that an offer names is known.
    """

    definition: Definition | None = None
    placed: bool = True
