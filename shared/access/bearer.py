"""A bearer token as it came or is to be shown."""

from msgspec import Struct


class Bearer(Struct, frozen=True):
    """Its text is shown at doors and to nobody else: no log, no error, no repr has it."""

    text: str = ""

    def __repr__(self) -> str:
        return "Bearer(…)"
