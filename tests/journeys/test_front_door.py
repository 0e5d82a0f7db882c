"""The front door: a person's way through the programme, and the contract that others script against."""

import asyncio
import json
from typing import Any

import pytest

from services.aftercare.reactions import plan_id
from shared.bus import connected
from shared.identifiers import derived_id
from shared.subjects import subject_of
from sluse.sending import commands
from tests.journeys import history, today
from tests.journeys.sluse_process import Up
from tests.journeys.today import Body, ago, command


def accepted(up: Up, service: str, body: Body, **headers: str) -> Any:
    """The reply to a command that holds."""
    response = up.command(service, body, headers)
    reply = response.json()
    assert (response.status_code, reply.get("ok")) == (200, True), response.text
    assert set(reply) == {"ok", "position", "events", "warnings"}
    return reply


def refused(up: Up, service: str, body: Body, status: int, code: str, path: str = "") -> str:
    """The message of a refusal."""
    response = up.command(service, body)
    assert response.status_code == status, response.text
    reply = response.json()
    assert set(reply) == {"ok", "error"}
    assert reply["ok"] is False
    error = reply["error"]
    assert (error["code"], error["path"]) == (code, path)
    return str(error["message"])


def referred(up: Up, programme: str) -> Body:
    """Somebody who was referred just now."""
    person = today.register_person()
    accepted(up, "intake", person)
    referral = today.refer(programme, person["person_ref"])
    accepted(up, "intake", referral)
    return referral


def enrolled(up: Up, programme: str) -> str:
    """The enrolment of somebody who was enrolled just now."""
    enrolment = str(referred(up, programme)["enrolment"])
    accepted(up, "intake", today.enrol(enrolment))
    return enrolment


def placed(up: Up, programme: str) -> str:
    """The placement of somebody who was enrolled just now."""
    agreement = today.agree_placement(enrolled(up, programme))
    accepted(up, "placement", today.register_company())
    accepted(up, "placement", agreement)
    return str(agreement["placement"])


def plan_of(employment: Body) -> str:
    """The plan that the command's employment makes."""
    subject = subject_of("placement", "placement", employment["placement"])
    return plan_id(derived_id(employment["command_id"], subject, "0"))


def test_from_a_referral_to_a_follow_up(up: Up, programme: str) -> None:
    before = up.ask(f"/api/programmes/{programme}/partition")
    person = today.register_person()
    referral = today.refer(programme, person["person_ref"])
    enrolment = referral["enrolment"]
    agreement = today.agree_placement(enrolment)
    placement = agreement["placement"]
    employment = today.start_employment(placement)
    plan = plan_of(employment)
    steps: list[tuple[str, Body, str]] = [
        ("intake", person, "PersonRegistered"),
        ("intake", referral, "ParticipantReferred"),
        ("intake", today.assess(enrolment), "EligibilityAssessed"),
        ("intake", today.enrol(enrolment), "ParticipantEnrolled"),
        ("intake", today.start_participation(enrolment), "ParticipationStarted"),
        ("placement", agreement, "PlacementAgreed"),
        (
            "placement",
            command(
                "StartPractice",
                placement=placement,
                start_on=ago(30),
                planned_end_on=ago(-30),
                wage_hours="agreed",
            ),
            "PracticeStarted",
        ),
        (
            "placement",
            command("BeginWageHours", placement=placement, from_on=ago(20), weekly_minutes=300),
            "WageHoursBegan",
        ),
        (
            "placement",
            command(
                "ReportWageHours",
                placement=placement,
                from_on=ago(20),
                to_on=ago(14),
                wage_minutes=290,
                evidence="payslip",
            ),
            "WageHoursReported",
        ),
        (
            "placement",
            command("EndWageHours", placement=placement, end_on=ago(11)),
            "WageHoursEnded",
        ),
        (
            "placement",
            command(
                "EndPractice", placement=placement, end_on=ago(11), reason="practice_completed"
            ),
            "PracticeEnded",
        ),
        ("placement", employment, "EmploymentStarted"),
        ("aftercare", today.accept_aftercare(plan), "AftercareAccepted"),
        ("aftercare", today.accept_aftercare(plan, "company"), "AftercareAccepted"),
        (
            "aftercare",
            command("AgreeAftercarePlan", plan=plan, agreed_on=ago(0), anchor_on=ago(10)),
            "AftercarePlanAgreed",
        ),
        (
            "aftercare",
            command(
                "CompleteFollowUp",
                plan=plan,
                touchpoint="citizen_1w",
                party="citizen",
                channel="phone",
                held_on=ago(0),
                employment_state="employed_same",
            ),
            "FollowUpCompleted",
        ),
    ]
    accepted(up, "placement", today.register_company())
    for service, body, event in steps:
        reply = accepted(up, service, body)
        assert [it["type"] for it in reply["events"]] == [event]
        assert reply["warnings"] == []
        moment = up.wait(service, reply["position"])  # read your own writes
        told = up.ask(f"/api/people/{person['person_ref']}/timeline", known=moment)
        assert reply["events"][0]["id"] in [it["id"] for it in told["events"]]
    told = up.ask(f"/api/people/{person['person_ref']}/timeline")
    assert sorted(it["type"] for it in told["events"]) == sorted(
        [event for _, _, event in steps] + ["AftercareOffered"]
    )
    days = [it["happened_on"] for it in told["events"] if it["happened_on"]]
    assert days == sorted(days)
    by_then = up.ask(f"/api/people/{person['person_ref']}/timeline", on=ago(35))
    assert [it["type"] for it in by_then["events"] if it["happened_on"]] == [
        "ParticipantReferred",
        "EligibilityAssessed",
        "ParticipantEnrolled",
    ]
    after = up.ask(f"/api/programmes/{programme}/partition")
    assert after["enrolled"] == before["enrolled"] + 1
    assert person["person_ref"] in after["people"]["employed"]
    goals = up.ask(f"/api/programmes/{programme}/goals")["goals"]
    entered = next(goal for goal in goals if goal["id"] == "entered_employment")
    assert person["person_ref"] in entered["figure"]["counted"]
    for days_ago, where in ((25, "training_wage_hours_unknown"), (15, "training_with_wage_hours")):
        that_day = up.ask(f"/api/programmes/{programme}/partition", on=ago(days_ago))
        assert person["person_ref"] in that_day["people"][where]


def test_nobody_is_enrolled_twice_in_one_programme_and_site(up: Up, programme: str) -> None:
    first = referred(up, programme)
    second = today.refer(programme, first["person_ref"])
    accepted(up, "intake", second)
    accepted(up, "intake", today.enrol(first["enrolment"]))
    refused(up, "intake", today.enrol(second["enrolment"]), 409, "ALREADY_ENROLLED")
    assert up.wait("intake", 1)


def test_who_is_not_enrolled_is_not_placed(up: Up, programme: str) -> None:
    accepted(up, "placement", today.register_company())
    enrolment = str(referred(up, programme)["enrolment"])
    agreement = today.agree_placement(enrolment)
    refused(up, "placement", agreement, 409, "STATE", "$.enrolment")
    accepted(up, "intake", today.enrol(enrolment))
    accepted(up, "placement", agreement)  # the refusal was recorded nowhere


@pytest.mark.parametrize(
    ("service", "change", "status", "code", "path"),
    [
        ("intake", {"referred_on": ago(-1)}, 422, "FUTURE_DATE", "$.referred_on"),
        ("intake", {"referred_on": ago(100)}, 422, "LATE", "$.referred_on"),
        ("intake", {"referred_on": "soon"}, 422, "INVALID_FIELD", "$.referred_on"),
        ("intake", {"benefit": "su"}, 422, "INVALID_FIELD", "$.benefit"),
        ("intake", {"site": "aarhus"}, 422, "INVALID_FIELD", "$.site"),
        ("intake", {"person_ref": "nobody"}, 422, "INVALID_FIELD", "$.person_ref"),
        ("intake", {"programme": "none-such"}, 422, "INVALID_FIELD", "$.programme"),
        ("intake", {"mood": "good"}, 422, "INVALID_FIELD", "$.mood"),
        ("intake", {"person_ref": "x-010190-1234"}, 422, "PII_IN_EVENT", "$.person_ref"),
        ("intake", {"expected_position": 7}, 409, "CONFLICT", "$.expected_position"),
        ("intake", {"type": "ReferNobody"}, 422, "INVALID_FIELD", "$.type"),
        ("placement", {}, 422, "INVALID_FIELD", "$.type"),
    ],
)
def test_what_is_wrong_is_refused_with_its_code_and_path(
    up: Up, programme: str, service: str, change: Body, status: int, code: str, path: str
) -> None:
    person = today.register_person()
    accepted(up, "intake", person)
    body = {**today.refer(programme, person["person_ref"]), **change}
    refused(up, service, body, status, code, path)


def test_late_with_a_reason_is_accepted_with_a_warning(up: Up, programme: str) -> None:
    person = today.register_person()
    accepted(up, "intake", person)
    body = today.refer(programme, person["person_ref"])
    late = {**body, "referred_on": ago(100), "late_reason": "backlog"}
    assert [it["code"] for it in accepted(up, "intake", late)["warnings"]] == ["LATE"]


async def test_both_doors_answer_alike_and_a_repeated_command_gets_its_first_answer(
    up: Up, programme: str
) -> None:
    referral = referred(up, programme)
    enrolling = today.enrol(referral["enrolment"])
    over_http = up.command("intake", enrolling)
    accepted(up, "intake", today.start_participation(referral["enrolment"]))
    again = up.command("intake", enrolling)
    assert again.json() == over_http.json()
    wrong = {**enrolling, "start_on": ago(1)}
    async with connected(up.nats, "journey") as bus:

        async def over_nats(body: bytes) -> Any:
            return json.loads((await bus.request("commands.intake", body, 15)).data)

        assert await over_nats(json.dumps(enrolling).encode()) == over_http.json()
        conflict = await over_nats(json.dumps(wrong).encode())
        assert conflict == up.command("intake", wrong).json()
        assert conflict["error"]["code"] == "CONFLICT"
        assert conflict["error"]["path"] == "$.command_id"
        first_over_nats = await over_nats(json.dumps(body := today.register_person()).encode())
        assert first_over_nats == up.command("intake", body).json()
        for malformed in (b"", b"{", b"[]", b'{"type": "RegisterPerson"}', b"\xff"):
            at_http = up.http.post("/intake/commands", content=malformed)
            assert await over_nats(malformed) == at_http.json(), malformed


async def test_the_same_command_sent_at_once_over_both_doors_is_one_event(
    up: Up, programme: str
) -> None:
    enrolling = today.enrol(str(referred(up, programme)["enrolment"]))
    content = json.dumps(enrolling).encode()
    async with connected(up.nats, "journey") as bus:
        over_nats = [bus.request("commands.intake", content, 15) for _ in range(5)]
        over_http = [asyncio.to_thread(up.command, "intake", enrolling) for _ in range(5)]
        told = await asyncio.gather(*over_nats), await asyncio.gather(*over_http)
    replies = [json.loads(it.data) for it in told[0]] + [it.json() for it in told[1]]
    assert replies[0]["ok"]
    assert all(reply == replies[0] for reply in replies), replies
    lines = history.read(up.run("export").out)
    of_command = [it for it in lines if it["event"]["commandid"] == enrolling["command_id"]]
    assert len(history.of_type(of_command, "ParticipantEnrolled")) == 1


def test_a_correlation_id_goes_from_the_request_into_the_event(up: Up) -> None:
    person = today.register_person()
    accepted(up, "intake", person, **{"X-Correlation-ID": "case-4711"})
    other = today.register_person()
    accepted(
        up,
        "intake",
        other,
        **{"X-Correlation-ID": "not allowed: åæø".encode("ascii", "replace").decode()},
    )
    by_command = {
        line["event"]["commandid"]: line["event"] for line in history.read(up.run("export").out)
    }
    assert by_command[person["command_id"]]["correlationid"] == "case-4711"
    assert by_command[other["command_id"]]["correlationid"] == other["command_id"]


def test_the_schema_describes_every_command(up: Up) -> None:
    document = up.ask("/schema")
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    assert document["info"]["version"]
    schemas = document["components"]["schemas"]
    for service, kinds in commands().items():
        operation = document["paths"][f"/{service}/commands"]["post"]
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        mapping = body["discriminator"]["mapping"]
        assert set(mapping) == {kind.__name__ for kind in kinds}
        assert {option["$ref"] for option in body["oneOf"]} == set(mapping.values())
        for kind, reference in mapping.items():
            schema = schemas[reference.removeprefix("#/components/schemas/")]
            assert schema["additionalProperties"] is False, kind
            assert {"type", "command_id"} <= set(schema["required"]), kind
    for question in ("programmes", "programmes/{key}/goals", "programmes/{key}/partition", "wait"):
        assert "get" in document["paths"][f"/api/{question}"]
    assert "get" in document["paths"]["/api/people/{person_ref}/timeline"]
    _assert_references_lead_somewhere(document, document)
    operations = [
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
    ]
    assert len(operations) == len(set(operations))


def _assert_references_lead_somewhere(part: Any, document: Any) -> None:
    if isinstance(part, list):
        for item in part:
            _assert_references_lead_somewhere(item, document)
    if not isinstance(part, dict):
        return
    reference = part.get("$ref")
    if isinstance(reference, str):
        target = document
        for name in reference.removeprefix("#/").split("/"):
            assert name in target, reference
            target = target[name]
    for item in part.values():
        _assert_references_lead_somewhere(item, document)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/api/nothing", 404, "NOT_FOUND"),
        ("POST", "/nobody/commands", 404, "NOT_FOUND"),
        ("GET", "/api/programmes/nothing/goals", 404, "NOT_FOUND"),
        ("GET", "/api/people/nobody/timeline", 404, "NOT_FOUND"),
        ("GET", "/intake/commands", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/api/wait?service=nobody&position=1", 422, "INVALID_FIELD"),
        ("GET", "/api/wait?service=intake&position=-1", 422, "INVALID_FIELD"),
        ("GET", "/api/wait?service=intake&position=1&timeout=nan", 422, "INVALID_FIELD"),
        ("GET", "/api/wait?service=intake&position=99999999&timeout=0.1", 409, "NOT_YET"),
        ("GET", "/api/wait?service=intake", 400, "BAD_REQUEST"),
    ],
)
def test_whatever_cannot_be_answered_gets_the_shape_of_a_reply(
    up: Up, method: str, path: str, status: int, code: str
) -> None:
    response = up.http.request(method, path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/json")
    reply = response.json()
    assert set(reply) == {"ok", "error"}
    assert reply["error"]["code"] == code
    assert reply["error"]["message"]


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "MALFORMED_JSON"),
        (b"\xff\xfe", "application/json", 400, "MALFORMED_JSON"),
        (
            b'{"type": "RegisterPerson", "command_id": "%s"}' % (b"x" * 300_000),
            "application/json",
            413,
            "TOO_LARGE",
        ),
        (b"<command/>", "application/xml", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_a_body_that_is_no_command_is_refused(
    up: Up, content: bytes, content_type: str, status: int, code: str
) -> None:
    response = up.http.post(
        "/intake/commands", content=content, headers={"Content-Type": content_type}
    )
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code


@pytest.mark.slow
def test_a_yes_to_aftercare_is_never_refused_for_being_faster_than_the_offer(
    up: Up, programme: str
) -> None:
    placements = [placed(up, programme) for _ in range(20)]
    for placement in placements:
        employment = today.start_employment(placement)
        accepted(up, "placement", employment)
        accepted(up, "aftercare", today.accept_aftercare(plan_of(employment)))


def test_a_plan_that_nobody_offered_is_refused(up: Up, programme: str) -> None:
    refused(up, "aftercare", today.accept_aftercare("none-such"), 409, "STATE")
