"""What an issued report has used is corrected by two persons, whichever service recorded it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from msgspec import Struct

from services.aftercare import app as aftercare
from services.aftercare.events import VOCABULARY as AFTERCARE
from services.aftercare.reactions import plan_id, settled
from services.intake import app as intake
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.goals import AftercareCoverage
from services.placement import app as placement
from services.placement.events import VOCABULARY as PLACEMENT
from services.reporting import app as reporting
from shared import streams
from shared.actors import is_own, own
from shared.bus import Bus, connected
from shared.bus_door import forwarder
from shared.command import Reply
from shared.correction.events import EventCorrected
from shared.desk import Desk
from shared.event_store import EventStore
from shared.handling import Context
from shared.settings import Settings
from sluse.reports import verify
from tests.contracts.casework import PROGRAMME, enrolment_of, new, referral, registered, sent, to
from tests.contracts.conftest import settings_for
from tests.contracts.patience import PATIENT
from tests.definitions import DEFINITION, definition, text
from tests.servers import standalone

VOCABULARIES = {it.service: it for it in (INTAKE, PLACEMENT, AFTERCARE)}
COMPANY = "cvr12345678"
VALID_ON = "2021-12-31"
COVERED = AftercareCoverage(id="covered", title=text("Covered"), party="citizen")


class World(Struct, frozen=True):
    """All services as they run, and somebody who was placed and employed."""

    bus: Bus
    settings: Settings
    desks: Mapping[str, Desk]
    http: httpx.AsyncClient
    subjects: dict[str, str]

    async def told(self, service: str, actor: str, command: dict[str, object]) -> Reply:
        """The answer to what somebody asks a service."""
        return await self.desks[service].answer(msgspec.json.encode(command), Context(actor=actor))

    async def event(
        self, service: str, event_type: str, subject: str = ""
    ) -> tuple[str, dict[str, Any]]:
        """The id and the data of the one event of this type, of the person's or another entity."""
        store = EventStore(self.bus, VOCABULARIES[service])
        history = await store.load(subject or self.subjects[service])
        [record] = [it for it in history.records if it.envelope.type == event_type]
        return record.envelope.id, msgspec.json.decode(record.envelope.data)

    async def issued(self) -> str:
        """A report of the programme's day as it is known now."""
        report = str(uuid4())
        door = forwarder(self.bus, "reports", PATIENT)
        command = new("IssueReport", report=report, programme=PROGRAMME, valid_on=VALID_ON)
        await sent(lambda body: door(msgspec.json.encode(body), Context()), command)
        return report

    async def ask(self, path: str) -> Any:
        response = await self.http.get(path)
        assert response.status_code == 200, response.text
        return response.json()


async def _employed(bus: Bus, desks: Mapping[str, Desk]) -> dict[str, str]:
    """Somebody is enrolled, employed, and takes aftercare; the entities' subjects by service."""
    send = {name: to(desk) for name, desk in desks.items()}
    body = msgspec.to_builtins(definition(key=PROGRAMME, goals=(*DEFINITION.goals, COVERED)))
    opening = new("OpenProgramme", programme=PROGRAMME, definition=body, late_reason="import")
    await sent(send["intake"], opening)
    enrolment, placed = str(uuid4()), str(uuid4())
    await sent(send["intake"], referral(await registered(send["intake"]), enrolment))
    await sent(send["intake"], enrolment_of(enrolment))
    company = new("RegisterCompany", cvr="12345678", name="Hedens Brød", sector="retail")
    await sent(send["placement"], company)
    agreement = new(
        "AgreePlacement",
        placement=placed,
        enrolment=enrolment,
        company=COMPANY,
        purpose="placement",
        late_reason="import",
    )
    await sent(send["placement"], agreement)
    job = new(
        "StartEmployment",
        placement=placed,
        kind="full_time",
        start_on="2021-06-01",
        weekly_minutes=2220,
        open_ended=True,
        late_reason="import",
    )
    reply = await sent(send["placement"], job)
    assert reply.events
    plan = plan_id(reply.events[0].id)
    acceptance = new(
        "AcceptAftercare",
        plan=plan,
        party="citizen",
        accepted_on="2021-06-02",
        late_reason="import",
    )

    await settled(bus, PATIENT)
    await sent(send["aftercare"], acceptance)
    return {
        "intake": f"intake.enrolment.{enrolment}",
        "placement": f"placement.placement.{placed}",
        "aftercare": f"aftercare.plan.{plan}",
    }


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
        http = await enter(httpx.AsyncClient(transport=transport, base_url="http://sluse"))
        yield World(bus, settings, desks, http, await _employed(bus, desks))


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


def types(reply: Reply) -> list[str]:
    assert reply.ok, reply
    return [event.type for event in reply.events or ()]


@pytest.mark.parametrize(
    ("service", "event_type", "change", "goal"),
    [
        ("intake", "ParticipantEnrolled", {"start_on": "2022-01-10"}, None),
        ("placement", "EmploymentStarted", {"start_on": "2022-02-01"}, "jobs"),
        ("aftercare", "AftercareAccepted", None, "covered"),
    ],
)
async def test_a_second_person_changes_what_a_report_has_used(
    world: World,
    service: str,
    event_type: str,
    change: dict[str, object] | None,
    goal: str | None,
) -> None:
    event_id, data = await world.event(service, event_type)
    about: dict[str, object] = {"subject": world.subjects[service], "event_id": event_id}
    because: dict[str, object] = {**about, "reason": "typing"}
    corrected = {} if change is None else {"data": {**data, **change}}
    report = await world.issued()
    assert (await world.ask(f"/api/reports/{report}"))["restatable"] is False

    alone = new("RetractEvent" if change is None else "CorrectEvent", **because, **corrected)
    refused = await world.told(service, "anna", alone)
    assert refusal(refused) == ("STATE", "$.event_id")
    assert refused.error is not None
    assert report in refused.error.message

    proposed = await world.told(service, "anna", new("ProposeCorrection", **because, **corrected))
    assert types(proposed) == ["CorrectionProposed"]
    assert proposed.events
    approval: dict[str, object] = {
        "subject": about["subject"],
        "proposal_id": proposed.events[0].id,
    }
    agreed = await world.told(service, "anna", new("ApproveCorrection", **approval))
    assert refusal(agreed) == ("SAME_ACTOR", "$.proposal_id")
    assert (await world.ask(f"/api/reports/{report}"))["restatable"] is False

    agreed = await world.told(service, "bo", new("ApproveCorrection", **approval))
    enacted = "EventRetracted" if change is None else "EventCorrected"
    assert types(agreed) == ["CorrectionApproved", enacted]
    assert (await world.ask(f"/api/reports/{report}"))["restatable"] is True
    assert (await verify(world.bus, report)).outcome == "equal"

    told = await world.ask(f"/api/reports/{report}/changes")
    causes = {it["id"]: [cause["type"] for cause in it["causes"]] for it in told["goals"]}
    by_people = [it for it in told["events"] if not is_own(it["actor"])]  # reactions may follow
    assert [(cause["type"], cause["actor"]) for cause in by_people] == [(enacted, "bo")]
    assert goal is None or causes[goal] == [enacted]


async def test_what_sluse_does_because_of_an_approved_correction_needs_no_second_person(
    world: World,
) -> None:
    event_id, data = await world.event("placement", "EmploymentStarted")
    await world.issued()
    proposal = new(
        "ProposeCorrection",
        subject=world.subjects["placement"],
        event_id=event_id,
        data={**data, "start_on": "2021-06-08"},
        reason="typing",
    )
    proposed = await world.told("placement", "anna", proposal)
    assert proposed.events
    approval = new(
        "ApproveCorrection",
        subject=world.subjects["placement"],
        proposal_id=proposed.events[0].id,
    )
    assert (await world.told("placement", "bo", approval)).ok

    await settled(world.bus, PATIENT)

    store = EventStore(world.bus, AFTERCARE)
    history = await store.load(world.subjects["aftercare"])
    last = history.records[-1]
    assert (last.envelope.type, last.envelope.actor) == ("EventCorrected", own("aftercare"))
    offered, _ = await world.event("aftercare", "AftercareOffered")
    assert isinstance(last.event, EventCorrected)
    assert last.event.event_id == offered
    assert last.event.data["anchor_on"] == "2021-06-08"


async def test_what_came_after_the_report_is_corrected_by_one(world: World) -> None:
    report = await world.issued()
    send = to(world.desks["intake"])
    enrolment = str(uuid4())
    await sent(send, referral(await registered(send), enrolment))
    subject = f"intake.enrolment.{enrolment}"
    event_id, data = await world.event("intake", "ParticipantReferred", subject)
    correction = new(
        "CorrectEvent",
        subject=subject,
        event_id=event_id,
        data={**data, "referred_on": "2021-03-15"},
        reason="typing",
    )
    assert types(await world.told("intake", "anna", correction)) == ["EventCorrected"]
    assert (await world.ask(f"/api/reports/{report}"))["restatable"] is True
    assert (await verify(world.bus, report)).outcome == "equal"


@pytest.mark.parametrize("service", ["intake", "placement", "aftercare"])
async def test_a_service_that_has_lost_its_database_still_knows_what_was_issued(
    world: World, tmp_path: Path, service: str
) -> None:
    report = await world.issued()
    of = {
        "intake": (intake, "ParticipantEnrolled"),
        "placement": (placement, "EmploymentStarted"),
        "aftercare": (aftercare, "AftercareAccepted"),
    }
    app, event_type = of[service]
    event_id, _ = await world.event(service, event_type)
    retraction = new(
        "RetractEvent", subject=world.subjects[service], event_id=event_id, reason="test_data"
    )
    (tmp_path / "fresh").mkdir()
    async with app.running(settings_for(world.settings.nats_url, tmp_path / "fresh")) as desk:
        reply = await desk.answer(msgspec.json.encode(retraction), Context(actor="anna"))
    assert reply.error is not None, reply
    assert reply.error.code == "STATE"
    assert report in reply.error.message
