"""The streams' settings: made once, repaired when changed, and such that nothing is lost."""

import asyncio
from uuid import uuid4

import msgspec
import pytest

from shared import streams
from shared.bus import ApiError, Bus
from shared.errors import BusAway
from shared.event_store import EventStore
from tests.contracts.conftest import Nats
from tests.contracts.recording import an_append, ids


async def _config(bus: Bus, stream: str) -> dict[str, object]:
    answer = msgspec.json.decode(await bus.api(f"STREAM.INFO.{stream}", {}))
    config: dict[str, object] = answer["config"]
    return config


async def test_every_stream_is_there_and_applying_again_changes_nothing(
    bus: Bus, nats: Nats
) -> None:
    applied = await streams.apply(bus, nats.replicas)

    assert [streams.Applied(stream, "unchanged") for stream in streams.ALL] == applied


@pytest.mark.parametrize("stream", streams.ALL)
async def test_a_stream_loses_nothing_by_itself(bus: Bus, nats: Nats, stream: str) -> None:
    config = await _config(bus, stream)

    promised: dict[str, object] = {
        "subjects": [streams.ALL[stream]],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_age": 0,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_msgs_per_subject": -1,
        "deny_purge": True,
        "allow_direct": True,
        "allow_atomic": True,
        "num_replicas": nats.replicas,
    }
    assert promised == {name: config.get(name) for name in promised}


async def test_what_somebody_changed_is_repaired(own_store: EventStore, nats: Nats) -> None:
    bus, stream = own_store.bus, own_store.stream
    own = {stream: f"{own_store.vocabulary.service}.>"}
    before = await _config(bus, stream)
    spoilt = {**before, "discard": "old", "max_msgs": 5, "max_age": 10**12, "allow_direct": False}
    await bus.api(f"STREAM.UPDATE.{stream}", spoilt)

    assert [streams.Applied(stream, "changed")] == await streams.apply(bus, nats.replicas, own)
    assert before == await _config(bus, stream)
    assert [streams.Applied(stream, "unchanged")] == await streams.apply(bus, nats.replicas, own)


async def test_what_somebody_added_stays(own_store: EventStore, nats: Nats) -> None:
    bus, stream = own_store.bus, own_store.stream
    own = {stream: f"{own_store.vocabulary.service}.>"}
    before = await _config(bus, stream)
    await bus.api(f"STREAM.UPDATE.{stream}", {**before, "description": "ours"})

    assert [streams.Applied(stream, "unchanged")] == await streams.apply(bus, nats.replicas, own)
    assert (await _config(bus, stream))["description"] == "ours"


async def test_events_survive_an_application(own_store: EventStore, nats: Nats) -> None:
    subject = f"{own_store.vocabulary.service}.person.p"
    append = an_append(subject, 0, events=3)
    await own_store.append([append])

    await streams.apply(
        own_store.bus, nats.replicas, {own_store.stream: f"{own_store.vocabulary.service}.>"}
    )

    assert [e.id for e in append.envelopes] == await ids(own_store, subject)


async def test_a_stream_cannot_be_purged(own_store: EventStore) -> None:
    subject = f"{own_store.vocabulary.service}.person.p"
    await own_store.append([an_append(subject, 0)])

    with pytest.raises(ApiError):
        await own_store.bus.api(f"STREAM.PURGE.{own_store.stream}", {})

    assert len(await ids(own_store, subject)) == 1


async def test_asking_whether_a_stream_answers_stores_nothing(own_store: EventStore) -> None:
    bus, service = own_store.bus, own_store.vocabulary.service
    for position in (0, 1, 2):
        await streams.ready(bus, f"{service}.>")
        assert position == await bus.last_position(own_store.stream)
        await own_store.append([an_append(f"{service}.person.{position}", 0)])


async def test_a_stream_that_does_not_answer_yet_is_waited_for(bus: Bus, nats: Nats) -> None:
    name = f"late{uuid4().hex}"
    asked = await bus.client.subscribe(f"{name}.>")
    waiting = asyncio.create_task(streams.ready(bus, f"{name}.>"))
    await asked.next_msg(timeout=20)
    await asked.next_msg(timeout=20)
    assert not waiting.done()

    await streams.apply(bus, nats.replicas, {name.upper(): f"{name}.>"})
    await waiting

    assert await bus.last_position(name.upper()) == 0


async def test_a_stream_that_nobody_made_is_not_waited_for_without_end(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "READY_SECONDS", 0.1)
    with pytest.raises(BusAway):
        await streams.ready(bus, "nobody.made.this.>")
