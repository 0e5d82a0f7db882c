"""Without tokens everybody on the machine is let in: but no web page that a browser there has open."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.intake import app as intake
from services.intake.events import VOCABULARY
from services.reporting import app as reporting
from shared.access.gate import gate_of
from shared.bus import connected
from shared.command_server import app_of
from shared.event_store import EventStore
from tests.access.system import served
from tests.contracts.conftest import Nats, settings_for
from tests.journeys import today

OWN_NAMES = ("localhost", "127.0.0.1", "127.8.8.8:81", "[::1]:8080", "LOCALHOST:8080")
OTHER_NAMES = ("rebound.example", "127.0.0.1.example:8080", "10.0.0.1", "", "[", "localhost@x")


@pytest.fixture
async def doors(alone: Nats, tmp_path: Path) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Intake's own HTTP door and the front door, with SLUSE_AUTH=off."""
    settings = settings_for(alone.url, tmp_path)
    async with (
        intake.running(settings) as desk,
        served(app_of(desk, gate_of(settings))) as own,
        reporting.running(settings) as front_app,
        served(front_app) as front,
    ):
        yield [own, front]


async def recorded(alone: Nats, person: str) -> int:
    """How many events there are of a person."""
    async with connected(alone.url, "loopback") as bus:
        return await EventStore(bus, VOCABULARY).last_position(f"intake.person.{person}")


@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/x-www-form-urlencoded"]
)
async def test_what_a_page_may_send_without_asking_is_no_command(
    doors: list[httpx.AsyncClient], alone: Nats, content_type: str | None
) -> None:
    person = today.register_person()
    body = json.dumps(person).encode()
    headers = {} if content_type is None else {"Content-Type": content_type}

    for door in doors:
        response = await door.post("/intake/commands", content=body, headers=headers)
        assert response.status_code == 415, response.text
        assert response.json()["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert await recorded(alone, person["person_ref"]) == 0


async def test_a_name_that_leads_here_from_elsewhere_is_refused(
    doors: list[httpx.AsyncClient], alone: Nats
) -> None:
    person = today.register_person()
    for door in doors:
        for host in OTHER_NAMES:
            response = await door.post("/intake/commands", json=person, headers={"Host": host})
            assert response.status_code == 403, (host, response.text)
            assert response.json()["error"]["path"] == "Host"
    for host in OTHER_NAMES:
        assert (await doors[1].get("/api/programmes", headers={"Host": host})).status_code == 403
    assert await recorded(alone, person["person_ref"]) == 0


@pytest.mark.parametrize("host", OWN_NAMES)
async def test_the_machines_own_names_are_let_in(doors: list[httpx.AsyncClient], host: str) -> None:
    for door in doors:
        person = today.register_person()
        response = await door.post("/intake/commands", json=person, headers={"Host": host})
        assert response.status_code == 200, response.text
