"""What a cell's text says: a day, an instant, a number, hours as minutes, yes or no, some codes."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeAlias

from msgspec import Struct

from shared.clock import COPENHAGEN

YES, NO = (
    frozenset({"ja", "j", "yes", "true", "1", "x"}),
    frozenset({"nej", "n", "no", "false", "0"}),
)
NONE = frozenset({"ingen", "ingen ydelse", "none", "-"})


class Writing(Struct, frozen=True, kw_only=True):
    """How the file writes days and numbers."""

    date_formats: Sequence[str]
    decimal: str


Form: TypeAlias = Callable[[str, Writing], object]
"""What the text says; ValueError says what was expected, never what stood there."""


def text(said: str, writing: Writing) -> str:
    """As it stands."""
    return said


def text_or_none(said: str, writing: Writing) -> str | None:
    """As it stands; ingen, or a line, says that there is none."""
    return None if said.casefold() in NONE else said


def entity(said: str, writing: Writing) -> str:
    """The id of something that this system knows."""
    if not re.fullmatch(r"[a-z0-9-]{1,64}", said):
        raise ValueError("no id: a-z, 0-9 and - alone, at most 64 of them")
    return said


def digits(said: str, writing: Writing) -> str:
    """A number that is a name (CVR, P-number): spaces in it mean nothing."""
    return said.replace(" ", "")


def codes(said: str, writing: Writing) -> list[str]:
    """Some codes with commas between them."""
    return [code.strip() for code in said.split(",") if code.strip()]


def whole(said: str, writing: Writing) -> int:
    """A whole number."""
    if not re.fullmatch(r"[0-9]{1,15}", said):
        raise ValueError("not a whole number")
    return int(said)


def yes_no(said: str, writing: Writing) -> bool:
    """Ja or nej."""
    if said.casefold() not in YES | NO:
        raise ValueError("neither ja nor nej")
    return said.casefold() in YES


def minutes(said: str, writing: Writing) -> int:
    """Hours as 7,5 or 7:30, in whole minutes; half a minute is rounded up."""
    if clock := re.fullmatch(r"([0-9]{1,5}):([0-5][0-9])", said):
        return 60 * int(clock[1]) + int(clock[2])
    if not re.fullmatch(rf"[0-9]{{1,6}}({re.escape(writing.decimal)}[0-9]{{1,12}})?", said):
        raise ValueError(f"not hours like 7{writing.decimal}5 or 7:30")
    hours = Decimal(said.replace(writing.decimal, "."))
    return int((60 * hours).quantize(Decimal(1), ROUND_HALF_UP))


def day(said: str, writing: Writing) -> str:
    """A day, as 2022-04-27."""
    return _day(said, writing).isoformat()


def instant(said: str, writing: Writing) -> str:
    """An instant, or a day for its beginning in Denmark."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        at = datetime.combine(_day(said, writing), time.min)
    return (at if at.tzinfo else at.replace(tzinfo=COPENHAGEN)).isoformat()


_PARTS = (("yyyy", "%Y"), ("mm", "%m"), ("dd", "%d"))


def _day(said: str, writing: Writing) -> date:
    for date_format in ("yyyy-mm-dd", *writing.date_formats):
        python = date_format
        for part, becomes in _PARTS:
            python = python.replace(part, becomes)
        try:
            return datetime.strptime(said, python).date()
        except ValueError:
            continue
    raise ValueError(f"not a day like {' or '.join(writing.date_formats)}")
