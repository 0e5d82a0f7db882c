"""Verifying finds each kind of damage, names where it is, and finds none where there is none."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import create_async_engine

from services.intake.events import VOCABULARY as INTAKE
from services.reporting.events import VOCABULARY as REPORTS
from shared import streams
from shared.access.gate import gate_of
from shared.bus import Bus, connected, flushed
from shared.bus_door import connected_broker, start, stop
from shared.envelope import encode
from shared.event_store import EventStore
from shared.fingerprint_door import open_fingerprint
from shared.subjects import SERVICES, fingerprint_subject
from sluse.backup.contents import content
from sluse.verify import Check, Verification, verify
from tests.contracts.casework import registered, to
from tests.contracts.conftest import settings_for
from tests.contracts.recording import an_event, put
from tests.contracts.test_issued import World, world  # noqa: F401 - the fixture
from tests.servers import standalone

ALL = [
    *(("stream", name) for name in ("INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS", "OPERATIONS")),
    ("read model", "intake: intake"),
    ("read model", "placement: placement"),
    ("read model", "aftercare: aftercare"),
    ("read model", "reporting: reporting"),
    ("read model", "reporting: reports"),
]


@pytest.fixture
async def whole(world: World) -> World:  # noqa: F811
    """All services, somebody who was placed and employed, and a report of it."""
    await world.issued()
    return world


def of(found: Verification, name: str) -> Check:
    [check] = [check for check in found.checks if check.name == name]
    return check


def not_ok(found: Verification) -> list[str]:
    return [check.name for check in found.checks if check.outcome != "ok"]


async def damage(whole: World, service: str, statement: str, **values: object) -> int:
    """Change rows of a service's database behind its back; how many."""
    engine = create_async_engine(whole.settings.database_of(service))
    try:
        async with engine.begin() as db:
            return (await db.execute(sa.text(statement), values)).rowcount
    finally:
        await engine.dispose()


async def test_an_undamaged_system_is_said_to_be_whole_also_under_load(whole: World) -> None:
    people: list[str] = []

    async def load() -> None:
        send = to(whole.desks["intake"])
        while True:
            people.append(await registered(send))

    loading = asyncio.create_task(load())
    try:
        found = await verify(whole.bus)
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
    assert found.ok, found
    [report] = [check.name for check in found.checks if check.kind == "report"]
    assert [(check.kind, check.name) for check in found.checks] == [*ALL, ("report", report)]
    assert 0 < found.moment["INTAKE"] < await whole.bus.last_position("INTAKE")


DAMAGES = [
    ("reporting", "enrolment", "UPDATE {} SET person_ref = 'x'", "EnrolmentFact", "intake"),
    ("reporting", "placed", "UPDATE {} SET until = since + 1", "PlacedFact", "placement"),
    ("reporting", "plan", "DELETE FROM {}", "PlanFact", "aftercare"),
    ("placement", "placement", "UPDATE {} SET since = since + 1", "PlacementFact", "placement"),
    ("aftercare", "offered", "DELETE FROM {}", "OfferedFact", "aftercare"),
    ("intake", "issued", "UPDATE {} SET placement = 0", "IssuedFact", "reports"),
    (
        "reporting",
        "event",
        "UPDATE {} SET body = replace(body, 'CompanyRegistered', 'CompanyLinked')"
        " WHERE subject LIKE 'placement.company.%'",
        "events",
        "company",
    ),
]


async def test_damaged_rows_are_found_and_their_entities_named(whole: World) -> None:
    subjects = {
        **whole.subjects,
        "reports": "reports.report.",
        "company": "placement.company.cvr12345678",
    }
    for service, name, statement, _, _ in DAMAGES:
        assert await damage(whole, service, statement.format(f"{service}_g1_{name}")) > 0, name
    found = await verify(whole.bus)
    services = sorted({service for service, *_ in DAMAGES})
    assert sorted(not_ok(found)) == [f"{service}: {service}" for service in services]
    for service, _, _, table, entity in DAMAGES:
        check = of(found, f"{service}: {service}")
        assert check.outcome == "wrong"
        [said] = [part for part in check.detail.split("; ") if f"{table} has " in f" {part}"]
        assert subjects[entity] in check.detail, said


async def test_an_event_twice_and_a_report_that_does_not_recompute_are_found(whole: World) -> None:
    report = await issued_wrongly(whole.bus)
    store = EventStore(whole.bus, INTAKE)
    history = await store.load(whole.subjects["intake"])
    twin = an_event("intake.person.twin", id=history.records[0].envelope.id)
    await put(whole.bus, "intake.person.twin", encode(twin))
    found = await verify(whole.bus)
    assert not_ok(found) == ["INTAKE", report]
    assert "TWICE" in of(found, "INTAKE").detail
    assert of(found, report).outcome == "wrong"
    assert "$.enrolled" in of(found, report).detail


async def test_a_gap_and_a_message_that_claims_another_source_are_found(whole: World) -> None:
    subject = "intake.person.forged"
    await put(whole.bus, subject, encode(an_event(subject, source="/sluse/placement")))
    await whole.bus.api("STREAM.MSG.DELETE.PLACEMENT", {"seq": 2, "no_erase": True})
    found = await verify(whole.bus)
    assert of(found, "INTAKE").outcome == of(found, "PLACEMENT").outcome == "wrong"
    assert "UNDECODABLE" in of(found, "INTAKE").detail
    assert "1 gaps: 2-2" in of(found, "PLACEMENT").detail
    # what rests on them can't be said to be right
    assert of(found, "reporting: reporting").outcome == "unknown"
    assert {check.outcome for check in found.checks if check.kind == "report"} == {"unknown"}


async def test_what_is_missing_at_a_streams_end_is_found_and_waited_for_by_nobody(
    whole: World,
) -> None:
    last = await whole.bus.last_position("PLACEMENT")
    for stream, position in (("PLACEMENT", last), ("PLACEMENT", last - 1), ("REPORTS", 1)):
        missing = {"seq": position, "no_erase": True}
        await whole.bus.api(f"STREAM.MSG.DELETE.{stream}", missing)
    async with asyncio.timeout(100):
        found = await verify(whole.bus)
        await content(whole.bus, "PLACEMENT", last)
    assert f"1 gaps: {last - 1}-{last}" in of(found, "PLACEMENT").detail
    assert of(found, "REPORTS").detail == "0 events up to 1; 1 gaps: 1-1"
    assert of(found, "reporting: reporting").outcome == "unknown"
    assert {check.outcome for check in found.checks if check.kind == "report"} == {"unknown"}


async def test_what_both_folds_have_parked_is_named(whole: World) -> None:
    """The rows are the same on both sides, and on both sides old."""
    subject = whole.subjects["intake"]
    event_id, _ = await whole.event("intake", "ParticipantEnrolled")
    unreadable = {"event_id": event_id, "data": {"start_on": "never"}, "reason": "mistake"}
    data = msgspec.Raw(msgspec.json.encode(unreadable))
    await put(whole.bus, subject, encode(an_event(subject, type="EventCorrected", data=data)))
    found = await verify(whole.bus)
    assert not found.ok
    assert not_ok(found) == [f"{it}: {it}" for it in ("placement", "reporting")]
    for name in not_ok(found):
        assert of(found, name).outcome == "wrong"
        assert of(found, name).detail == f"1 entities are parked: {subject}"


async def test_one_replica_alone_reads_its_tables_for_a_question(tmp_path: Path) -> None:
    asked, answers = 20, list[Msg]()

    async def answered(message: Msg) -> None:
        answers.append(message)

    async with standalone(tmp_path) as server, connected(server.url, "contract") as bus:
        gate = gate_of(settings_for(server.url, tmp_path))
        await bus.client.subscribe("answers", cb=answered)
        async with AsyncExitStack() as replicas:
            for name in ("one", "two"):
                door = connected_broker(server.url, name)
                broker = await replicas.enter_async_context(door)
                open_fingerprint(broker, "intake", [], gate)
                await start(broker)
                replicas.push_async_callback(stop, broker)
            for _ in range(asked):
                await bus.publish(fingerprint_subject("intake"), b'{"moment":{}}', reply="answers")
            async with asyncio.timeout(10):
                while len(answers) < asked:
                    await asyncio.sleep(0.01)
        await flushed(bus.client)  # what they had under way is answered now
    assert len(answers) == asked


async def issued_wrongly(bus: Bus) -> str:
    """A copy of the issued report with another figure, put into the stream by somebody."""
    store = EventStore(bus, REPORTS)
    message = await bus.api("STREAM.MSG.GET.REPORTS", {"seq": 1})
    subject = msgspec.json.decode(message)["message"]["subject"]
    record = (await store.load(subject)).records[0]
    data: dict[str, Any] = msgspec.json.decode(record.envelope.data)
    forged = an_event(
        "reports.report.forged",
        type="ReportIssued",
        data=msgspec.Raw(msgspec.json.encode({**data, "enrolled": data["enrolled"] + 1})),
    )
    await put(bus, "reports.report.forged", encode(forged))
    return "forged"


async def test_a_service_that_does_not_run_proves_nothing(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "contract") as bus:
        await streams.apply(bus)
        found = await verify(bus)
    assert not found.ok
    assert {check.outcome for check in found.checks if check.kind == "stream"} == {"ok"}
    told = {check.detail for check in found.checks if check.kind == "read model"}
    assert told == {f"{it} does not run" for it in (*SERVICES, "reporting")}
