"""Whom an imported row is about: a placement as it stands, whoever it was agreed for."""

from datetime import date

import pytest
from msgspec import to_builtins

from services.placement import placement
from services.placement.events import (
    PlacementAgreed,
    PlacementCancelled,
    PlacementEvent,
    PlacementPersonChanged,
)
from shared.correction.events import EventCorrected
from shared.envelope import Event
from sluse.importing.known import is_of, told
from tests.rules.given import folded

AGREED = PlacementAgreed(
    enrolment="e-1",
    person_ref="a",
    programme="havnen",
    company="cvr12345678",
    purpose="job",
)
OF_B = PlacementPersonChanged(person_ref="b")
CANCELLED = PlacementCancelled(cancelled_on=date(2022, 3, 1), reason="no_show")


def found(*names: str, events: tuple[PlacementEvent, ...], programme: str | None = None) -> bool:
    return is_of(folded(placement, events), names, "cvr12345678", programme)


def test_a_placement_is_of_whom_it_was_agreed_for() -> None:
    assert found("a", events=(AGREED,))
    assert found("a", events=(AGREED,), programme="havnen")
    assert not found("b", events=(AGREED,))
    assert not found("a", events=(AGREED,), programme="molen")
    assert not found("a", events=(AGREED, CANCELLED))
    assert not found("a", events=())


def test_a_placement_that_is_another_persons_now_is_no_longer_the_firsts() -> None:
    assert not found("a", events=(AGREED, OF_B))
    assert found("b", events=(AGREED, OF_B))


def test_who_was_merged_goes_on_under_every_name() -> None:
    """Also before the placement has heard of the merge."""
    for events in ((AGREED,), (AGREED, OF_B)):
        assert found("a", "b", events=events)


def corrected(data: dict[str, object]) -> EventCorrected:
    return EventCorrected(event_id="x", data=data, reason="wrong_person")


@pytest.mark.parametrize(
    ("event", "names"),
    [
        (AGREED, ["a"]),
        (OF_B, ["b"]),
        (corrected(to_builtins(AGREED)), ["a"]),
        (corrected(to_builtins(corrected(to_builtins(OF_B)))), ["b"]),
        (corrected({"start_on": "2022-03-01"}), []),
    ],
    ids=["agreed", "changed", "corrected", "a correction corrected", "another event"],
)
def test_a_person_is_named_by_corrections_too(event: Event, names: list[str]) -> None:
    assert list(told(event, "person_ref")) == names
