"""What was stored once can be read for ever: one sample of every event type."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from msgspec import Raw

from services.aftercare import events as aftercare
from services.intake import events as intake
from services.placement import events as placement
from services.reporting import events as reports
from shared.envelope import Recorded, Vocabulary, encode, encode_data
from shared.errors import Undecodable, UnknownEventType

VOCABULARIES = {
    module.VOCABULARY.service: module.VOCABULARY
    for module in (intake, placement, aftercare, reports)
}
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
RECORDED_AT = datetime(2022, 4, 27, 9, 31, tzinfo=UTC)

OLDER = [path for path in SAMPLES if path.stem.rsplit(".", 1)[1].startswith("v")]
"""Of a shape that nobody writes any more: ….v1.json, .v2.json, …"""

each_present_sample = pytest.mark.parametrize(
    "sample", [path for path in SAMPLES if path not in OLDER], ids=lambda path: path.stem
)
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=[path.stem for path in SAMPLES])


def read(body: bytes) -> Recorded:
    """As a reader of the stream reads it."""
    subject: str = json.loads(body)["subject"]
    vocabulary = VOCABULARIES[subject.split(".", maxsplit=1)[0]]
    return vocabulary.read(subject, 1, RECORDED_AT, body)


def changed(sample: Path, **fields: object) -> bytes:
    """The sample with other fields in its envelope."""
    return msgspec.json.encode({**json.loads(sample.read_bytes()), **fields})


@each_present_sample
def test_every_sample_reads_and_is_written_as_it_was_stored(sample: Path) -> None:
    stored = sample.read_bytes()

    record = read(stored)

    assert json.loads(stored) == json.loads(encode(record.envelope))
    assert json.loads(stored)["data"] == json.loads(bytes(encode_data(record.event)))


@pytest.mark.parametrize("sample", OLDER, ids=lambda path: path.stem)
def test_an_older_shape_reads_as_the_present_one(sample: Path) -> None:
    """Its sample stays for ever; the one beside it, without a number, shows what it reads as."""
    record = read(sample.read_bytes())

    present = Raw(encode_data(record.event))
    again = msgspec.json.encode({**json.loads(sample.read_bytes()), "data": present})
    assert json.loads(bytes(present)) != json.loads(bytes(record.envelope.data))
    assert read(again).event == record.event


def test_a_referral_with_the_code_for_no_benefit_has_none() -> None:
    older, present = (
        read((SAMPLES[0].parent / f"intake.enrolment.ParticipantReferred.{name}.json").read_bytes())
        for name in ("v1", "no_benefit")
    )

    assert older.event == present.event
    assert isinstance(older.event, intake.ParticipantReferred)
    assert older.event.benefit is None


@each_sample
def test_a_sample_is_named_by_what_it_is(sample: Path) -> None:
    service, entity, event_type = sample.name.split(".")[:3]

    record = read(sample.read_bytes())

    assert (service, entity) == tuple(record.envelope.subject.split(".")[:2])
    assert event_type == record.envelope.type == type(record.event).__name__


@each_sample
def test_a_field_that_a_newer_version_added_is_no_obstacle(sample: Path) -> None:
    stored = json.loads(sample.read_bytes())
    newer = changed(sample, data={**stored["data"], "added_later": "x"}, extensionaddedlater="x")

    assert read(sample.read_bytes()).event == read(newer).event


@pytest.mark.parametrize("vocabulary", VOCABULARIES.values(), ids=VOCABULARIES)
def test_every_event_type_has_a_sample(vocabulary: Vocabulary) -> None:
    sampled = {
        path.name.split(".")[2] for path in SAMPLES if path.name.startswith(vocabulary.service)
    }

    assert set(vocabulary.types) == sampled


def test_an_unknown_type_is_told_from_an_unreadable_event() -> None:
    sample = SAMPLES[0]

    with pytest.raises(UnknownEventType):
        read(changed(sample, type="SomethingNewer"))
    with pytest.raises(Undecodable):
        read(changed(sample, data={}))
    with pytest.raises(Undecodable):
        read(changed(sample, source="/sluse/somebody-else"))
