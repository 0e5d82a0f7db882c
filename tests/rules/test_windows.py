"""A touchpoint is due an agreed time after the anchor, and held in time some days around that."""

from datetime import date

import pytest

from services.aftercare.events import Touchpoint
from services.aftercare.events.windows import around, due_on


def touchpoint(offset: str, window_days: int = 3) -> Touchpoint:
    return Touchpoint("t", "citizen", offset, window_days)


@pytest.mark.parametrize(
    ("anchor", "offset", "due"),
    [
        (date(2022, 5, 1), "P7D", date(2022, 5, 8)),
        (date(2022, 5, 1), "P2W", date(2022, 5, 15)),
        (date(2022, 5, 1), "P3M", date(2022, 8, 1)),
        (date(2022, 1, 31), "P1M", date(2022, 2, 28)),
        (date(2024, 1, 31), "P1M", date(2024, 2, 29)),
    ],
)
def test_a_touchpoint_is_due_its_offset_after_the_anchor(
    anchor: date, offset: str, due: date
) -> None:
    assert due_on(anchor, touchpoint(offset)) == due


def test_the_window_reaches_as_far_back_as_ahead() -> None:
    assert around(date(2022, 5, 8), touchpoint("P7D")) == (date(2022, 5, 5), date(2022, 5, 11))


def test_a_window_of_no_days_is_the_due_day_alone() -> None:
    assert around(date(2022, 5, 8), touchpoint("P7D", 0)) == (date(2022, 5, 8), date(2022, 5, 8))
