"""Days in commands that cannot be: not yet come, or not of this age."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import msgspec
import pytest

from services.intake.enrolment import EnrolParticipant
from services.intake.enrolment_commands import RecordAttendance
from services.intake.person import RegisterPerson
from shared.command import Command
from shared.errors import FutureDate, InvalidField
from shared.fact_days import FactDay, PlannedDay, refuse_impossible_days, told_days
from tests.any_command import KINDS, Leaf, any_command, leaves

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 6, 1), date(2026, 6, 2)
FACT, PLANNED = (get_args(of)[1].description for of in (FactDay, PlannedDay))


def days_of(kind: type[Command]) -> list[Leaf]:
    """The command's own days; those in a programme's definition are plans."""
    found = leaves(kind, any_command(kind, TODAY))
    return [it for it in found if it.type == msgspec.inspect.DateType() and len(it.keys) == 1]


DAYS = [(kind, leaf) for _, kind in KINDS for leaf in days_of(kind)]


def said_of(kind: type[Command], leaf: Leaf, day: date) -> Command:
    """A command of today but for one of its days."""
    return msgspec.convert(leaf.put(any_command(kind, TODAY), day.isoformat()), kind)


def with_ids(said: str) -> dict[str, object]:
    """The days of one sort, each named by its command and field."""
    chosen = [(kind, leaf) for kind, leaf in DAYS if leaf.said == said]
    ids = [f"{kind.__name__}.{leaf.keys[0]}" for kind, leaf in chosen]
    return {"argvalues": chosen, "ids": ids}


def test_every_day_of_every_command_is_said_to_be_a_fact_or_a_plan() -> None:
    assert {leaf.said for _, leaf in DAYS} == {FACT, PLANNED}
    assert len([leaf for _, leaf in DAYS if leaf.said == FACT]) > 50


@pytest.mark.parametrize(("kind", "leaf"), **with_ids(FACT))
def test_no_fact_of_any_command_is_of_tomorrow(kind: type[Command], leaf: Leaf) -> None:
    refuse_impossible_days(said_of(kind, leaf, TODAY), NOON)
    with pytest.raises(FutureDate) as refusal:
        refuse_impossible_days(said_of(kind, leaf, TOMORROW), NOON)
    assert refusal.value.path == leaf.path


@pytest.mark.parametrize(("kind", "leaf"), **with_ids(PLANNED))
def test_every_planned_day_of_any_command_may_lie_ahead(kind: type[Command], leaf: Leaf) -> None:
    refuse_impossible_days(said_of(kind, leaf, TOMORROW), NOON)
    refuse_impossible_days(said_of(kind, leaf, TODAY + timedelta(days=900)), NOON)


def test_nobody_is_born_next_year() -> None:
    refuse_impossible_days(RegisterPerson(command_id="c", birth_year=2026), NOON)
    with pytest.raises(FutureDate) as refusal:
        refuse_impossible_days(RegisterPerson(command_id="c", birth_year=2027), NOON)
    assert refusal.value.path == "$.birth_year"


def test_attendance_is_as_old_as_its_weeks_sunday() -> None:
    attendance = RecordAttendance(
        command_id="c", enrolment="e", week="2026-W01", planned_days=3, attended_days=2
    )
    assert told_days(attendance) == [("$.week", date(2026, 1, 4))]


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
