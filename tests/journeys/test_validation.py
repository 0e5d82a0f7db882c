"""What bad input gets: every row of the table, the same at both doors, and recorded nowhere."""

import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct

from shared.bus import Bus, connected
from shared.fact_days import FactDay
from tests.any_command import KINDS, any_command, leaves, structs
from tests.journeys import history, today
from tests.journeys.sluse_process import Up
from tests.journeys.today import COMPANY, Body, ago, command
from tests.journeys.validation_cases import (
    ENDED,
    OTHER,
    PROGRAMME,
    SMALL_COMPANY,
    Cases,
    accepted,
    agree,
    correct,
    day,
    people,
    placed,
    practice,
    recorded,
    refer,
    referred,
    registered,
    report_opening,
    reported_hours,
    service_of,
    wage_hours,
)
from tests.journeys.validation_rows import Rows, corrections, misshapen, out_of_place

STATUS = {
    "INVALID_FIELD": 422,
    "FUTURE_DATE": 422,
    "LATE": 422,
    "PII_IN_EVENT": 422,
    "ALREADY_ENROLLED": 409,
    "STATE": 409,
    "CONFLICT": 409,
    "NO_BASIS": 409,
    "FORBIDDEN": 403,
    "ERASED": 409,
}

LATE = {"late_reason": "backlog"}


class Doors(Struct, frozen=True):
    """Both doors; each command goes through both, first through the one, then through the other."""

    up: Up
    bus: Bus
    turns: Iterator[bool]

    async def answer(self, service: str, body: Body | bytes) -> tuple[int, Any]:
        """The HTTP status and the one reply of both doors."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        nats_first = next(self.turns)
        over_nats = await self._over_nats(service, content) if nats_first else None
        response = self.up.http.post(
            f"/{service}/commands", content=content, headers={"Content-Type": "application/json"}
        )
        if not nats_first:
            over_nats = await self._over_nats(service, content)
        assert over_nats == response.json(), content
        return response.status_code, response.json()

    async def refusal(self, service: str, body: Body | bytes) -> tuple[int, str, str]:
        """Status, code and path; the reply has exactly the promised shape."""
        status, reply = await self.answer(service, body)
        if reply["ok"]:
            return status, "accepted", ""
        assert set(reply) == {"ok", "error"}
        assert set(reply["error"]) == {"code", "message", "path"}
        return status, reply["error"]["code"], reply["error"]["path"]

    async def _over_nats(self, service: str, content: bytes) -> Any:
        return json.loads((await self.bus.request(f"commands.{service}", content, 30)).data)


@pytest.fixture
async def doors(up: Up) -> AsyncIterator[Doors]:
    async with connected(up.nats, "validation") as bus:
        yield Doors(up, bus, itertools.cycle([True, False]))


@pytest.fixture(scope="module")
def cases(up: Up) -> Cases:
    return people(up)


@pytest.mark.parametrize("table", [misshapen, out_of_place, corrections])
async def test_every_refusal_has_its_code_and_path_at_both_doors_and_is_recorded_nowhere(
    doors: Doors, cases: Cases, table: Callable[[Cases], Rows]
) -> None:
    before = recorded(doors.up)
    rows = table(cases)

    told = {
        code: {
            name: await doors.refusal(service_of(body), body) for name, (body, _) in of_code.items()
        }
        for code, of_code in rows.items()
    }

    assert told == {
        code: {name: (STATUS[code], code, path) for name, (_, path) in of_code.items()}
        for code, of_code in rows.items()
    }
    assert recorded(doors.up) == before


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"type": "RegisterPerson"'])
async def test_what_is_not_json_is_malformed(doors: Doors, body: bytes) -> None:
    assert await doors.refusal("intake", body) == (400, "MALFORMED_JSON", "")


async def test_an_expectation_out_of_date_is_told_the_position(doors: Doors, cases: Cases) -> None:
    subject = f"intake.enrolment.{cases.referral['enrolment']}"
    lines = [it for it in recorded(doors.up) if it["event"]["subject"] == subject]
    position = lines[-1]["position"]
    enrolling = {**today.enrol(str(cases.referral["enrolment"])), "expected_position": 1}

    _, reply = await doors.answer("intake", enrolling)

    assert reply["error"]["message"] == f"the position is {position}, not 1"


async def test_no_fact_of_tomorrow_is_recorded_whatever_the_command(
    doors: Doors, cases: Cases
) -> None:
    fact = get_args(FactDay)[1].description
    before = recorded(doors.up)
    asked = 0
    for service, kind in KINDS:
        body = any_command(kind, day(0))
        for leaf in leaves(kind, body):
            if leaf.said == fact:
                told = await doors.refusal(service, leaf.put(body, ago(-1)))
                assert told == (422, "FUTURE_DATE", leaf.path), kind
                asked += 1
    assert asked > 50
    assert recorded(doors.up) == before


async def test_no_identity_is_recorded_whatever_the_command(doors: Doors, cases: Cases) -> None:
    """In all free texts, and in the code that every command may have."""
    before = recorded(doors.up)
    for service, kind in KINDS:
        body = any_command(kind, day(0))
        texts = [it for it in leaves(kind, body) if isinstance(it.type, msgspec.inspect.StrType)]
        free = [it for it in texts if not getattr(it.type, "pattern", "")]
        for leaf, identity in itertools.product(
            free, ("010190-1234", "+45 12345678", "a@example.dk")
        ):
            told = await doors.refusal(service, leaf.put(body, identity))
            assert told == (422, "PII_IN_EVENT", leaf.path), kind
        late = next(leaf for leaf in texts if leaf.keys == ("late_reason",))
        told = await doors.refusal(service, late.put(body, "0101901234"))
        assert told == (422, "PII_IN_EVENT", "$.late_reason"), kind
    assert recorded(doors.up) == before


def test_no_object_in_any_command_takes_a_field_that_nobody_knows() -> None:
    for _, kind in KINDS:
        for part in structs(kind):
            assert part.__struct_config__.forbid_unknown_fields, part


def plans(c: Cases, someone: str, placement: str) -> list[tuple[Body, list[str]]]:
    """Days that may lie ahead; nothing of it needs a warning."""
    visit = {"id": "visit", "party": "company", "offset": "P1M", "window_days": 7}
    agreed = {"plan": c.plan, "touchpoints": [visit]}
    moved = command("RescheduleFollowUp", plan=c.plan, touchpoint="visit", new_due_on=ago(-50))
    signed = command("SignAgreement", company=COMPANY, kind="cooperation", parties=["mentor"])
    longer = command("ExtendPractice", placement=placement, new_end_on=ago(-40), ground="other")
    said = [
        {**today.enrol(someone), "planned_end_on": ago(-90)},
        practice(placement),
        longer,
        report_opening(start_by=ago(-30)),
        {**signed, "from_on": ago(2), "to_on": ago(-300)},
        command("AgreeAftercarePlan", agreed_on=ago(0), anchor_on=ago(-3), **agreed),
        command("ReviseAftercarePlan", revised_on=ago(0), anchor_on=ago(-5), **agreed),
        {**moved, "rescheduled_on": ago(0)},
    ]
    return [(body, []) for body in said]


def worth_a_look(c: Cases, up: Up) -> list[tuple[Body, list[str]]]:
    """What is accepted with warnings, or without one though it looks odd."""
    someone, other = registered(up), registered(up)
    withdrawn = command("WithdrawReferral", withdrawn_on=ago(35), reason="by_old_law")
    first_trainee, second_trainee = placed(up, SMALL_COMPANY), placed(up, SMALL_COMPANY)
    accepted(up, practice(first_trainee))
    see_all(up)
    busy, paid = placed(up), placed(up)
    also = refer(c.person, OTHER, ago(15))
    opening = report_opening(programme=PROGRAMME)
    match = command("ProposeMatch", enrolment=c.enrolment, opening=opening["opening"])
    reported = accepted(up, opening)["events"][0]["id"]
    proposed = accepted(up, {**match, "proposed_on": ago(1)})["events"][0]["id"]
    by_id = {line["event"]["id"]: line for line in recorded(up)}
    odd = command("RegisterCompany", cvr="24681357", name="Hede", sector="retail")
    referral = c.event(f"intake.enrolment.{c.referral['enrolment']}", "ParticipantReferred")
    return [
        (refer(someone, OTHER, ago(30)), ["OUTSIDE_PROGRAMME"]),
        (refer(someone, ENDED, ago(5)), ["OUTSIDE_PROGRAMME"]),
        (refer(someone, referred_on=ago(100)) | LATE, ["LATE"]),
        (refer(other, referred_on=ago(200)) | LATE, ["LATE", "OUTSIDE_PROGRAMME"]),
        (correct(referral, referred_on=ago(200)), ["OUTSIDE_PROGRAMME"]),
        (correct(by_id[reported], reported_on=ago(200)), ["OUTSIDE_PROGRAMME"]),
        (correct(by_id[proposed], proposed_on=ago(200)), ["OUTSIDE_PROGRAMME"]),
        ({**withdrawn, "enrolment": referred(up, other)["enrolment"]}, []),
        (also, []),
        ({**today.enrol(str(also["enrolment"])), "start_on": ago(14)}, []),
        (practice(second_trainee, planned_end_on=ago(-60)), ["STAFF_RATIO"]),
        (practice(busy, planned_end_on=ago(-61)), ["DURATION_LIMIT"]),
        (wage_hours(busy, 3600), []),
        (wage_hours(paid, 300), []),
        (reported_hours(paid, ago(20), ago(14), 600), []),
        (reported_hours(paid, ago(13), ago(7), 601), ["IMPLAUSIBLE"]),
        (wage_hours(placed(up), 3601), ["IMPLAUSIBLE"]),
        ({**odd, "p_number": "0101901234"}, []),
        (command("RegisterPerson", person_ref="3201901234", birth_year=day(0).year), []),
    ]


def see_all(up: Up) -> None:
    """Placement refuses nothing before its view has read all that was recorded until then."""
    assert up.command("placement", agree("nobody")).status_code == 409


async def test_what_is_accepted_has_its_warnings_and_is_recorded_once(
    doors: Doors, cases: Cases
) -> None:
    """Each command is sent twice, once through each door: the second time it changes nothing."""
    up = doors.up
    waiting = str(referred(up, registered(up))["enrolment"])
    rows = plans(cases, waiting, placed(up)) + worth_a_look(cases, up)

    told = [await doors.answer(service_of(body), body) for body, _ in rows]

    for (body, warnings), (status, reply) in zip(rows, told, strict=True):
        assert (status, reply["ok"]) == (200, True), (body, reply)
        assert [it["code"] for it in reply["warnings"]] == warnings, body
    ids = history.ids(recorded(up))
    assert [ids.count(it["id"]) for _, reply in told for it in reply["events"]] == [1] * len(rows)

    up.wait("intake", max(it["position"] for it in recorded(up) if it["stream"] == "INTAKE"))
    found = up.ask(f"/api/programmes/{OTHER}/findings")["findings"]
    assert "CO_ENROLMENT" in [it["code"] for it in found]  # the person is active in both
