"""A moment: one position per stream, written i51200.p120033.a12990; record time, exactly."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from shared.errors import InvalidField
from shared.subjects import SERVICES, stream_of

Positions: TypeAlias = Mapping[str, int]
"""Stream to position."""

_LETTERS = {service[0]: stream_of(service) for service in SERVICES}
# No more digits than every database takes for a 64-bit integer.
_PART = re.compile(r"([a-z])(0|[1-9][0-9]{0,17})")


def written(positions: Positions) -> str:
    """The moment as text."""
    return ".".join(f"{letter}{positions[stream]}" for letter, stream in _LETTERS.items())


def parse_positions(text: str) -> Positions:
    """A moment; refused if it is none."""
    positions = parse(text, "moment")
    if isinstance(positions, datetime):
        raise InvalidField("moment", "give a moment like i512.p120.a12, not an instant")
    return positions


def parse(text: str, path: str = "known") -> Positions | datetime:
    """A moment or an instant (RFC 3339, with its offset); refused, naming `path`, if it is neither."""
    parts = [_PART.fullmatch(part) for part in text.split(".")]
    named = {part.group(1): int(part.group(2)) for part in parts if part is not None}
    if len(named) == len(parts) and named.keys() == _LETTERS.keys():
        return {stream: named[letter] for letter, stream in _LETTERS.items()}
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        example = written(dict.fromkeys(_LETTERS.values(), 12))
        raise InvalidField(path, f"give a moment like {example}, or an instant with its offset")
    return at
