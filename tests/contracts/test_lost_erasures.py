"""Erasures that a restore has lost are applied again by the commands that they were, and only once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from msgspec import Struct

from services.intake import app as intake
from services.intake.events import VOCABULARY as INTAKE
from shared import streams
from shared.bus import Bus, connected
from shared.desk import Desk
from shared.envelope import Envelope
from shared.event_store import EventStore
from shared.subjects import erasures_subject
from tests.contracts.casework import new, registered, sent, to
from tests.contracts.conftest import settings_for
from tests.servers import standalone


class Intake(Struct, frozen=True):
    bus: Bus
    desk: Desk

    async def events(self, person: str) -> list[Envelope]:
        history = await EventStore(self.bus, INTAKE).load(f"intake.person.{person}")
        return [record.envelope for record in history.records]

    async def tell(self, erasures: list[Envelope]) -> object:
        """What reporting does before its read models go."""
        body = msgspec.json.encode(erasures)
        answer = await self.bus.request(erasures_subject("intake"), body, 10)
        return msgspec.json.decode(answer.data)


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[tuple[Intake, Intake, str]]:
    """Two intakes and a person whom both know: the first one has erased them, the second not."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        person, both = str(uuid4()), []
        for name in ("before", "after"):
            server = await enter(standalone(tmp_path / name))
            bus = await enter(connected(server.url, "contract"))
            await streams.apply(bus)
            settings = settings_for(server.url, tmp_path / name)
            both.append(Intake(bus, await enter(intake.running(settings))))
            await sent(to(both[-1].desk), new("RegisterPerson", person_ref=person))
        send = to(both[0].desk)
        late = {"person_ref": person, "late_reason": "import", "origin": "import"}
        await sent(send, new("RequestErasure", requested_on="2024-01-10", **late))
        erasure = {"erased_on": "2024-01-11", "retention_code": "P5Y", "basis": "x"}
        await sent(send, new("ErasePerson", **erasure, **late))
        yield both[0], both[1], person


async def test_a_lost_erasure_is_recorded_again_with_the_same_ids(
    forgetful: tuple[Intake, Intake, str],
) -> None:
    before, after, person = forgetful
    _, *erasures = await before.events(person)
    for _ in range(2):
        assert await after.tell(erasures) == {"ok": True}
        _, *again = await after.events(person)
        assert [it.id for it in again] == [it.id for it in erasures]
        assert [it.data for it in again] == [it.data for it in erasures]
        # so the caller who sends the lost command again gets its first answer
        assert [it.commanddigest for it in again] == [it.commanddigest for it in erasures]
        assert {it.actor for it in again} == {"sluse:restore"}


async def test_where_it_was_not_lost_nothing_is_recorded(
    forgetful: tuple[Intake, Intake, str],
) -> None:
    before, _, person = forgetful
    events = await before.events(person)
    assert await before.tell(events[1:]) == {"ok": True}
    assert await before.events(person) == events


async def test_of_a_person_who_is_gone_as_well_there_is_nothing_to_erase(
    forgetful: tuple[Intake, Intake, str],
) -> None:
    before, after, _ = forgetful
    stranger = await registered(to(before.desk))
    request = new(
        "RequestErasure", person_ref=stranger, requested_on="2024-01-10", late_reason="import"
    )
    await sent(to(before.desk), request)
    [_, erasure] = await before.events(stranger)
    assert await after.tell([erasure]) == {"ok": True}
    assert await after.events(stranger) == []
