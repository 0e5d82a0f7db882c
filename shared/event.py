"""An event: what every service records, and nothing beside what happened."""

from msgspec import Struct


class Event(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that happened; the class name is the stored type for ever."""
