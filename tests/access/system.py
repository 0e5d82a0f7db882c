"""All four services behind their gates, and two programmes with a person in each."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from litestar import Litestar
from msgspec import Struct

from services.aftercare import app as aftercare
from services.aftercare.reactions import plan_id
from services.intake import app as intake
from services.intake.events.definition import Definition
from services.placement import app as placement
from services.reporting import app as reporting
from shared.access.bearer import Bearer
from shared.access.gate import gate_of
from shared.bus import Bus, connected
from shared.bus_door import Answer, forwarder
from shared.command import SEND_AGAIN, Reply
from shared.command_server import app_of
from shared.context import Context
from shared.http_server import bound, serve
from shared.identifiers import derived_id
from shared.settings import Settings
from shared.subjects import DOORS, subject_of
from tests.contracts.patience import PATIENT
from tests.journeys import today
from tests.journeys.today import COMPANY, Body, ago, command
from tests.tokens import Keys, bearer

OWN, OTHER = "own", "other"
PROGRAMMES = (OWN, OTHER)


class Casework(Struct, frozen=True):
    """One of everything in a programme: the ids, by the names that commands have for them."""

    programme: str
    person_ref: str
    enrolment: str
    company: str
    opening: str
    match: str
    placement: str
    plan: str
    problem: str
    report: str
    moment: str

    @property
    def subjects(self) -> Mapping[str, str]:
        """The entities that events can be corrected of, by kind."""
        of = {
            "intake": ("programme", "person", "enrolment"),
            "placement": ("company", "opening", "match", "placement"),
            "aftercare": ("plan", "problem"),
        }
        ids = msgspec.structs.asdict(self) | {"person": self.person_ref}
        return {
            entity: subject_of(service, entity, ids[entity])
            for service, entities in of.items()
            for entity in entities
        }


class System(Struct, frozen=True):
    """The doors: the front door, each command service's own, the bus; and what was recorded."""

    keys: Keys
    front: httpx.AsyncClient
    own_doors: Mapping[str, httpx.AsyncClient]
    over_bus: Mapping[str, Answer]
    bus: Bus
    app: Litestar
    casework: dict[str, Casework]

    def everything(self) -> str:
        """A token that opens every door."""
        roles = ("caseworker", "coordinator", "reader", "operator")
        return self.keys.token("root", **dict.fromkeys(roles, ("*",)))

    async def post(self, service: str, body: Body, token: str) -> Reply:
        """The reply at the front door."""
        response = await self.front.post(f"/{service}/commands", json=body, headers=bearer(token))
        return msgspec.json.decode(response.content, type=Reply)

    async def ask_bus(self, service: str, body: Body, token: str) -> Reply:
        """The reply of whoever takes it from the bus."""
        context = Context(token=Bearer(token))
        return await self.over_bus[service](msgspec.json.encode(body), context)

    async def sent(self, service: str, body: Body, token: str = "") -> Reply:
        """The reply to a command that holds, sent until it is settled."""
        async with asyncio.timeout(PATIENT):
            while True:
                reply = await self.post(service, body, token or self.everything())
                if reply.error is None:
                    return reply
                assert reply.error.code in SEND_AGAIN, (body, reply)

    async def positions(self) -> dict[str, int]:
        """How far each stream is."""
        streams = ("INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS")
        return {stream: await self.bus.last_position(stream) for stream in streams}


@asynccontextmanager
async def started(settings: Settings, keys: Keys, **more: Any) -> AsyncIterator[System]:
    """All of it, for as long as the block runs; nothing recorded yet."""
    settings = keys.settings(settings, **more)
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(connected(settings.nats_url, "access"))
        own_doors = {}
        for name, service in (
            ("intake", intake),
            ("placement", placement),
            ("aftercare", aftercare),
        ):
            desk = await stack.enter_async_context(service.running(settings))
            door = app_of(desk, gate_of(settings))
            own_doors[name] = await stack.enter_async_context(served(door))
        app = await stack.enter_async_context(reporting.running(settings))
        front = await stack.enter_async_context(served(app))
        over_bus = {service: forwarder(bus, service, PATIENT) for service in DOORS}
        yield System(keys, front, own_doors, over_bus, bus, app, {})


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app, bound("127.0.0.1", 0), port.set_result, over))
    url = f"http://127.0.0.1:{await port}"
    try:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENT, trust_env=False) as client:
            yield client
    finally:
        over.set_result(None)
        await server


@asynccontextmanager
async def recorded(settings: Settings, keys: Keys, **more: Any) -> AsyncIterator[System]:
    """The system with casework in two programmes, whose keys are unlike any other test's."""
    async with started(settings, keys, **more) as system:
        for name in PROGRAMMES:
            system.casework[name] = await _casework(system, f"{name}-{uuid4().hex[:8]}")
        yield system


def definition(key: str) -> Body:
    """jobsporet's definition for a programme of today, under another key."""
    content = tomllib.loads(today.definition_text()) | {"key": key}
    body: Body = msgspec.to_builtins(msgspec.convert(content, Definition))
    return body


async def _casework(system: System, key: str) -> Casework:
    send = system.sent
    await send("intake", command("OpenProgramme", programme=key, definition=definition(key)))
    person = today.register_person()
    await send("intake", person)
    referral = today.refer(key, person["person_ref"])
    await send("intake", referral)
    enrolment = referral["enrolment"]
    for step in (today.assess, today.enrol, today.start_participation):
        await send("intake", step(enrolment))
    await send("placement", today.register_company())
    opening = command(
        "ReportOpening",
        opening=derived_id("opening", key),
        company=COMPANY,
        kind="full_time",
        positions=5,
        weekly_minutes_min=300,
        weekly_minutes_max=2220,
        carved=False,
        found_by="job_carver",
        sector="retail",
        reported_on=ago(20),
        programme=key,
    )
    await send("placement", opening)
    match = command(
        "ProposeMatch",
        match=derived_id("match", key),
        enrolment=enrolment,
        opening=opening["opening"],
        proposed_on=ago(15),
    )
    await send("placement", match)
    agreement = today.agree_placement(enrolment)
    await send("placement", agreement)
    placed = agreement["placement"]
    employment = today.start_employment(placed)
    await send("placement", employment)
    subject = subject_of("placement", "placement", placed)
    plan = plan_id(derived_id(employment["command_id"], subject, "0"))
    await send("aftercare", today.accept_aftercare(plan))
    problem = command(
        "RaiseProblem",
        problem=derived_id("problem", key),
        placement=placed,
        raised_by="citizen",
        category="transport",
        severity=1,
        raised_on=ago(4),
    )
    raised = await send("aftercare", problem)
    moment = await waited(system, "aftercare", raised.position or 0)
    report = command(
        "IssueReport", report=derived_id("report", key), programme=key, valid_on=ago(0)
    )
    await send("reports", report)
    return Casework(
        programme=key,
        person_ref=person["person_ref"],
        enrolment=enrolment,
        company=COMPANY,
        opening=opening["opening"],
        match=match["match"],
        placement=placed,
        plan=plan,
        problem=problem["problem"],
        report=report["report"],
        moment=moment,
    )


async def waited(system: System, service: str, position: int) -> str:
    """The moment, once the read models include the position."""
    response = await system.front.get(
        "/api/wait",
        params={"service": service, "position": str(position), "timeout": "20"},
        headers=bearer(system.everything()),
    )
    assert response.status_code == 200, response.text
    return str(response.json()["moment"])
