"""Commands become events once: claims hold, a retry changes nothing, a "no" is never out of date."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import msgspec
import pytest
import structlog

from services.intake import person
from services.intake.app import running
from services.intake.events import VOCABULARY
from services.intake.person import PersonCommand, RegisterPerson
from shared.bus import Bus
from shared.command import Reply, digest
from shared.desk import Desk
from shared.event_store import EventStore
from shared.handling import Context, Handler, Handling, by_command, nothing
from shared.settings import Settings
from tests.contracts.casework import (
    Send,
    enrolment_of,
    new,
    open_programme,
    referred,
    registered,
    sent,
    to,
)
from tests.contracts.recording import ids, put

KEY = b"a secret of contract tests"


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Send]:
    async with running(settings) as desk:
        send = to(desk)
        await open_programme(send)
        yield send


def _refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


async def test_the_same_command_again_gets_the_first_answer(
    intake: Send, store: EventStore
) -> None:
    command = new("RegisterPerson", person_ref=str(uuid4()), birth_year=1980)

    first = await intake(command)

    assert first.ok
    assert msgspec.json.encode(first) == msgspec.json.encode(await intake(command))
    assert len(await ids(store, f"intake.person.{command['person_ref']}")) == 1


async def test_the_same_id_with_other_content_is_a_conflict(intake: Send) -> None:
    command = new("RegisterPerson", person_ref=str(uuid4()), birth_year=1980)
    await intake(command)

    other = await intake({**command, "birth_year": 1981})

    assert _refusal(other) == ("CONFLICT", "$.command_id")


async def test_two_contents_at_once_under_one_id_and_one_of_them_holds(
    intake: Send, store: EventStore
) -> None:
    command = new("RegisterPerson", person_ref=str(uuid4()))

    replies = await asyncio.gather(
        *(intake({**command, "birth_year": 1980 + n}) for n in range(10))
    )

    assert len([reply for reply in replies if reply.ok]) == 1
    refusals = {_refusal(reply) for reply in replies if not reply.ok}
    assert refusals == {("CONFLICT", "$.command_id")}
    assert len(await ids(store, f"intake.person.{command['person_ref']}")) == 1


async def test_twenty_enrolments_of_one_person_at_once_and_one_is_accepted(
    intake: Send, store: EventStore
) -> None:
    someone = await registered(intake)
    enrolments = [await referred(intake, someone) for _ in range(20)]

    replies = await asyncio.gather(*(intake(enrolment_of(each)) for each in enrolments))

    accepted = [reply for reply in replies if reply.ok]
    refused = [_refusal(reply)[0] for reply in replies if not reply.ok]
    assert len(accepted) == 1, replies
    assert refused == ["ALREADY_ENROLLED"] * 19
    stored = [len(await ids(store, f"intake.enrolment.{each}")) for each in enrolments]
    assert sorted(stored) == [1] * 19 + [2]


async def test_who_has_left_can_be_enrolled_again(intake: Send) -> None:
    someone = await registered(intake)
    first, second = await referred(intake, someone), await referred(intake, someone)
    await sent(intake, enrolment_of(first))
    assert _refusal(await intake(enrolment_of(second)))[0] == "ALREADY_ENROLLED"

    late = {"late_reason": "import", "enrolment": first}
    await sent(intake, new("StartParticipation", first_attended_on="2021-05-03", **late))
    end = new("DropOutParticipant", end_on="2021-08-01", reason="other", **late)
    await sent(intake, {**end, "destination": "not_known"})

    again = {**enrolment_of(second, "2021-09-01"), "previous_enrolment": first}
    assert (await intake(again)).ok
    third = await referred(intake, someone)
    assert _refusal(await intake(enrolment_of(third)))[0] == "ALREADY_ENROLLED"


async def test_two_events_of_one_command_carry_the_entitys_position(
    intake: Send, store: EventStore
) -> None:
    """The enrolment and its seat are one batch; the answer names the enrolment alone."""
    enrolment = await referred(intake, await registered(intake))

    reply = await intake(enrolment_of(enrolment))

    assert reply.position == await store.last_position(f"intake.enrolment.{enrolment}")
    assert [event.type for event in reply.events or ()] == ["ParticipantEnrolled"]


async def test_an_expected_position_is_held(intake: Send) -> None:
    enrolment = await referred(intake, await registered(intake))
    seen = (await intake(assessment(enrolment, "2021-04-02"))).position
    assert seen is not None

    right = await intake({**assessment(enrolment, "2021-04-03"), "expected_position": seen})
    stale = await intake({**assessment(enrolment, "2021-04-04"), "expected_position": seen})

    assert right.ok
    assert _refusal(stale) == ("CONFLICT", "$.expected_position")
    assert stale.error is not None
    assert str(right.position) in stale.error.message


async def test_what_holds_already_makes_no_event_and_names_the_position(
    intake: Send, store: EventStore
) -> None:
    someone = str(uuid4())
    first = await intake(new("RegisterPerson", person_ref=someone))

    again = await intake(new("RegisterPerson", person_ref=someone))

    assert again == Reply(ok=True, position=first.position, events=[], warnings=[])
    assert len(await ids(store, f"intake.person.{someone}")) == 1


async def test_an_unreadable_history_is_not_written_to(own_store: EventStore) -> None:
    handlings = by_command(Handling(person, nothing), PersonCommand)
    desk = Desk(own_store.vocabulary.service, Handler(own_store, KEY), handlings)
    subject = f"{own_store.vocabulary.service}.person.p"
    await put(own_store.bus, subject, b"no event")
    before = await own_store.bus.last_position(own_store.stream)

    reply = await to(desk)(new("RegisterPerson", person_ref="p"))

    assert _refusal(reply)[0] == "UNREADABLE_HISTORY"
    assert before == await own_store.bus.last_position(own_store.stream)


async def test_many_commands_at_once_for_one_entity_are_all_settled(
    intake: Send, store: EventStore
) -> None:
    """Each loser reads again and decides again; who is beaten too often is told so."""
    enrolment = await referred(intake, await registered(intake))
    days = [f"2021-04-{day:02}" for day in range(2, 18)]

    replies = await asyncio.gather(*(intake(assessment(enrolment, day)) for day in days))

    assert {"CONFLICT"} >= {_refusal(reply)[0] for reply in replies if not reply.ok}
    accepted = len([reply for reply in replies if reply.ok])
    assert accepted >= 12, replies
    assert 1 + accepted == len(await ids(store, f"intake.enrolment.{enrolment}"))


async def test_what_led_to_an_event_stands_in_it(bus: Bus) -> None:
    store = EventStore(bus, VOCABULARY)
    command = RegisterPerson(command_id=str(uuid4()), person_ref=str(uuid4()))
    context = Context(actor="nina", correlation_id="c-1", causation_id="e-1", traceparent="00-1")

    reply = await Handler(store, KEY).handle(Handling(person, nothing), command, context)

    assert reply.position is not None
    (record,) = (await store.load(f"intake.person.{command.person_ref}", reply.position)).records
    envelope = record.envelope
    assert (envelope.actor, envelope.correlationid, envelope.causationid, envelope.traceparent) == (
        "nina",
        "c-1",
        "e-1",
        "00-1",
    )
    assert envelope.commanddigest == digest(command, KEY)


def assessment(enrolment: str, day: str) -> dict[str, object]:
    return new(
        "AssessEligibility",
        enrolment=enrolment,
        assessed_on=day,
        outcome="eligible",
        late_reason="import",
    )


def test_a_digest_is_of_the_content_under_a_secret() -> None:
    command = RegisterPerson(command_id="one", person_ref="p", birth_year=1980)
    decode = msgspec.json.Decoder(RegisterPerson).decode
    said = b'{"type": "RegisterPerson", "command_id": "two", "person_ref": "p", "birth_year": 1980'

    assert digest(command, KEY) == digest(decode(said + b"}"), KEY)
    assert digest(command, KEY) == digest(decode(said + b', "area": null, "origin": null}'), KEY)
    assert digest(command, KEY) != digest(decode(said + b', "area": "ikast"}'), KEY)
    assert digest(command, KEY) != digest(command, b"another secret")


async def test_nobody_has_registered_anything_in_the_future_nor_corrected_it(
    intake: Send, store: EventStore
) -> None:
    ahead = {"origin": "import", "registered_at": "2150-01-01T00:00:00Z"}
    person_ref = await registered(intake)
    subject = f"intake.person.{person_ref}"
    history = await store.load(subject)
    event_id = history.records[0].envelope.id
    retraction = new("RetractEvent", subject=subject, event_id=event_id, reason="mistake")

    for command in (new("RegisterPerson"), retraction):
        reply = await intake({**command, **ahead})
        assert _refusal(reply) == ("FUTURE_DATE", "$.registered_at")


@pytest.mark.parametrize("value", ["\0", 2**70])
async def test_a_name_of_the_callers_making_in_a_corrections_data_is_not_in_the_log(
    intake: Send, value: object
) -> None:
    command = new(
        "CorrectEvent",
        subject="intake.person.p-1",
        event_id="e-1",
        data={"010190-1234": value},
        reason="mistake",
    )

    with structlog.testing.capture_logs() as logs:
        assert not (await intake(command)).ok

    assert [(it["event"], it["path"]) for it in logs] == [("refused", "$.data")]
