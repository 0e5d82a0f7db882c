"""When something was registered at its source: nobody has registered anything in the future."""

from datetime import UTC, datetime, timedelta

import pytest

from services.intake.person import RegisterPerson
from shared.command import Command, refuse_future_registration
from shared.correction.commands import RetractEvent
from shared.errors import FutureDate

NOON = datetime(2022, 9, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def commands(registered_at: datetime | None) -> list[Command]:
    return [
        RegisterPerson(command_id="c", origin="import", registered_at=registered_at),
        RetractEvent(
            command_id="c",
            origin="import",
            registered_at=registered_at,
            subject="intake.person.p",
            event_id="e",
            reason="wrong_person",
        ),
    ]


@pytest.mark.parametrize("registered_at", [None, NOON - 900 * MINUTE, NOON, NOON + 5 * MINUTE])
def test_a_clock_elsewhere_may_be_five_minutes_ahead(registered_at: datetime | None) -> None:
    for command in commands(registered_at):
        refuse_future_registration(command, NOON)


def test_what_was_registered_later_than_that_is_refused() -> None:
    for command in commands(NOON + 6 * MINUTE):
        with pytest.raises(FutureDate, match=r"12:06.* has not come yet: it is .*12:00") as caught:
            refuse_future_registration(command, NOON)
        assert caught.value.path == "$.registered_at"
