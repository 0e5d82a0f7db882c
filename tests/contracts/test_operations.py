"""Operators deal with what stands still: figures say so meanwhile, and nobody else waits."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from msgspec import Raw, Struct
from msgspec.structs import replace

from services.aftercare import app as aftercare
from services.intake import app as intake
from services.intake.events import VOCABULARY as INTAKE
from services.placement import app as placement
from services.reporting import app as reporting
from shared import streams
from shared.bus import Bus, connected
from shared.bus_door import forwarder
from shared.command import Reply
from shared.context import Context
from shared.desk import Desk
from shared.envelope import encode
from shared.event_store import EventStore
from shared.parked_door import Ask, heard
from tests.contracts.casework import (
    PROGRAMME,
    enrolment_of,
    new,
    open_programme,
    referral,
    registered,
    sent,
    to,
)
from tests.contracts.conftest import settings_for
from tests.contracts.patience import PATIENT
from tests.contracts.reading import ROOT
from tests.servers import standalone

COMPANY = "cvr12345678"
ANSWERS = ("goals", "measures", "partition", "findings")
EMPTY = {"incomplete": False, "parked": 0}


class Told(Struct, frozen=True):
    """What the operator's command wrote, and how it ended."""

    status: int
    lines: list[Any]
    said: str


class World(Struct, frozen=True):
    """All services as they run; `good` and `bad` are enrolments, of whom one gets a poison event."""

    url: str
    bus: Bus
    desks: Mapping[str, Desk]
    http: httpx.AsyncClient
    good: str
    bad: str

    @property
    def parked(self) -> str:
        """The entity that will be parked."""
        return f"intake.enrolment.{self.bad}"

    async def poison(self) -> int:
        """Correct the enrolment by what no version can read; where that stands."""
        history = await EventStore(self.bus, INTAKE).load(self.parked)
        enrolled = history.records[-1].envelope
        data = {"event_id": enrolled.id, "data": {"start_on": "never"}, "reason": "mistake"}
        poison = replace(
            enrolled, id=str(uuid4()), type="EventCorrected", data=Raw(msgspec.json.encode(data))
        )
        return await self.put(self.parked, encode(poison))

    async def put(self, subject: str, body: bytes) -> int:
        """Store a message past all doors, as its service's credentials could."""
        answer = await self.bus.request(subject, body, 5)
        position: int = msgspec.json.decode(answer.data)["seq"]
        return position

    async def get(self, path: str) -> Any:
        response = await self.http.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    async def reached(self, service: str, position: int) -> None:
        await self.get(f"/api/wait?service={service}&position={position}&timeout=30")

    async def wholeness(self, known: str = "") -> dict[str, Any]:
        """What each answer says of its own completeness."""
        query = f"?on=2021-12-31&{f'known={known}' if known else ''}"
        told = {
            name: await self.get(f"/api/programmes/{PROGRAMME}/{name}{query}") for name in ANSWERS
        }
        since = known or await self.moment()
        path = f"/api/programmes/{PROGRAMME}/changes{query}&since={since}"
        told["changes"] = await self.get(path)
        told["a goal's figure"] = told["goals"]["goals"][0]["figure"]
        return {name: {key: it[key] for key in EMPTY} for name, it in told.items()}

    async def moment(self) -> str:
        answer = await self.get("/api/status")
        moment: str = answer["moment"]
        return moment

    async def operate(self, command: dict[str, object]) -> Reply:
        """The answer to an operator's command."""
        door = forwarder(self.bus, "operations", PATIENT)
        return await door(msgspec.json.encode(command), Context())

    async def until_released(self) -> None:
        """Return when no service has anything parked."""
        async with asyncio.timeout(PATIENT):
            while (await heard(self.bus, Ask())).waiting:
                await asyncio.sleep(0.01)

    async def issue(self, known: str | None = None) -> Reply:
        """The answer to who wants a report issued."""
        command = new("IssueReport", programme=PROGRAMME, valid_on="2021-12-31", moment=known)
        return await forwarder(self.bus, "reports", PATIENT)(
            msgspec.json.encode(command), Context()
        )

    async def agree(self, enrolment: str) -> Reply:
        """The answer to who wants a placement agreed, once the view has come as far as it can."""
        command = new(
            "AgreePlacement",
            placement=str(uuid4()),
            enrolment=enrolment,
            company=COMPANY,
            purpose="placement",
            late_reason="import",
        )
        return await to(self.desks["placement"])(command)

    async def sluse(self, *arguments: object) -> Told:
        """The operator's command, as a process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sluse",
            *map(str, arguments),
            "--nats",
            self.url,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate()
        lines = [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
        return Told(process.returncode or 0, lines, said.decode())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as all_of_it:
        enter = all_of_it.enter_async_context
        server = await enter(standalone(tmp_path))
        bus = await enter(connected(server.url, "contract"))
        await streams.apply(bus)
        settings = settings_for(server.url, tmp_path)
        desks = {
            "intake": await enter(intake.running(settings)),
            "placement": await enter(placement.running(settings)),
            "aftercare": await enter(aftercare.running(settings)),
        }
        app = await enter(reporting.running(settings))
        transport = httpx.ASGITransport(app=app)
        http = await enter(httpx.AsyncClient(transport=transport, base_url="http://localhost"))
        send = to(desks["intake"])
        await open_programme(send)
        good, bad = str(uuid4()), str(uuid4())
        for enrolment in (good, bad):
            await sent(send, referral(await registered(send), enrolment))
            last = await sent(send, enrolment_of(enrolment))
        company = new("RegisterCompany", cvr="12345678", name="Hedens Brød", sector="retail")
        await sent(to(desks["placement"]), company)
        world = World(server.url, bus, desks, http, good, bad)
        await world.reached("intake", last.position or 0)
        yield world


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


async def test_figures_say_that_something_waits_until_it_is_discarded(world: World) -> None:
    before = await world.moment()
    position = await world.poison()
    await world.reached("intake", position)

    assert set(map(str, (await world.wholeness()).values())) == {
        str({"incomplete": True, "parked": 1})
    }
    assert set(map(str, (await world.wholeness(before)).values())) == {str(EMPTY)}
    assert refusal(await world.issue()) == ("INCOMPLETE", "")
    assert (await world.issue(before)).ok

    other = new("DiscardEvent", entity=world.parked, position=position - 1, reason="typing")
    assert refusal(await world.operate(other)) == ("STATE", "$.position")
    nobody = new("RetryParked", entity=f"intake.enrolment.{world.good}", reason="typing")
    assert refusal(await world.operate(nobody)) == ("STATE", "$.entity")

    discard = new("DiscardEvent", entity=world.parked, position=position, reason="impossible")
    reply = await world.operate(discard)
    assert [it.type for it in reply.events or ()] == ["EventDiscarded"]
    issued = await world.issue()
    assert issued.ok, issued
    assert set(map(str, (await world.wholeness()).values())) == {str(EMPTY)}


async def test_a_view_says_nothing_of_what_it_has_parked_and_all_of_the_others(
    world: World,
) -> None:
    position = await world.poison()
    await world.reached("intake", position)

    assert refusal(await world.agree(world.bad)) == ("PARKED", "")
    assert (await world.agree(world.good)).ok

    discard = new("DiscardEvent", entity=world.parked, position=position, reason="impossible")
    assert (await world.operate(discard)).ok
    await world.until_released()
    assert (await world.agree(world.bad)).ok


@pytest.mark.slow
async def test_an_operator_sees_tries_and_decides(world: World) -> None:
    assert (await world.sluse("parked", "list", "--json")).status == 0
    position = await world.poison()
    await world.reached("intake", position)

    listed = await world.sluse("parked", "list", "--json")
    assert (listed.status, listed.lines[0]["silent"]) == (1, [])
    found = {
        (it["service"], it["entity"], it["position"], it["attempts"], tuple(it["waiting"]))
        for it in listed.lines[0]["waiting"]
    }
    assert found == {
        ("placement", world.parked, position, 3, (position,)),
        ("reporting", world.parked, position, 3, (position,)),
    }

    tried = await world.sluse("parked", "retry", world.parked, "--dry-run")
    assert tried.status == 1
    assert {(it["trial"]["folds"], it["trial"]["position"]) for it in tried.lines} == {
        (False, position)
    }
    without = await world.sluse("parked", "discard", world.parked, position, "--dry-run")
    assert (without.status, [it["trial"]["folds"] for it in without.lines]) == (0, [True, True])

    retried = await world.sluse("parked", "retry", world.parked, "--reason", "mended")
    assert [it["type"] for it in retried.lines[0]["events"]] == ["ParkedEntityRetried"]
    discarded = await world.sluse(
        "parked", "discard", world.parked, position, "--reason", "impossible"
    )
    assert (discarded.status, discarded.lines[0]["ok"]) == (0, True)
    again = await world.sluse("parked", "discard", world.parked, position, "--reason", "impossible")
    assert (again.status, again.lines[0]["events"]) == (0, [])
    told = await world.sluse("parked", "show", world.parked)
    assert told.lines == []
    unsaid = await world.sluse("parked", "retry", world.parked)
    assert (unsaid.status, "--reason" in unsaid.said) == (2, True)


@pytest.mark.slow
async def test_an_operator_lets_every_reader_pass_over_what_nobody_can_read(world: World) -> None:
    position = await world.put("placement.placement.forged", b"not an event")
    company = new("RegisterCompany", cvr="87654321", name="Byens Brød", sector="retail")
    later = await sent(to(world.desks["placement"]), company)
    event = await world.sluse("quarantine", "PLACEMENT", position - 1, "--reason", "typing")
    assert (event.status, event.lines[0]["error"]["code"]) == (1, "STATE")

    passed = await world.sluse("quarantine", "PLACEMENT", position, "--reason", "forged")

    assert [it["type"] for it in passed.lines[0]["events"]] == ["MessageQuarantined"]
    await world.reached("placement", later.position or 0)
    assert (await world.agree(world.good)).ok
    status = await world.get("/api/status")
    assert [it["stopped"] for it in status["streams"]] == [None] * 4
