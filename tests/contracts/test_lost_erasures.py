"""Erasures that a restore has lost are applied again by the commands that they were, and only once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from services.intake import app as intake
from services.intake.events import VOCABULARY as INTAKE
from services.reporting import erasures
from services.reporting.facts import PLAN as REPORTING
from shared import streams
from shared.bus import Bus, connected
from shared.desk import Desk
from shared.envelope import Envelope
from shared.event_store import EventStore
from shared.generation import Generation
from shared.subjects import erasures_subject
from shared.view import View, following
from tests.contracts.casework import new, registered, sent, to
from tests.contracts.conftest import settings_for
from tests.contracts.reading import by_stream, person_registered, projected
from tests.servers import standalone


class Intake(Struct, frozen=True):
    bus: Bus
    desk: Desk

    async def events(self, person: str) -> list[Envelope]:
        history = await EventStore(self.bus, INTAKE).load(f"intake.person.{person}")
        return [record.envelope for record in history.records]

    async def tell(self, lost: list[Envelope]) -> object:
        """What reporting does before its read models go."""
        body = msgspec.json.encode(lost)
        answer = await self.bus.request(erasures_subject("intake"), body, 10)
        return msgspec.json.decode(answer.data)

    async def sends(self, kind: str, person: str, **fields: object) -> None:
        """Somebody sends a command about a person, late."""
        await sent(to(self.desk), new(kind, person_ref=person, late_reason="import", **fields))

    @asynccontextmanager
    async def reported(self, directory: Path) -> AsyncIterator[Generation]:
        """Reporting's read models of all that stands in the streams."""
        url = f"sqlite+aiosqlite:///{directory}/reporting.db"
        async with following(REPORTING, url, self.bus) as projection:
            await View(projection, self.bus, wait=20).catch_up()
            yield projection.served


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
    _, *lost = await before.events(person)
    for _ in range(2):
        assert await after.tell(lost) == {"ok": True}
        _, *again = await after.events(person)
        assert [it.id for it in again] == [it.id for it in lost]
        assert [it.data for it in again] == [it.data for it in lost]
        # so the caller who sends the lost command again gets its first answer
        assert [it.commanddigest for it in again] == [it.commanddigest for it in lost]
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


REQUESTED = {"requested_on": "2024-01-10"}
REFUSED = {"refused_on": "2024-01-12", "reason": "archive_law"}
ASKED_AGAIN = {"requested_on": "2024-02-10"}


async def test_the_log_tells_of_every_erasure_that_holds_the_unanswered_ones_too(
    forgetful: tuple[Intake, Intake, str], tmp_path: Path
) -> None:
    before, after, erased = forgetful
    unanswered, refused, retracted = people = [str(uuid4()) for _ in range(3)]
    for person in people:
        for one in (before, after):
            await one.sends("RegisterPerson", person)
        await before.sends("RequestErasure", person, **REQUESTED)
    await before.sends("RefuseErasure", refused, **REFUSED)
    await before.sends("RequestErasure", refused, **ASKED_AGAIN)
    [_, mistake] = await before.events(retracted)
    about = {"subject": mistake.subject, "event_id": mistake.id, "reason": "mistake"}
    await sent(to(before.desk), new("RetractEvent", **about))

    async with before.reported(tmp_path) as generation:
        with capture_logs() as logs:
            await erasures.apply_again(after.bus)(generation)

    for person in (erased, unanswered, refused):
        _, *said = await before.events(person)
        _, *again = await after.events(person)
        assert [it.id for it in again] == [it.id for it in said]
    assert len(await after.events(retracted)) == 1
    assert [log for log in logs if log["log_level"] in {"warning", "error"}] == []


async def test_a_refusal_that_leaves_an_erasure_undone_is_an_error(
    forgetful: tuple[Intake, Intake, str],
) -> None:
    before, after, person = forgetful
    _, request, erasure = await before.events(person)
    await after.sends("RequestErasure", person, requested_on="2024-01-20")
    with capture_logs() as logs:
        assert await after.tell([request, erasure]) == {"ok": True}
    undone = [log for log in logs if log["event"] == "erasure_not_applied"]
    assert [(log["event_id"], log["code"], log["log_level"]) for log in undone] == [
        (it.id, "STATE", "error") for it in (request, erasure)
    ]
    assert {log["entity"] for log in undone} == {f"intake.person.{person}"}


async def test_no_statement_reads_all_persons_events(
    forgetful: tuple[Intake, Intake, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that took longer than it may would be tried again for ever."""
    before, after, person = forgetful
    monkeypatch.setattr(erasures, "POSITIONS_AT_ONCE", 100)
    many = [*(person_registered(n) for n in range(3000)), *await before.events(person)]
    async with projected(REPORTING) as projection:
        await projection.apply(INTAKE.stream, by_stream(many)[INTAKE.stream])
        restrict(projection.engine, 10_000)
        await erasures.apply_again(after.bus)(projection.served)
    assert len(await after.events(person)) == 3


def restrict(engine: AsyncEngine, steps: int) -> None:
    """From here on SQLite breaks off every statement that takes more steps, whatever its time."""
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 100
        return taken > steps

    def checked_out(connection: Any, *_: object) -> None:
        connection.run_async(lambda driver: driver.set_progress_handler(count, 100))

    def begun(*_: object) -> None:
        nonlocal taken
        taken = 0

    sa.event.listen(engine.sync_engine, "checkout", checked_out)
    sa.event.listen(engine.sync_engine, "before_cursor_execute", begun)
