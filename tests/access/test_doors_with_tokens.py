"""What a token does at the doors: whose name events bear, who is the second person, how often is too often."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.access.asking import Declined, ask
from shared.access.bearer import Bearer
from shared.bus import Bus, connected
from shared.context import Context
from shared.envelope import Envelope
from shared.subjects import status_subject, subject_of
from tests.access.system import OTHER, OWN, System, started
from tests.contracts.conftest import Nats, settings_for
from tests.journeys import today
from tests.journeys.today import ago, command
from tests.tokens import Keys, bearer

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def actor_of(system: System, subject: str) -> str:
    """Who has recorded the entity's last event."""
    stream = subject.split(".", maxsplit=1)[0].upper()
    body = msgspec.json.encode({"last_by_subj": subject})
    message = await system.bus.request(f"$JS.API.DIRECT.GET.{stream}", body, 5.0)
    return msgspec.json.decode(message.data, type=Envelope).actor


@pytest.mark.parametrize("door", ["front", "own", "bus"])
async def test_the_actor_is_whom_the_token_speaks_for(system: System, door: str) -> None:
    token = system.keys.token("nina", caseworker=[system.casework[OWN].programme])
    person = today.register_person()

    if door == "bus":
        assert (await system.ask_bus("intake", person, token)).ok
    else:
        client = system.front if door == "front" else system.own_doors["intake"]
        response = await client.post("/intake/commands", json=person, headers=bearer(token))
        assert response.status_code == 200, response.text

    subject = subject_of("intake", "person", person["person_ref"])
    assert await actor_of(system, subject) == "nina"


async def test_saying_to_be_somebody_else_is_refused(system: System) -> None:
    token = system.keys.token("nina", caseworker=[system.casework[OWN].programme])
    person = today.register_person()
    before = await system.positions()
    ways: list[dict[str, Any]] = [
        {"headers": {"Sluse-Actor": "bo"}},
        {"params": {"actor": "bo"}},
        {"params": [("actor", "nina"), ("actor", "bo")]},
    ]
    for client in (system.front, system.own_doors["intake"]):
        for way in ways:
            headers = bearer(token) | way.get("headers", {})
            response = await client.post(
                "/intake/commands", json=person, headers=headers, params=way.get("params")
            )
            assert response.status_code == 403, way
            assert response.json()["error"]["path"] == "actor"
        in_body = await client.post(
            "/intake/commands", json={**person, "actor": "bo"}, headers=bearer(token)
        )
        assert in_body.status_code == 422
        assert in_body.json()["error"]["path"] == "$.actor"
    message = await system.bus.request(
        "commands.intake", msgspec.json.encode(person), 5.0, {**bearer(token), "Sluse-Actor": "bo"}
    )
    assert msgspec.json.decode(message.data)["error"]["code"] == "FORBIDDEN"
    assert await system.positions() == before

    same = await system.front.post(
        "/intake/commands", json=person, headers=bearer(token) | {"Sluse-Actor": "nina"}
    )
    assert same.status_code == 200


async def test_a_correction_takes_a_second_person_at_the_doors(system: System) -> None:
    own = system.casework[OWN]
    nina = system.keys.token("nina", caseworker=[own.programme], coordinator=[own.programme])
    kim = system.keys.token("kim", coordinator=[own.programme])
    lea = system.keys.token("lea", caseworker=[own.programme])
    timeline = await system.front.get(
        f"/api/people/{own.person_ref}/timeline", headers=bearer(nina)
    )
    referral = next(it for it in timeline.json()["events"] if it["type"] == "ParticipantReferred")
    proposal = command(
        "ProposeCorrection",
        subject=own.subjects["enrolment"],
        event_id=referral["id"],
        data={**referral["data"], "referred_on": ago(41)},
        reason="typing_error",
    )
    proposed = await system.sent("intake", proposal, nina)
    assert proposed.events is not None
    approval = command(
        "ApproveCorrection",
        subject=own.subjects["enrolment"],
        proposal_id=proposed.events[0].id,
    )

    async def status(token: str) -> tuple[int, str]:
        response = await system.front.post(
            "/intake/commands",
            json={**approval, "command_id": f"by-{token[-8:]}"},
            headers=bearer(token),
        )
        return response.status_code, response.json().get("error", {}).get("code", "")

    assert await status(nina) == (409, "SAME_ACTOR")
    assert await status(lea) == (403, "FORBIDDEN")
    assert await status(kim) == (200, "")
    assert await actor_of(system, own.subjects["enrolment"]) == "kim"


async def test_the_same_command_tells_a_stranger_nothing(system: System) -> None:
    """Nor does the position that it expects, or the id that somebody else has used."""
    own, other = (system.casework[name] for name in (OWN, OTHER))
    nina = system.keys.token("nina", caseworker=[own.programme])
    omar = system.keys.token("omar", caseworker=[other.programme])
    challenge = command(
        "NoteChallenge", enrolment=own.enrolment, category="transport", noted_on=ago(3)
    )
    first = await system.sent("intake", challenge, nina)

    for body in (challenge, {**challenge, "expected_position": 1}):
        reply = await system.post("intake", body, omar)
        assert reply.error is not None
        assert (reply.error.code, reply.error.path) == ("FORBIDDEN", "$.enrolment")
        assert str(first.position) not in reply.error.message


async def test_operators_alone_are_told_where_a_service_stands(system: System, alone: Nats) -> None:
    async def told(bus: Bus, token: str) -> Any:
        bus.token = Bearer(token)
        return msgspec.json.decode(await ask(bus, status_subject("intake"), b"", 5.0))

    async with connected(alone.url, "asking") as bus:
        assert (await told(bus, system.keys.token("olga", operator=["*"])))["service"] == "intake"
        for token, code in (
            ("", "UNAUTHENTICATED"),
            ("no.such.token", "UNAUTHENTICATED"),
            (system.keys.token("nina", caseworker=["*"]), "FORBIDDEN"),
        ):
            with pytest.raises(Declined) as refused:
                await told(bus, token)
            assert refused.value.code == code


async def test_who_asks_too_often_is_told_when_to_come_back(
    alone: Nats, tmp_path: Path, keys: Keys
) -> None:
    settings = settings_for(alone.url, tmp_path)
    async with started(settings, keys, rate_limit=5) as system:
        often, seldom = (keys.token(name, operator=["*"]) for name in ("often", "seldom"))

        async def burst(headers: dict[str, str], path: str = "/api/wait") -> list[int]:
            asked = {"service": "intake", "position": "0"}
            answers = await asyncio.gather(
                *(system.front.get(path, params=asked, headers=headers) for _ in range(30))
            )
            for it in answers:
                if it.status_code == 429:
                    assert it.json()["error"]["code"] == "TOO_MANY_REQUESTS"
                    assert it.headers["Retry-After"] == "1"
            return [it.status_code for it in answers]

        assert 429 in (statuses := await burst(bearer(often))), statuses
        one = await system.front.get("/api/status", headers=bearer(seldom))
        assert one.status_code == 200, "each has a limit of their own"
        assert 429 in await burst({}), "who is not known is counted by address"
        assert 429 in await burst({}, "/schema/ui/openapi.json"), "documents are public, not free"
        assert set(await burst({}, "/health/live")) == {200}


async def test_a_token_shows_up_in_no_log(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    token = system.keys.token("nina", caseworker=["*"])
    broken = token[:-4] + "AAAA"
    for shown in (token, broken):
        await system.post("intake", today.register_person(), shown)
        await system.over_bus["intake"](b"{", Context(token=Bearer(shown)))
        await system.front.get("/api/programmes", headers=bearer(shown))
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert logged
    for shown in (token, broken):
        assert not any(part in logged for part in shown.split(".")[1:])
