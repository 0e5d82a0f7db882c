"""One entity's history: what was appended is read, and a stale writer leaves nothing."""

import asyncio
from datetime import UTC, datetime

import pytest
from msgspec import Raw

from services.intake.events import VOCABULARY
from shared import streams
from shared.bus import Bus, connected
from shared.envelope import encode
from shared.errors import BusAway, UnreadableHistory
from shared.event_store import PAGE, EventStore, History, NotStored, StaleExpectation
from tests.contracts.conftest import Nats
from tests.contracts.recording import an_append, an_event, ids, put

WRITERS = 24


async def test_nothing_is_read_of_an_entity_that_is_not_known(
    store: EventStore, subject: str
) -> None:
    assert await store.load(subject) == History(subject, 0, ())
    assert await store.last_position(subject) == 0


async def test_what_was_appended_is_read_in_its_order(store: EventStore, subject: str) -> None:
    written, position = [], 0
    for _ in range(5):
        append = an_append(subject, position)
        position = await store.append([append])
        written += append.envelopes

    history = await store.load(subject, position)

    assert written == [record.envelope for record in history.records]
    assert position == history.position == history.records[-1].position
    assert position == await store.last_position(subject)


async def test_the_instant_of_recording_is_the_streams(store: EventStore, subject: str) -> None:
    before = datetime.now(UTC)
    position = await store.append([an_append(subject, 0)])

    (record,) = (await store.load(subject, position)).records

    assert before <= record.recorded_at <= datetime.now(UTC)


async def test_a_history_of_many_pages_is_read_whole(store: EventStore, subject: str) -> None:
    first = an_append(subject, 0, events=PAGE)
    position = await store.append([first])
    second = an_append(subject, position, events=PAGE)
    position = await store.append([second])
    third = an_append(subject, position)
    position = await store.append([third])

    history = await store.load(subject, position)

    written = [*first.envelopes, *second.envelopes, *third.envelopes]
    assert [e.id for e in written] == [record.envelope.id for record in history.records]


async def test_another_entitys_events_are_not_read(store: EventStore, subject: str) -> None:
    await store.append([an_append(f"{subject}-other", 0)])

    assert (await store.load(subject)).records == ()


async def test_a_stale_writer_is_refused_and_leaves_nothing(
    store: EventStore, subject: str
) -> None:
    first = an_append(subject, 0)
    position = await store.append([first])

    with pytest.raises(StaleExpectation) as refusal:
        await store.append([an_append(subject, 0)])
    assert refusal.value.number == 10071
    with pytest.raises(StaleExpectation):
        await store.append([an_append(subject, position + 1)])

    assert [first.envelopes[0].id] == await ids(store, subject)


async def test_of_many_writers_at_once_one_wins_each_position(
    store: EventStore, subject: str
) -> None:
    won: list[str] = []
    position = 0
    for _ in range(10):
        appends = [an_append(subject, position) for _ in range(WRITERS)]
        outcomes = await asyncio.gather(
            *(store.append([append]) for append in appends), return_exceptions=True
        )
        winners = [index for index, outcome in enumerate(outcomes) if isinstance(outcome, int)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, StaleExpectation)]
        assert (len(winners), len(losers)) == (1, WRITERS - 1), outcomes
        won.append(appends[winners[0]].envelopes[0].id)
        position = await store.last_position(subject)

    assert won == await ids(store, subject)


async def test_a_cluster_answers_some_losers_with_10164(cluster: Nats, subject: str) -> None:
    async with connected(cluster.url, "first") as one, connected(cluster.url, "second") as two:
        stores = [EventStore(one, VOCABULARY), EventStore(two, VOCABULARY)]
        numbers: set[int] = set()
        for _ in range(20):
            position = await stores[0].last_position(subject)
            outcomes = await asyncio.gather(
                *(stores[n % 2].append([an_append(subject, position)]) for n in range(WRITERS)),
                return_exceptions=True,
            )
            assert len([outcome for outcome in outcomes if isinstance(outcome, int)]) == 1
            numbers |= {o.number for o in outcomes if isinstance(o, StaleExpectation)}

    assert 10164 in numbers, numbers


async def test_the_same_append_again_is_stored_once(store: EventStore, subject: str) -> None:
    """R1 looks at the expectation first, R3 at the message id: for the writer it is one answer."""
    append = an_append(subject, 0)
    await store.append([append])

    with pytest.raises(StaleExpectation):
        await store.append([append])

    assert [append.envelopes[0].id] == await ids(store, subject)


async def test_a_known_id_behind_the_right_position_is_stored_once(
    store: EventStore, subject: str
) -> None:
    event = an_event(subject)
    position = await store.append([an_append(subject, 0)])
    again = an_append(subject, position)
    await store.append([again])
    position = await store.last_position(subject)

    with pytest.raises(StaleExpectation) as refusal:
        await store.append([type(again)(subject, position, again.envelopes)])

    assert refusal.value.number == 0
    assert event.id not in await ids(store, subject)
    assert position == await store.last_position(subject)


async def test_a_body_that_is_no_event_makes_the_history_unreadable(own_store: EventStore) -> None:
    for number, body in enumerate((b"", b"no json", b"\xff", b"[]", b'{"id": 1}')):
        entity = f"{own_store.vocabulary.service}.person.{number}"
        await put(own_store.bus, entity, body)

        with pytest.raises(UnreadableHistory):
            await own_store.load(entity, await own_store.last_position(entity))


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "PersonMoved"},
        {"type": "ParticipantReferred"},
        {"source": "/sluse/placement"},
        {"subject": "intake.person.another"},
        {"data": Raw(b'{"person_ref": 7}')},
    ],
    ids=",".join,
)
async def test_an_event_that_does_not_belong_makes_the_history_unreadable(
    own_store: EventStore, changes: dict[str, object]
) -> None:
    entity = f"{own_store.vocabulary.service}.person.p"
    await put(own_store.bus, entity, encode(an_event(entity, **changes)))

    with pytest.raises(UnreadableHistory):
        await own_store.load(entity, await own_store.last_position(entity))


async def test_a_full_stream_refuses_what_is_new_and_keeps_what_is_old(
    own_store: EventStore, nats: Nats
) -> None:
    stream, service = own_store.stream, own_store.vocabulary.service
    full = {**streams.wanted(stream, f"{service}.>", nats.replicas), "max_msgs": 2}
    await own_store.bus.api(f"STREAM.UPDATE.{stream}", full)
    entity = f"{service}.person.p"
    position = await own_store.append([an_append(entity, 0, events=2)])

    for events in (1, 2):
        with pytest.raises(NotStored):
            await own_store.append([an_append(entity, position, events)])

    assert tuple(
        record.position for record in (await own_store.load(entity, position)).records
    ) == (1, 2)


async def test_a_position_that_the_leader_never_had_is_waited_for_and_then_given_up(
    bus: Bus, subject: str
) -> None:
    store = EventStore(bus, VOCABULARY, timeout=0.2)

    with pytest.raises(BusAway):
        await store.load(subject, newest=10**9)


async def test_a_stream_restored_to_an_earlier_state_is_read_from_its_beginning(
    bus: Bus, own_store: EventStore
) -> None:
    service = own_store.vocabulary.service
    entity = f"{service}.person.p"
    await own_store.append([an_append(entity, 0, events=3)])
    assert len((await own_store.load(entity)).records) == 3

    stream = own_store.stream
    await bus.api(f"STREAM.DELETE.{stream}", {}, timeout=10)
    await streams.apply(bus, 1, {stream: f"{service}.>"})
    restored = an_append(entity, 0)
    await own_store.append([restored])

    history = await own_store.load(entity, await own_store.last_position(entity))
    assert [record.envelope.id for record in history.records] == [restored.envelopes[0].id]
