"""Two doors, one body, one reply: whatever comes in, an answer of the same shape goes out."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
from msgspec import Struct

from services.intake.app import running
from shared import streams
from shared.bus import Bus, connected
from shared.bus_door import Answer, forwarder
from shared.command import LARGEST_BODY, SEND_AGAIN, Reply
from shared.command_server import app_of
from shared.desk import Desk
from shared.event_store import EventStore
from shared.handling import Context
from shared.http_server import bound, serve
from shared.settings import Settings
from tests.contracts.casework import (
    enrolment_of,
    new,
    open_programme,
    referral,
    referred,
    registered,
    sent,
    to,
)
from tests.contracts.conftest import settings_for
from tests.contracts.patience import PATIENT, at_once, until
from tests.contracts.recording import ids
from tests.definitions import definition, text
from tests.servers import standalone


class Doors(Struct, frozen=True):
    """Both doors of intake, and the desk behind them."""

    desk: Desk
    http: httpx.AsyncClient
    nats: Answer

    async def post(self, body: object, **more: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"content-type": "application/json", **more}
        return await self.http.post("/intake/commands", content=content, headers=headers)


@asynccontextmanager
async def opened(desk: Desk, bus: Bus) -> AsyncIterator[Doors]:
    """The service's HTTP server on a port of its own, left as a signal would have it."""
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = asyncio.create_task(serve(app_of(desk), bound("127.0.0.1", 0), listening.set_result))
    port = await listening
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=PATIENT
        ) as client:
            await known(bus, desk.service)
            yield Doors(desk, client, forwarder(bus, desk.service, PATIENT))
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await server


async def known(bus: Bus, service: str) -> None:
    """Return once the node of the asking connection knows that somebody takes commands."""
    ask = forwarder(bus, service, 1.0)
    async with asyncio.timeout(20):
        while (error := (await ask(b"", Context())).error) is None or error.code in SEND_AGAIN:
            await asyncio.sleep(0.02)


@pytest.fixture
async def doors(settings: Settings, bus: Bus) -> AsyncIterator[Doors]:
    async with running(settings) as desk, opened(desk, bus) as both:
        yield both


def _error(response: httpx.Response) -> tuple[int, str, str]:
    """Status, code and path; the body has exactly the promised shape."""
    body = response.json()
    assert body.keys() == {"ok", "error"}, body
    assert body["ok"] is False
    assert body["error"].keys() == {"code", "message", "path"}
    assert response.headers["content-type"].startswith("application/json")
    return response.status_code, body["error"]["code"], body["error"]["path"]


async def test_the_same_command_ten_times_at_once_over_both_doors_is_one_event(
    doors: Doors, store: EventStore
) -> None:
    command = new("RegisterPerson", person_ref=str(uuid4()), birth_year=1980)
    body = msgspec.json.encode(command)

    async def over_nats() -> bytes:
        return msgspec.json.encode(await doors.nats(body, Context()))

    async def over_http() -> bytes:
        return (await doors.post(body)).content

    answers = await asyncio.gather(*(over_nats() if n % 2 else over_http() for n in range(10)))

    assert len(set(answers)) == 1, answers
    assert msgspec.json.decode(answers[0], type=Reply).ok
    assert len(await ids(store, f"intake.person.{command['person_ref']}")) == 1


async def test_an_enrolment_ten_times_at_once_over_both_doors_is_one_batch(
    doors: Doors, store: EventStore
) -> None:
    send = to(doors.desk)
    await open_programme(send)
    enrolment = await referred(send, await registered(send))
    body = msgspec.json.encode(enrolment_of(enrolment))

    replies = await asyncio.gather(
        *(doors.nats(body, Context()) for _ in range(5)), *(doors.post(body) for _ in range(5))
    )

    answers = [
        r.json() if isinstance(r, httpx.Response) else msgspec.to_builtins(r) for r in replies
    ]
    assert answers == [answers[0]] * 10
    assert answers[0]["ok"], answers
    assert len(await ids(store, f"intake.enrolment.{enrolment}")) == 2


async def test_the_refusals_of_content(doors: Doors) -> None:
    command = new("RegisterPerson")
    send = to(doors.desk)
    await open_programme(send)
    someone = await registered(send)
    future = {**referral(someone, str(uuid4())), "referred_on": "2199-01-01"}
    identity = {**referral(someone, str(uuid4())), "enrolment": "010180-1234"}
    unknown_code = {**referral(someone, str(uuid4())), "benefit": "lottery"}
    expected = {
        (422, "INVALID_FIELD", "$.birth_year"): {**command, "birth_year": "x"},
        (422, "INVALID_FIELD", "$.colour"): {**command, "colour": "red"},
        (422, "INVALID_FIELD", "$.type"): {**command, "type": "Teleport"},
        (422, "INVALID_FIELD", "$.command_id"): {"type": "RegisterPerson"},
        (422, "INVALID_FIELD", "$.registered_at"): {
            **command,
            "registered_at": "2022-01-01T00:00:00Z",
        },
        (422, "INVALID_FIELD", "$.benefit"): unknown_code,
        (422, "INVALID_FIELD", "$"): [],
        (422, "FUTURE_DATE", "$.referred_on"): future,
        (422, "PII_IN_EVENT", "$.enrolment"): identity,
        (400, "MALFORMED_JSON", ""): b'{"type": ',
    }

    for wanted, body in expected.items():
        assert wanted == _error(await doors.post(body))
        over_nats = await doors.nats(
            body if isinstance(body, bytes) else msgspec.json.encode(body), Context()
        )
        assert over_nats.error is not None
        assert wanted[1:] == (over_nats.error.code, over_nats.error.path)


async def test_the_refusals_of_state(doors: Doors) -> None:
    send = to(doors.desk)
    await open_programme(send)
    someone = await registered(send)
    first, second = await referred(send, someone), await referred(send, someone)
    command = enrolment_of(first)
    await sent(send, command)

    not_now = new("StartParticipation", enrolment=second, first_attended_on="2021-05-02")
    assert _error(await doors.post({**not_now, "late_reason": "import"}))[:2] == (409, "STATE")
    assert _error(await doors.post(enrolment_of(second)))[:2] == (409, "ALREADY_ENROLLED")
    other = {**command, "start_on": "2021-05-02"}
    assert _error(await doors.post(other)) == (409, "CONFLICT", "$.command_id")


async def test_the_refusals_of_http_itself(doors: Doors) -> None:
    command = new("RegisterPerson")

    assert _error(await doors.http.get("/nowhere"))[:2] == (404, "NOT_FOUND")
    assert _error(await doors.http.post("/placement/commands"))[:2] == (404, "NOT_FOUND")
    not_allowed = await doors.http.get("/intake/commands")
    assert _error(not_allowed)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert "POST" in not_allowed.headers["allow"]
    typed = await doors.post(command, **{"content-type": "text/plain"})
    assert _error(typed)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert (
        await doors.post(command, **{"content-type": "application/json; charset=utf-8"})
    ).is_success


async def test_a_body_over_the_limit_is_too_large_at_both_doors(doors: Doors) -> None:
    padding = b" " * LARGEST_BODY
    body = msgspec.json.encode(new("RegisterPerson"))

    async def chunked() -> AsyncIterator[bytes]:
        yield body
        yield padding

    assert _error(await doors.post(body + padding))[:2] == (413, "TOO_LARGE")
    in_chunks = await doors.http.post("/intake/commands", content=chunked())
    assert _error(in_chunks)[:2] == (413, "TOO_LARGE")
    over_nats = await doors.nats(body + padding, Context())
    assert over_nats.error is not None
    assert over_nats.error.code == "TOO_LARGE"
    assert (await doors.post(body + padding[len(body) :])).is_success


def _registration(field: bytes, value: bytes) -> bytes:
    return b'{"type": "RegisterPerson", "command_id": "a", "%s": %s}' % (field, value)


HOSTILE = {
    "nothing": b"",
    "null": b"null",
    "not UTF-8": b'{"type": "RegisterPerson", "command_id": "\xff"}',
    "a lone surrogate": _registration(b"area", b'"\\ud800"'),
    "a surrogate and a letter": b'{"type": "RegisterPerson", "command_id": "\\udc00a"}',
    "an encoded surrogate": b'{"type": "RegisterPerson", "command_id": "\xed\xa0\x80"}',
    "a lone surrogate as the type": b'{"type": "\\ud800", "command_id": "a"}',
    "NUL": _registration(b"area", b'"a\\u0000"'),
    "a raw NUL": _registration(b"area", b'"a\x00"'),
    "a huge position": _registration(b"expected_position", b"1" + b"0" * 40),
    "a huger position": _registration(b"expected_position", b"1" + b"0" * 9000),
    "a huge exponent": _registration(b"birth_year", b"1e999"),
    "not a number": _registration(b"birth_year", b"NaN"),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "a deep unknown field": _registration(b"x", b"[" * 100_000),
    "a deep field before the type": b'{"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a deep definition": b'{"type": "OpenProgramme", "command_id": "a", "programme": "p", '
    + b'"definition": '
    + b'{"name":' * 20_000,
    "a type that is a list": b'{"type": ["RegisterPerson"], "command_id": "a"}',
    "no type": b'{"command_id": "a"}',
    "a newline in an id": b'{"type": "RegisterPerson", "command_id": "a\\n"}',
    "a wildcard in an id": _registration(b"person_ref", b'">"'),
    "a dot in an id": _registration(b"person_ref", b'"a.b"'),
    "the calendar's beginning": _registration(
        b"registered_at", b'"0001-01-01T00:00:00+23:59", "origin": "import"'
    ),
    "the calendar's end": _registration(
        b"registered_at", b'"9999-12-31T23:59:59-23:59", "origin": "import"'
    ),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_json_is_refused_like_any_other(doors: Doors, body: bytes) -> None:
    status, code, _ = _error(await doors.post(body))

    assert (status, code) in {(400, "MALFORMED_JSON"), (422, "INVALID_FIELD")}
    over_nats = await doors.nats(body, Context())
    assert over_nats.error is not None
    assert over_nats.error.code == code


@pytest.mark.parametrize("day", ["0001-01-01", "0001-12-31", "1899-12-31"])
async def test_an_extreme_day_is_no_defect(doors: Doors, day: str) -> None:
    send = to(doors.desk)
    await open_programme(send)
    someone = await registered(send)

    response = await doors.post({**referral(someone, str(uuid4())), "referred_on": day})

    assert response.status_code in {200, 422}, response.text


async def test_free_text_that_a_table_could_not_hold_is_refused(doors: Doors) -> None:
    open_it = b'{"type":"OpenProgramme","command_id":"a","programme":"p","definition":%s}'
    body = open_it % msgspec.json.encode(definition(key="p", name=text("a\0b")))
    assert _error(await doors.post(body))[:2] == (422, "INVALID_FIELD")


async def test_a_bus_that_is_away_is_answered_at_once_and_works_again_afterwards(
    tmp_path: Path,
) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "front") as bus:
        await streams.apply(bus)
        async with running(settings_for(server.url, tmp_path)) as desk, opened(desk, bus) as doors:
            command = new("RegisterPerson")
            assert (await doors.post(command)).is_success
            server.kill()

            await until(lambda: not bus.client.is_connected)

            for fresh in (new("RegisterPerson"), command):
                async with at_once():
                    response = await doors.post(fresh)
                    over_nats = await doors.nats(msgspec.json.encode(fresh), Context())
                assert _error(response) in {(503, "BUS_AWAY", ""), (503, "OUTCOME_UNKNOWN", "")}
                assert response.headers["retry-after"] == "1"
                assert over_nats.error is not None
                assert over_nats.error.code in {"BUS_AWAY", "OUTCOME_UNKNOWN"}

            await server.start()
            async with asyncio.timeout(20):
                while not (await doors.post(command)).is_success:
                    await asyncio.sleep(0.05)
            assert (await sent(lambda c: doors.nats(msgspec.json.encode(c), Context()), command)).ok
