"""Several events at once: all of them are stored, one behind the other, or none is."""

import asyncio

import pytest

from services.intake.events import VOCABULARY
from shared.bus import Bus
from shared.event_store import EventStore, NotStored, StaleExpectation
from tests.contracts.recording import an_append, ids

RIVALS = 12


async def test_events_of_several_entities_stand_one_behind_the_other(
    store: EventStore, subject: str
) -> None:
    seat = an_append(f"{subject}-seat", 0)
    own = an_append(subject, 0, events=3)

    position = await store.append([seat, own])

    (taken,) = (await store.load(seat.subject, position - 3)).records
    history = await store.load(subject, position)
    assert [position - 3, position - 2, position - 1, position] == [
        taken.position,
        *(record.position for record in history.records),
    ]
    assert [e.id for e in own.envelopes] == [r.envelope.id for r in history.records]


async def test_the_answer_is_the_position_of_the_last_entity(
    store: EventStore, subject: str
) -> None:
    position = await store.append([an_append(f"{subject}-seat", 0, 2), an_append(subject, 0)])

    assert position == await store.last_position(subject)
    assert position - 1 == await store.last_position(f"{subject}-seat")


@pytest.mark.parametrize("stale", [0, 1, 2])
async def test_one_stale_expectation_and_nothing_of_any_entity_is_stored(
    store: EventStore, subject: str, stale: int
) -> None:
    entities = [f"{subject}-{number}" for number in range(3)]
    await store.append([an_append(entities[stale], 0)])
    before = await store.bus.last_position(store.stream)

    with pytest.raises(StaleExpectation) as refusal:
        await store.append([an_append(entity, 0, events=2) for entity in entities])

    assert refusal.value.number in {10071, 10164}
    assert sorted([len(await ids(store, entity)) for entity in entities]) == [0, 0, 1]
    assert before == await store.bus.last_position(store.stream)


async def test_an_id_that_is_known_already_and_nothing_is_stored(
    store: EventStore, subject: str
) -> None:
    first = an_append(subject, 0)
    position = await store.append([first])
    again = type(first)(subject, position, first.envelopes)

    with pytest.raises(StaleExpectation) as refusal:
        await store.append([an_append(f"{subject}-seat", 0), again])

    assert refusal.value.number == 10201
    assert await ids(store, f"{subject}-seat") == []
    assert [first.envelopes[0].id] == await ids(store, subject)


async def test_the_same_batch_again_is_stored_once(store: EventStore, subject: str) -> None:
    batch = [an_append(f"{subject}-seat", 0), an_append(subject, 0, events=2)]
    await store.append(batch)

    with pytest.raises(StaleExpectation):
        await store.append(batch)

    assert [e.id for e in batch[1].envelopes] == await ids(store, subject)


async def test_of_rivals_for_one_seat_one_gets_it_and_the_others_leave_nothing(
    store: EventStore, subject: str
) -> None:
    seat = f"{subject}-seat"
    batches = [[an_append(seat, 0), an_append(f"{subject}-{n}", 0)] for n in range(RIVALS)]

    outcomes = await asyncio.gather(*map(store.append, batches), return_exceptions=True)

    winners = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, int)]
    stale = [outcome for outcome in outcomes if isinstance(outcome, StaleExpectation)]
    assert (len(winners), len(stale)) == (1, RIVALS - 1), outcomes
    assert [batches[winners[0]][0].envelopes[0].id] == await ids(store, seat)
    assert winners == [n for n in range(RIVALS) if await ids(store, f"{subject}-{n}")]


async def test_more_batches_at_once_than_the_server_keeps_open_all_find_room(
    bus: Bus, subject: str
) -> None:
    """It keeps 50 open: ours are sent without a pause, so that each is open for an instant only."""
    store = EventStore(bus, VOCABULARY, timeout=20)
    batches = [[an_append(f"{subject}-{n}", 0, events=2)] for n in range(60)]

    outcomes = await asyncio.gather(*map(store.append, batches), return_exceptions=True)

    assert [o for o in outcomes if not isinstance(o, int)] == []


async def test_more_than_a_batch_holds_is_refused_before_anything_is_sent(
    store: EventStore, subject: str
) -> None:
    with pytest.raises(NotStored):
        await store.append([an_append(subject, 0, events=1001)])

    assert await ids(store, subject) == []


async def test_as_much_as_a_batch_holds_is_stored(store: EventStore, subject: str) -> None:
    position = await store.append([an_append(subject, 0, events=1000)])

    assert len((await store.load(subject, position)).records) == 1000
