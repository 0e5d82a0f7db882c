"""Commands of a caseworker as they are sent, and a programme that they can be for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from shared.command import Reply
from shared.desk import Desk
from shared.handling import Context
from tests.definitions import definition

Send = Callable[[dict[str, object]], Awaitable[Reply]]
PROGRAMME = "contracts"


def to(desk: Desk) -> Send:
    """Send to a desk itself, past its doors."""

    async def send(command: dict[str, object]) -> Reply:
        return await desk.answer(msgspec.json.encode(command), Context())

    return send


def new(kind: str, /, **fields: object) -> dict[str, object]:
    """A command with an id of its own."""
    return {"type": kind, "command_id": str(uuid4()), **fields}


async def sent(send: Send, command: dict[str, object]) -> Reply:
    """Send it until it is settled, as every caller should; it must be accepted."""
    for _ in range(150):  # a cluster may be electing a leader
        reply = await send(command)
        if reply.ok:
            return reply
        assert reply.error is not None
        if reply.error.code not in {"OUTCOME_UNKNOWN", "BUS_AWAY", "NOT_YET", "NOT_STORED"}:
            break
        await asyncio.sleep(0.2)  # between two tries: nothing is waited for but the next answer
    raise AssertionError(reply)


async def open_programme(send: Send) -> None:
    """The programme is open from now on; opening it again changes nothing."""
    body: dict[str, Any] = msgspec.to_builtins(definition(key=PROGRAMME))
    await sent(
        send,
        {
            "type": "OpenProgramme",
            "command_id": f"open.{PROGRAMME}",
            "programme": PROGRAMME,
            "definition": body,
            "late_reason": "import",
        },
    )


async def registered(send: Send) -> str:
    """A person who is known."""
    person = str(uuid4())
    await sent(send, new("RegisterPerson", person_ref=person))
    return person


async def referred(send: Send, person: str) -> str:
    """An enrolment to which the person is referred."""
    enrolment = str(uuid4())
    await sent(send, referral(person, enrolment))
    return enrolment


def referral(person: str, enrolment: str) -> dict[str, object]:
    return new(
        "ReferParticipant",
        enrolment=enrolment,
        programme=PROGRAMME,
        person_ref=person,
        referred_by="job_centre",
        target_group="activity_ready",
        benefit="cash_benefit",
        referred_on="2021-04-01",
        late_reason="import",
    )


def enrolment_of(enrolment: str, start_on: str = "2021-05-01") -> dict[str, object]:
    return new("EnrolParticipant", enrolment=enrolment, start_on=start_on, late_reason="import")
