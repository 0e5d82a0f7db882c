"""An event in an older shape reads as the present one; the present one stays as it is."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from shared.envelope import Event, Recorded, Vocabulary
from shared.errors import Undecodable

AT = datetime(2022, 4, 27, 9, 31, tzinfo=UTC)


class HatchOpened(Event, frozen=True, kw_only=True):
    """An event whose shape has changed once: metres it was, centimetres it is."""

    centimetres: int


def metres_are_centimetres(data: dict[str, Any]) -> dict[str, Any]:
    if "metres" not in data:
        return data
    return {"centimetres": data["metres"] * 100}


VOCABULARY = Vocabulary("intake", {"hatch": HatchOpened}, {HatchOpened: metres_are_centimetres})


def read(**data: object) -> Recorded:
    envelope = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/sluse/intake",
        "type": "HatchOpened",
        "subject": "intake.hatch.h-1",
        "time": datetime(2022, 4, 27, tzinfo=UTC),
        "data": data,
        "commandid": "c-1",
        "commanddigest": "d",
        "correlationid": "c-1",
        "causationid": "c-1",
        "actor": "somebody",
    }
    return VOCABULARY.read("intake.hatch.h-1", 1, AT, msgspec.json.encode(envelope))


def test_the_older_shape_reads_as_the_present_one() -> None:
    assert read(metres=2).event == HatchOpened(centimetres=200)


def test_the_present_shape_stays_as_it_is() -> None:
    assert read(centimetres=185).event == HatchOpened(centimetres=185)


def test_what_was_stored_stays_as_it_was() -> None:
    assert msgspec.json.decode(read(metres=2).envelope.data) == {"metres": 2}


def test_corrected_data_of_an_older_shape_read_too() -> None:
    """A correction recorded before the change has the shape of its day."""
    corrected = VOCABULARY.corrected(read(metres=2), {"metres": 3})
    assert corrected.event == HatchOpened(centimetres=300)


def test_what_is_of_neither_shape_is_unreadable() -> None:
    with pytest.raises(Undecodable):
        read(inches=12)
