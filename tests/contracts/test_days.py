"""Days in commands that cannot be: not yet come, or not of this age."""

from datetime import UTC, date, datetime

import pytest

from services.intake.enrolment import EnrolParticipant
from shared.errors import FutureDate, InvalidField
from shared.fact_days import refuse_impossible_days

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def enrol(start_on: date, planned_end_on: date | None = None) -> EnrolParticipant:
    return EnrolParticipant(
        command_id="c", enrolment="e", start_on=start_on, planned_end_on=planned_end_on
    )


def test_a_fact_of_today_is_a_fact_and_one_of_tomorrow_is_not() -> None:
    refuse_impossible_days(enrol(date(2026, 6, 1)), NOON)
    with pytest.raises(FutureDate) as refusal:
        refuse_impossible_days(enrol(date(2026, 6, 2)), NOON)
    assert refusal.value.path == "$.start_on"


def test_today_is_denmarks_today() -> None:
    before_midnight_in_utc = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    refuse_impossible_days(enrol(date(2026, 6, 2)), before_midnight_in_utc)


def test_a_planned_day_may_lie_ahead() -> None:
    refuse_impossible_days(enrol(date(2026, 6, 1), date(2027, 6, 1)), NOON)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (enrol(date(1, 1, 1)), "$.start_on"),
        (enrol(date(2026, 6, 1), date(9999, 12, 31)), "$.planned_end_on"),
    ],
)
def test_a_day_of_another_age_is_a_slip_of_the_pen(command: EnrolParticipant, path: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        refuse_impossible_days(command, NOON)
    assert refusal.value.path == path
