"""What was recorded wrongly is corrected or taken back, by the same rules by which it was recorded."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.intake import app, enrolment
from services.intake.enrolment import Enrolment
from services.intake.events.definition import Site
from shared.bus import Bus
from shared.command import Reply
from shared.command_schema import described
from shared.correction.commands import COMMANDS
from shared.desk import Desk
from shared.event_store import EventStore
from shared.handling import Context, Handler, folded
from shared.http_door import status_of
from shared.settings import Settings
from sluse.sending import Sender
from tests.contracts.casework import (
    PROGRAMME,
    Send,
    enrolment_of,
    new,
    open_programme,
    referral,
    referred,
    registered,
    sent,
    to,
)
from tests.contracts.recording import ids
from tests.definitions import definition, text

TWO_SITES = "two-sites"
SITES = (Site("ikast", text("Ikast")), Site("brande", text("Brande")))
Tell = Callable[[str, dict[str, object]], Awaitable[Reply]]


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Send]:
    async with app.running(settings) as desk:
        send = to(desk)
        await open_programme(send)
        body: dict[str, Any] = msgspec.to_builtins(definition(key=TWO_SITES, sites=SITES))
        opening = new("OpenProgramme", programme=TWO_SITES, definition=body)
        await sent(send, {**opening, "command_id": f"open.{TWO_SITES}"})
        yield send


@pytest.fixture
def reported() -> dict[tuple[str | None, str], int]:
    """Up to which position of a stream the report r-1 of a programme has used all events."""
    return {}


@pytest.fixture
def tell(store: EventStore, reported: dict[tuple[str | None, str], int]) -> Tell:
    """Send as somebody, to a desk that knows which reports were issued."""

    async def issued(programme: str | None, stream: str, position: int) -> str | None:
        return "r-1" if position <= reported.get((programme, stream), 0) else None

    desk = Desk("intake", Handler(store, b"a secret", issued=issued), app.handlings(store))

    async def send(actor: str, command: dict[str, object]) -> Reply:
        return await desk.answer(msgspec.json.encode(command), Context(actor=actor))

    return send


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


def subject(of: str) -> str:
    return f"intake.enrolment.{of}"


def data_of(command: dict[str, object], **changes: object) -> dict[str, object]:
    """What a referral says, as the data of its event."""
    own = {"type", "command_id", "enrolment", "late_reason"}
    return {**{name: value for name, value in command.items() if name not in own}, **changes}


def correction(of: str, event_id: str, data: dict[str, object]) -> dict[str, object]:
    return new("CorrectEvent", subject=subject(of), event_id=event_id, data=data, reason="typo")


def retraction(of: str, event_id: str) -> dict[str, object]:
    return new("RetractEvent", subject=subject(of), event_id=event_id, reason="wrong_person")


async def first(reply: Awaitable[Reply]) -> str:
    """The id of the (last) event that was recorded."""
    answer = await reply
    assert answer.ok, answer
    assert answer.events
    return answer.events[-1].id


async def state_of(store: EventStore, of: str) -> Enrolment:
    _, state = await folded(store, enrolment, of, fresh=True)
    return state


async def a_referral(intake: Send, **changes: object) -> tuple[str, str, dict[str, object]]:
    """An enrolment, the id of its referral, and the data of that."""
    of = str(uuid4())
    command = {**referral(await registered(intake), of), "site": "ikast", **changes}
    return of, await first(sent(intake, command)), data_of(command)


async def test_a_corrected_event_counts_with_its_new_data_and_the_old_stay_readable(
    intake: Send, store: EventStore
) -> None:
    of, event_id, data = await a_referral(intake)

    reply = await intake(correction(of, event_id, {**data, "referred_on": "2021-03-01"}))

    assert [event.type for event in reply.events or ()] == ["EventCorrected"]
    history, state = await folded(store, enrolment, of, fresh=True)
    assert str(state.referred_on) == "2021-03-01"
    old, _ = history.records
    assert msgspec.json.decode(old.envelope.data)["referred_on"] == "2021-04-01"
    early = new("EnrolParticipant", enrolment=of, start_on="2021-03-15", late_reason="import")
    assert (await intake(early)).ok


async def test_saying_it_again_changes_nothing(intake: Send, store: EventStore) -> None:
    of, event_id, data = await a_referral(intake)
    assert (await intake(correction(of, event_id, data))).events == []

    command = correction(of, event_id, {**data, "referred_on": "2021-03-01"})
    answer = await intake(command)
    assert await intake(command) == answer
    assert (await intake({**command, "command_id": str(uuid4())})).events == []
    await sent(intake, retraction(of, event_id))
    assert (await intake(retraction(of, event_id))).events == []

    assert len(await ids(store, subject(of))) == 3


async def test_ten_equal_corrections_at_once_are_one(intake: Send, store: EventStore) -> None:
    of, event_id, data = await a_referral(intake)
    data = {**data, "referred_on": "2021-03-01"}

    replies = await asyncio.gather(
        *(sent(intake, correction(of, event_id, data)) for _ in range(10))
    )

    assert sorted(len(reply.events or ()) for reply in replies) == [0] * 9 + [1]
    assert len(await ids(store, subject(of))) == 2


WRONG: dict[str, tuple[dict[str, object], tuple[str, str]]] = {
    "unknown field": ({"colour": "blue"}, ("INVALID_FIELD", "$.data.colour")),
    "no day": ({"referred_on": "yesterday"}, ("INVALID_FIELD", "$.data.referred_on")),
    "future": ({"referred_on": "2199-01-01"}, ("FUTURE_DATE", "$.data.referred_on")),
    "long ago": ({"referred_on": "1721-01-01"}, ("INVALID_FIELD", "$.data.referred_on")),
    "a CPR number": ({"person_ref": "010190-1234"}, ("PII_IN_EVENT", "$.data.person_ref")),
    "unknown code": ({"benefit": "salary"}, ("INVALID_FIELD", "$.data.benefit")),
    "unknown person": ({"person_ref": "nobody"}, ("INVALID_FIELD", "$.data.person_ref")),
    "unknown site": ({"site": "atlantis"}, ("INVALID_FIELD", "$.data.site")),
    "unknown programme": ({"programme": "nothing"}, ("INVALID_FIELD", "$.data.programme")),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_new_data_are_held_to_what_holds_for_commands(
    wrong: str, intake: Send, store: EventStore
) -> None:
    changes, expected = WRONG[wrong]
    of, event_id, data = await a_referral(intake)

    reply = await intake(correction(of, event_id, {**data, **changes}))

    assert refusal(reply) == expected
    assert len(await ids(store, subject(of))) == 1


async def test_a_missing_field_is_named(intake: Send) -> None:
    of, event_id, data = await a_referral(intake)
    del data["referred_on"]
    reply = await intake(correction(of, event_id, data))
    assert refusal(reply) == ("INVALID_FIELD", "$.data.referred_on")


async def test_only_an_event_of_the_entity_itself_can_be_corrected(intake: Send) -> None:
    of, event_id, data = await a_referral(intake)
    _, other, _ = await a_referral(intake)

    assert refusal(await intake(correction(of, other, data))) == ("INVALID_FIELD", "$.event_id")
    for wrong in (f"placement.placement.{of}", f"intake.nothing.{of}", f"intake.seat.{of}", "x"):
        command = {**correction(of, event_id, data), "subject": wrong}
        assert refusal(await intake(command)) == ("INVALID_FIELD", "$.subject")


async def test_what_the_id_is_made_of_stays(intake: Send) -> None:
    person = str(uuid4())
    event_id = await first(intake(new("RegisterPerson", person_ref=person, birth_year=1980)))
    correct = new("CorrectEvent", subject=f"intake.person.{person}", event_id=event_id, reason="x")

    renamed = await intake({**correct, "data": {"person_ref": "p-2", "birth_year": 1981}})
    younger = await intake({**correct, "data": {"person_ref": person, "birth_year": 1981}})

    assert refusal(renamed) == ("INVALID_FIELD", "$.data.person_ref")
    assert younger.ok


async def test_a_change_that_a_later_event_could_not_follow_is_refused_and_names_it(
    intake: Send,
) -> None:
    of, event_id, data = await a_referral(intake)
    enrolled = await first(sent(intake, enrolment_of(of)))

    for command in (
        correction(of, event_id, {**data, "referred_on": "2021-06-01"}),
        retraction(of, event_id),
    ):
        reply = await intake(command)
        assert refusal(reply) == ("STATE", "$.event_id")
        assert reply.error is not None
        assert f"ParticipantEnrolled of 2021-05-01 ({enrolled})" in reply.error.message

    await sent(intake, retraction(of, enrolled))
    assert (await intake(retraction(of, event_id))).ok


async def test_a_retracted_event_is_not_corrected_until_its_retraction_is_retracted(
    intake: Send, store: EventStore
) -> None:
    of, event_id, data = await a_referral(intake)
    retracted = await first(sent(intake, retraction(of, event_id)))
    assert (await state_of(store, of)).stage == "new"
    command = correction(of, event_id, {**data, "referred_on": "2021-03-01"})
    assert refusal(await intake(command)) == ("STATE", "$.event_id")

    await sent(intake, retraction(of, retracted))

    assert (await intake({**command, "command_id": str(uuid4())})).ok
    assert (await state_of(store, of)).stage == "referred"


async def test_a_correction_can_be_corrected_and_stays_one_of_its_event(
    intake: Send, store: EventStore
) -> None:
    of, event_id, data = await a_referral(intake)
    wrong = await first(
        sent(intake, correction(of, event_id, {**data, "referred_on": "2021-03-01"}))
    )
    said = {"event_id": event_id, "data": {**data, "referred_on": "2021-03-02"}, "reason": "typo"}

    assert (await intake(correction(of, wrong, said))).ok
    assert str((await state_of(store, of)).referred_on) == "2021-03-02"
    moved = await intake(correction(of, wrong, {**said, "event_id": wrong}))
    assert refusal(moved) == ("INVALID_FIELD", "$.data.event_id")
    future = {**said, "data": {**data, "referred_on": "2199-01-01"}}
    reply = await intake(correction(of, wrong, future))
    assert refusal(reply) == ("FUTURE_DATE", "$.data.data.referred_on")


async def test_a_retracted_enrolment_frees_the_seat_and_comes_back_only_while_it_is_free(
    intake: Send,
) -> None:
    someone = await registered(intake)
    one, other = await referred(intake, someone), await referred(intake, someone)
    enrolled = await first(sent(intake, enrolment_of(one)))
    retracted = await first(sent(intake, retraction(one, enrolled)))
    taken = await first(sent(intake, enrolment_of(other)))

    assert refusal(await intake(retraction(one, retracted)))[0] == "ALREADY_ENROLLED"

    await sent(intake, retraction(other, taken))
    await sent(intake, retraction(one, retracted))
    assert refusal(await intake(enrolment_of(other, "2021-06-01")))[0] == "ALREADY_ENROLLED"


async def test_a_retracted_end_takes_the_seat_back_only_while_it_is_free(intake: Send) -> None:
    someone = await registered(intake)
    one, other = await referred(intake, someone), await referred(intake, someone)
    await sent(intake, enrolment_of(one))
    late = {"enrolment": one, "reason": "no_show", "late_reason": "import"}
    never = new("RecordNeverStarted", decided_on="2021-05-09", **late)
    ended = await first(sent(intake, never))
    taken = await first(sent(intake, enrolment_of(other)))

    assert refusal(await intake(retraction(one, ended)))[0] == "ALREADY_ENROLLED"

    await sent(intake, retraction(other, taken))
    await sent(intake, retraction(one, ended))
    assert refusal(await intake(enrolment_of(other, "2021-06-01")))[0] == "ALREADY_ENROLLED"


async def test_a_corrected_site_moves_the_seat(intake: Send) -> None:
    someone = await registered(intake)
    of, event_id, data = await a_referral(intake, programme=TWO_SITES, person_ref=someone)
    await sent(intake, enrolment_of(of))
    here, _, _ = await a_referral(intake, programme=TWO_SITES, person_ref=someone)
    there, _, _ = await a_referral(intake, programme=TWO_SITES, person_ref=someone, site="brande")
    assert refusal(await intake(enrolment_of(here)))[0] == "ALREADY_ENROLLED"

    await sent(intake, correction(of, event_id, {**data, "site": "brande"}))

    assert refusal(await intake(enrolment_of(there)))[0] == "ALREADY_ENROLLED"
    assert (await intake(enrolment_of(here))).ok
    back = await intake(correction(of, event_id, data))
    assert refusal(back)[0] == "ALREADY_ENROLLED"  # somebody sits there now


async def test_an_expected_position_is_held_and_answered_with_the_new_one(
    intake: Send, store: EventStore
) -> None:
    of, event_id, data = await a_referral(intake)
    command = correction(of, event_id, {**data, "referred_on": "2021-03-01"})
    position = await store.last_position(subject(of))

    stale = await intake({**command, "expected_position": position - 1})
    assert refusal(stale) == ("CONFLICT", "$.expected_position")

    right = await intake({**command, "expected_position": position})
    assert right.position == await store.last_position(subject(of))
    assert right.position != position


async def test_what_a_report_used_is_changed_by_two(
    intake: Send, tell: Tell, store: EventStore, reported: dict[tuple[str | None, str], int]
) -> None:
    of, event_id, data = await a_referral(intake)
    new_data = {**data, "referred_on": "2021-03-01"}
    reported[PROGRAMME, "INTAKE"] = await store.last_position(subject(of))

    alone = await tell("nina", correction(of, event_id, new_data))
    assert refusal(alone) == ("STATE", "$.event_id")
    assert alone.error is not None
    assert "r-1" in alone.error.message
    assert refusal(await tell("nina", retraction(of, event_id)))[0] == "STATE"

    propose = {**correction(of, event_id, new_data), "type": "ProposeCorrection"}
    proposal = await first(tell("nina", propose))
    again = await tell("omar", {**propose, "command_id": str(uuid4())})
    assert again.events == []
    assert str((await state_of(store, of)).referred_on) == "2021-04-01"

    approve = new("ApproveCorrection", subject=subject(of), proposal_id=proposal)
    alone = await tell("nina", approve)
    assert refusal(alone) == ("SAME_ACTOR", "$.proposal_id")
    assert status_of(alone) == 409
    approved = await tell("omar", approve)

    assert [event.type for event in approved.events or ()] == [
        "CorrectionApproved",
        "EventCorrected",
    ]
    assert str((await state_of(store, of)).referred_on) == "2021-03-01"
    twice = await tell("omar", {**approve, "command_id": str(uuid4())})
    assert refusal(twice) == ("STATE", "$.proposal_id")
    enacted = (await ids(store, subject(of)))[-1]  # itself no report used, but what it changes
    assert refusal(await tell("nina", retraction(of, enacted)))[0] == "STATE"


async def test_what_was_recorded_after_the_report_is_changed_by_one(
    intake: Send, tell: Tell, store: EventStore, reported: dict[tuple[str | None, str], int]
) -> None:
    of, _, _ = await a_referral(intake)
    reported[PROGRAMME, "INTAKE"] = await store.last_position(subject(of))
    enrolled = await first(sent(intake, enrolment_of(of)))

    assert (await tell("nina", retraction(of, enrolled))).ok


async def test_a_rejected_proposal_changes_nothing(
    intake: Send, tell: Tell, store: EventStore
) -> None:
    of, event_id, _ = await a_referral(intake)
    propose = {**retraction(of, event_id), "type": "ProposeCorrection"}
    proposal = await first(tell("nina", propose))
    reject = new("RejectCorrection", subject=subject(of), proposal_id=proposal, reason="it_is_so")

    assert (await tell("nina", reject)).ok

    approve = new("ApproveCorrection", subject=subject(of), proposal_id=proposal)
    assert refusal(await tell("omar", approve)) == ("STATE", "$.proposal_id")
    assert (await state_of(store, of)).stage == "referred"
    assert refusal(await tell("omar", retraction(of, proposal))) == ("STATE", "$.event_id")
    no_proposal = {**approve, "command_id": str(uuid4()), "proposal_id": event_id}
    assert refusal(await tell("omar", no_proposal)) == ("INVALID_FIELD", "$.proposal_id")


async def test_an_approval_looks_at_everything_again(intake: Send, tell: Tell) -> None:
    of, event_id, _ = await a_referral(intake)
    proposal = await first(tell("nina", {**retraction(of, event_id), "type": "ProposeCorrection"}))
    await sent(intake, enrolment_of(of))

    approve = new("ApproveCorrection", subject=subject(of), proposal_id=proposal)

    assert refusal(await tell("omar", approve)) == ("STATE", "$.proposal_id")


async def test_a_correction_finds_its_service_by_the_subject(intake: Send, bus: Bus) -> None:
    of, event_id, data = await a_referral(intake)
    command = correction(of, event_id, {**data, "referred_on": "2021-03-01"})
    sender = Sender(bus)

    assert (await sender.send(msgspec.json.encode(command))).ok
    for wrong in ({**command, "subject": f"nobody.enrolment.{of}"}, {**command, "subject": 1}):
        reply = await sender.send(msgspec.json.encode(wrong))
        assert refusal(reply) == ("INVALID_FIELD", "$.subject")


def test_the_schema_shows_how_to_correct() -> None:
    components = described(COMMANDS)["components"]
    assert {"subject", "event_id", "data", "reason"} <= set(components["CorrectEvent"]["required"])
    assert components["CorrectEvent"]["properties"]["data"]["type"] == "object"
