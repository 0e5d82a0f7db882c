"""What `sluse export` wrote, read by hand: plain dictionaries and none of the project's own folds."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

Line = dict[str, Any]
LETTERS = {"INTAKE": "i", "PLACEMENT": "p", "AFTERCARE": "a"}


def read(exported: bytes) -> list[Line]:
    """The exported lines, decoded."""
    return [json.loads(line) for line in exported.splitlines()]


def of_type(lines: Iterable[Line], *types: str) -> list[Line]:
    """The lines whose event is of one of these types."""
    return [line for line in lines if line["event"]["type"] in types]


def entity(line: Line) -> str:
    """The id of the entity that the event is about."""
    return str(line["event"]["subject"].split(".")[2])


def days(lines: Iterable[Line], kind: str, field: str) -> dict[str, date]:
    """Entity to the day in this field of its event of this type."""
    return {
        entity(line): date.fromisoformat(line["event"]["data"][field])
        for line in of_type(lines, kind)
    }


def moment_of(lines: Iterable[Line]) -> str:
    """The moment at which exactly these lines are recorded."""
    last = dict.fromkeys(LETTERS, 0)
    for line in lines:
        last[line["stream"]] = max(last[line["stream"]], line["position"])
    return ".".join(f"{letter}{last[stream]}" for stream, letter in LETTERS.items())


def ids(lines: Iterable[Line]) -> list[str]:
    """The events' ids, in the order of the lines."""
    return [line["event"]["id"] for line in lines]


def without_clock(lines: Iterable[Line]) -> list[Line]:
    """All but what the clock says: it depends on when it looks."""
    return [line for line in lines if line["event"]["type"] != "FollowUpMissed"]
