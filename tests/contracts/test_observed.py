"""What Prometheus is told of projections, certificates and requests is what they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import httpx
from litestar import Litestar, get
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct
from prometheus_client import REGISTRY

from shared.bus import Bus
from shared.bus_login import BusLogin
from shared.errors import BusAway, NotFound, SluseError
from shared.http_door import Counted, on_error, on_http_error
from shared.observed import certificates_watched, watched
from shared.projection import Projection
from tests.certificates import Authority
from tests.contracts.poison import PLAN, POISON, in_turn, person, recorded
from tests.contracts.reading import projected

EVENTS = recorded(in_turn(person(1, "north"), person(2, POISON), person(3, POISON, "east")))


class AtWork(Struct):
    """A service as the metrics see it."""

    name: str
    bus: Bus
    projections: list[Projection]


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"sluse_{name}", {"service": "observed", **labels})


async def test_a_projection_is_shown_as_it_stands(database: str, bus: Bus) -> None:
    async with projected(PLAN, database) as projection:
        with watched(AtWork("observed", bus, [projection])):
            await projection.apply("INTAKE", EVENTS)

            assert shown("parked_entities", projection=PLAN.name) == len(projection.parked) == 2
            assert shown("projection_writer", projection=PLAN.name) == 1
            assert shown("database_away", projection=PLAN.name) == 0
            of_stream = {"projection": PLAN.name, "stream": "INTAKE"}
            assert shown("projection_position", **of_stream) == len(EVENTS)
            assert shown("projection_lag_events", **of_stream) == 0
            assert shown("projection_stopped", **of_stream) == 0
            assert shown("bus_connected") == 1

            projection.served.stop("INTAKE", "UNDECODABLE", "for this test")
            assert shown("projection_stopped", **of_stream) == 1
        assert shown("parked_entities", projection=PLAN.name) is None


async def test_who_stands_by_says_so(database: str, bus: Bus) -> None:
    async with projected(PLAN, database) as writer, projected(PLAN, database) as standby:
        await writer.apply("INTAKE", EVENTS)
        with watched(AtWork("observed", bus, [standby])):
            assert shown("projection_writer", projection=PLAN.name) == 0


def test_the_end_of_a_certificate_is_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    login = BusLogin("tls://127.0.0.1", ca=str(authority.ca), cert=str(broken))
    with certificates_watched("observed", login):
        ends = shown("certificate_ends_timestamp_seconds", file="ca")
        assert ends is not None
        assert datetime.fromtimestamp(ends, UTC) > datetime.now(UTC) + timedelta(minutes=1)
        assert shown("certificate_ends_timestamp_seconds", file="cert") == 0
    assert shown("certificate_ends_timestamp_seconds", file="ca") is None


class Refusing(ASGIMiddleware):
    """Refuses as those do that stand before a route: by an error, one way or the other."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        match parse_qs(scope["query_string"].decode()):
            case {"refuse": ["limit"]}:
                raise HTTPException(status_code=429, detail="too many")
            case {"refuse": ["bus"]}:
                raise BusAway
        await next_app(scope, receive, send)


async def test_a_request_is_counted_by_the_status_that_its_asker_saw() -> None:
    @get("/thing/{name:str}", sync_to_thread=False)
    def thing(name: FromPath[str]) -> str:
        if name == "missing":
            raise NotFound("there is no such thing")
        return name

    app = Litestar(
        [thing],
        middleware=[Counted("observed"), Refusing()],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: on_http_error, SluseError: on_error},
    )
    asked = (
        "/thing/a",
        "/thing/b",
        "/thing/missing",
        "/thing/c?refuse=limit",
        "/thing/d?refuse=bus",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        seen = [(await client.get(path)).status_code for path in (*asked, "/nowhere")]
    assert seen == [200, 200, 404, 429, 503, 404]

    of_route = {"method": "GET", "route": "/thing/{name}"}
    statuses = {"200": 2, "404": 1, "429": 1, "503": 1}
    for status, count in statuses.items():
        assert shown("http_requests_total", **of_route, status=status) == count
    assert shown("http_request_seconds_count", **of_route) == sum(statuses.values())
