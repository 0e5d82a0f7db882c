"""Dates as people give them: a day, a month, a season or a year; computed with, never sharpened."""

import re
from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from shared.clock import plus_months

PATTERN = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?( (primo|medio|ultimo))?(?!\n)$"

ImpreciseDate = Annotated[
    str,
    Meta(
        pattern=PATTERN,
        description="A day, month or year, the last two also with primo, medio or ultimo (thirds).",
        examples=["2022-04-27", "2022-04", "2019 primo"],
    ),
]

_PARTS = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?: (primo|medio|ultimo))?")
_THIRD = {"primo": 0, "medio": 1, "ultimo": 2}


def bounds(text: str) -> tuple[date, date]:
    """The first and the last day that the text can mean; ValueError if it means none.

    Primo, medio and ultimo are thirds: four months of a year, ten days of a month (the last
    third takes what is left).
    """
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no day, month, season or year")
    year, month, day, third = parts.groups()
    if day:
        if third:
            raise ValueError(f"{text!r}: a day has no thirds")
        exact = date(int(year), int(month), int(day))
        return exact, exact
    if month:
        first = date(int(year), int(month), 1)
        last = plus_months(first, 1) - timedelta(days=1)
        if third is None:
            return first, last
        start = first + timedelta(days=10 * _THIRD[third])
        return start, last if third == "ultimo" else start + timedelta(days=9)
    first = date(int(year), 1, 1)
    if third is None:
        return first, date(int(year), 12, 31)
    start = plus_months(first, 4 * _THIRD[third])
    return start, plus_months(start, 4) - timedelta(days=1)


def first_day(text: str) -> date:
    """The day that stands for the text as a start."""
    return bounds(text)[0]


def last_day(text: str) -> date:
    """The day that stands for the text as an end."""
    return bounds(text)[1]
