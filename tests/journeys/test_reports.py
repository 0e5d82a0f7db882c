"""Reports: issued once, the same for ever, and explained when the figures have moved since."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from services.reporting.events import VOCABULARY
from shared.bus import connected
from shared.envelope import encode
from shared.event_store import EventStore
from tests.journeys import today
from tests.journeys.conftest import Demo
from tests.journeys.sluse_process import Up
from tests.journeys.test_front_door import accepted, refused
from tests.journeys.today import ago

pytestmark = pytest.mark.slow

STATUS_DAY = "2022-04-27"


def issued(up: Up, programme: str, day: str, *options: str) -> str:
    """The id of a report that the operator has given out."""
    report = str(uuid4())
    ran = up.run("report", "issue", programme, "--on", day, "--id", report, *options)
    assert ran.status == 0, ran.said
    reply = json.loads(ran.out)
    assert [event["type"] for event in reply["events"]] == ["ReportIssued"]
    return report


def verified(up: Up, report: str) -> tuple[int, Any]:
    ran = up.run("report", "verify", report)
    return ran.status, json.loads(ran.out)


def referred_late(up: Up, programme: str) -> dict[str, Any]:
    """Somebody who was referred weeks ago and is registered now."""
    person = today.register_person()
    accepted(up, "intake", person)
    referral = today.refer(programme, person["person_ref"])
    reply = accepted(up, "intake", referral)
    up.wait("intake", reply["position"])
    return referral


def test_a_report_says_what_reporting_answers_that_day(demo: Demo) -> None:
    report = issued(demo.up, "jobsporet", STATUS_DAY)
    told = demo.up.ask(f"/api/reports/{report}")
    content = told["content"]
    answered = demo.up.ask(
        "/api/programmes/jobsporet/goals", on=STATUS_DAY, known=content["moment"]
    )
    assert content["enrolled"] == 54
    assert content["partition"]["training_with_wage_hours"] == 8
    assert content["partition"]["training_wage_hours_unknown"] == 8
    assert content["checksum"] == answered["checksum"]
    assert [goal["id"] for goal in content["goals"]] == [goal["id"] for goal in answered["goals"]]
    for reported, asked in zip(content["goals"], answered["goals"], strict=True):
        assert reported["figure"]["value"] == asked["figure"]["value"]
        assert reported["figure"]["denominator"] == asked["figure"]["denominator"]
        assert reported["figure"]["measure_version"] == asked["figure"]["measure_version"]
        assert reported["state"] == asked["state"]
    assert {"code": "WAGE_HOURS_UNKNOWN", "count": 8} in content["findings"]
    assert told["restatable"] is False
    assert report in [entry["report"] for entry in demo.up.ask("/api/reports")]


def test_nobody_can_be_found_in_a_report(demo: Demo) -> None:
    report = issued(demo.up, "jobsporet", STATUS_DAY)
    text = json.dumps(demo.up.ask(f"/api/reports/{report}")["content"])
    people = demo.up.ask("/api/programmes/jobsporet/partition", on=STATUS_DAY)["people"]
    everybody = [person for members in people.values() for person in members]
    assert len(everybody) == 54
    assert not [person for person in everybody if person in text]


def test_a_report_recomputes_from_the_streams_alone(demo: Demo) -> None:
    report = issued(demo.up, "jobsporet", STATUS_DAY)
    status, told = verified(demo.up, report)
    assert (status, told["outcome"], told["differences"]) == (0, "equal", [])
    assert told["digest"] == told["recomputed_digest"]


def test_a_report_of_an_old_moment_is_the_old_figure(demo: Demo) -> None:
    now = demo.up.ask("/api/programmes/jobsporet/goals", on=STATUS_DAY)["moment"]
    half = ".".join(f"{part[0]}{int(part[1:]) // 2}" for part in now.split("."))
    report = issued(demo.up, "jobsporet", STATUS_DAY, "--known", half)
    content = demo.up.ask(f"/api/reports/{report}")["content"]
    answered = demo.up.ask("/api/programmes/jobsporet/partition", on=STATUS_DAY, known=half)
    assert content["moment"] == half
    assert content["partition"] == answered["classes"]


def test_what_is_registered_after_a_report_is_told_with_the_event_that_did_it(
    up: Up, programme: str
) -> None:
    referred_late(up, programme)
    report = issued(up, programme, ago(0))
    assert up.ask(f"/api/reports/{report}")["restatable"] is False

    later = referred_late(up, programme)

    assert up.ask(f"/api/reports/{report}")["restatable"] is True
    ran = up.run("report", "diff", report)
    assert ran.status == 0, ran.said
    for told in (json.loads(ran.out), up.ask(f"/api/reports/{report}/changes")):
        [change] = [change for change in told["goals"] if change["id"] == "referred"]
        assert change["after"] - change["before"] == 1
        assert change["entered"] == [later["person_ref"]]
        assert change["left"] == []
        [cause] = change["causes"]
        assert cause["type"] == "ParticipantReferred"
        assert cause["subject"] == f"intake.enrolment.{later['enrolment']}"
    status, told = verified(up, report)
    assert (status, told["outcome"]) == (0, "equal")  # as issued, it is what it was


def test_a_report_that_was_tampered_with_is_found_out(up: Up, programme: str) -> None:
    referred_late(up, programme)
    report = issued(up, programme, ago(0))
    forged = asyncio.run(_forge(up.nats, report))

    status, told = verified(up, forged)

    assert (status, told["outcome"]) == (1, "different")
    [difference] = told["differences"]
    assert difference["path"] == "$.goals[0].figure.value"
    assert difference["reported"] == difference["recomputed"] + 1


async def _forge(url: str, report: str) -> str:
    """A copy of a report, written past its door, with one more referred than there are."""
    forged = str(uuid4())
    async with connected(url, "forger") as bus:
        store = EventStore(bus, VOCABULARY)
        history = await store.load(f"reports.report.{report}")
        event = msgspec.json.decode(encode(history.records[0].envelope))
        data = event["data"]
        data["goals"][0]["figure"]["value"] += 1
        event |= {
            "id": str(uuid4()),
            "subject": f"reports.report.{forged}",
            "data": data,
        }
        await bus.request(f"reports.report.{forged}", msgspec.json.encode(event), 5)
    return forged


def test_what_cannot_be_reported_is_refused(up: Up, programme: str) -> None:
    issue = today.command("IssueReport", programme=programme, valid_on=ago(0))
    refused(up, "reports", {**issue, "programme": "nothing"}, 404, "NOT_FOUND", "key")
    refused(up, "reports", {**issue, "valid_on": ago(-1)}, 422, "FUTURE_DATE", "$.valid_on")
    refused(up, "reports", {**issue, "moment": "yesterday"}, 422, "INVALID_FIELD", "moment")


def test_one_report_takes_the_place_of_another(up: Up, programme: str) -> None:
    first, second = issued(up, programme, ago(0)), issued(up, programme, ago(0))
    supersede = today.command(
        "SupersedeReport", report=first, superseded_by=second, reason="restated"
    )
    reply = accepted(up, "reports", supersede)
    assert [event["type"] for event in reply["events"]] == ["ReportSuperseded"]
    assert up.ask(f"/api/reports/{first}")["superseded_by"] == second
    again = today.command("SupersedeReport", report=first, superseded_by=first, reason="restated")
    refused(up, "reports", again, 422, "INVALID_FIELD", "$.superseded_by")
