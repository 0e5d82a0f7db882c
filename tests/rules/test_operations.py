"""What operators may do: retry what is parked, discard what it is parked at, quarantine the unreadable."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from shared.operations import parked, quarantine
from shared.operations.events import EventDiscarded, MessageQuarantined, ParkedEntityRetried
from shared.operations.parked import DiscardEvent, RetryParked
from shared.operations.quarantine import QuarantineMessage
from shared.parking import ParkedEntity
from tests.rules.given import given

ENTITY = "intake.enrolment.e-1"
EVENT = "0c4f7b1e-6c0c-5d0e-8f5a-2d9f0a6c7b11"
PARKED = ParkedEntity(
    entity=ENTITY,
    stream="INTAKE",
    position=7,
    event_id=EVENT,
    event_type="AttendanceRecorded",
    error="ValueError",
    attempts=3,
    parked_at=datetime(2022, 9, 1, tzinfo=UTC),
)
KNOWN = parked.Known((PARKED,))
RETRY = RetryParked(command_id="c", entity=ENTITY, reason="mended")
DISCARD = DiscardEvent(command_id="c", entity=ENTITY, position=7, reason="impossible")
DISCARDED = EventDiscarded(
    entity=ENTITY,
    position=7,
    event_id=EVENT,
    event_type="AttendanceRecorded",
    reason="impossible",
)
MESSAGE = QuarantineMessage(command_id="c", stream="INTAKE", position=9, reason="forged")
DIGEST = "a" * 64
QUARANTINED = MessageQuarantined(stream="INTAKE", position=9, digest=DIGEST, reason="forged")


def test_what_is_parked_is_retried_as_often_as_somebody_asks() -> None:
    event = ParkedEntityRetried(entity=ENTITY, reason="mended")

    assert given(parked, known=KNOWN).when(RETRY).decided() == [event]
    assert given(parked, event, known=KNOWN).when(RETRY).decided() == [event]


def test_what_nobody_has_parked_is_not_retried() -> None:
    given(parked, known=parked.Known()).when(RETRY).refused("STATE", "$.entity")


def test_the_event_that_it_is_parked_at_is_discarded_once() -> None:
    given(parked, known=KNOWN).when(DISCARD).then(DISCARDED)


def test_no_other_event_is_discarded() -> None:
    given(parked, known=KNOWN).when(replace(DISCARD, position=6)).refused("STATE", "$.position")
    given(parked, known=parked.Known()).when(DISCARD).refused("STATE", "$.position")


@pytest.mark.parametrize("command", [RETRY, DISCARD])
def test_nothing_is_refused_before_everybody_was_heard(command: RetryParked | DiscardEvent) -> None:
    known = parked.Known(silent=("placement",))

    given(parked, known=known).when(command).refused("NOT_YET")


def test_each_entity_has_operations_of_its_own() -> None:
    other = replace(RETRY, entity="intake.enrolment.e-2")

    assert parked.entity_id(RETRY) == parked.entity_id(DISCARD) != parked.entity_id(other)


def test_a_message_that_is_no_event_is_quarantined_once() -> None:
    known = quarantine.Known(DIGEST, "UNDECODABLE")

    given(quarantine, known=known).when(MESSAGE).then(QUARANTINED)


def test_another_message_at_the_position_is_quarantined_anew() -> None:
    known = quarantine.Known("b" * 64, "UNDECODABLE")

    given(quarantine, QUARANTINED, known=known).when(MESSAGE).then(
        replace(QUARANTINED, digest="b" * 64)
    )


@pytest.mark.parametrize(
    ("known", "code", "path"),
    [
        (quarantine.Known(DIGEST), "STATE", "$.position"),
        (quarantine.Known(DIGEST, "UNKNOWN_EVENT_TYPE"), "STATE", "$.position"),
        (quarantine.Known(), "INVALID_FIELD", "$.position"),
        (quarantine.Known(code="NO_STREAM"), "INVALID_FIELD", "$.stream"),
    ],
)
def test_what_can_be_read_is_not_quarantined(known: quarantine.Known, code: str, path: str) -> None:
    given(quarantine, known=known).when(MESSAGE).refused(code, path)
