"""Reporting's doors: the front door for commands, and the questions it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Response, get
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import Parameter
from msgspec import Struct

from services.reporting import answers
from services.reporting.answers import (
    FindingsAnswer,
    GoalsAnswer,
    PartitionAnswer,
    ProgrammeAnswer,
    TimelineAnswer,
)
from services.reporting.facts import PLAN
from services.reporting.reader import Reader, parse_question
from shared.bus import Bus, NoAnswer, connected
from shared.bus_door import connected_broker, forwarder, start
from shared.command_schema import Json, with_commands
from shared.errors import BusAway, InvalidField, SluseError
from shared.http_door import command_route, on_defect, on_error, on_http_error
from shared.http_server import bound, serve
from shared.settings import Settings
from shared.status_door import open_status
from shared.subjects import SERVICES, schema_subject, stream_of
from shared.view import following

LONGEST_WAIT_SECONDS = 30.0

On = Annotated[str | None, Parameter(description="The valid day, like 2022-04-27.")]
Known = Annotated[
    str | None,
    Parameter(description="A moment like i512.p120.a12, or an instant with its offset."),
]


class WaitAnswer(Struct, frozen=True):
    """The read models include the position: this is their moment."""

    ok: bool
    moment: str


class StreamStatus(Struct, frozen=True, kw_only=True):
    """How far the read models are in one stream; `stopped` says why they go no further."""

    stream: str
    position: int
    last: int
    lag: int
    stopped: str | None


class StatusAnswer(Struct, frozen=True):
    """Where the read models stand."""

    moment: str
    streams: list[StreamStatus]


def routes(reader: Reader, bus: Bus) -> list[Any]:
    """Everything that can be asked."""

    @get("/api/programmes", name="programmes")
    async def programmes(on: On = None, known: Known = None) -> list[ProgrammeAnswer]:
        return await answers.programmes(reader, parse_question(on, known))

    @get("/api/programmes/{key:str}/goals", name="goals")
    async def goals(key: str, on: On = None, known: Known = None) -> GoalsAnswer:
        return await answers.goals_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/partition", name="partition")
    async def partition(key: str, on: On = None, known: Known = None) -> PartitionAnswer:
        return await answers.partition_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/findings", name="findings")
    async def findings(key: str, on: On = None, known: Known = None) -> FindingsAnswer:
        return await answers.findings_of(reader, key, parse_question(on, known))

    @get("/api/people/{person_ref:str}/timeline", name="timeline")
    async def timeline(person_ref: str, on: On = None, known: Known = None) -> TimelineAnswer:
        return await answers.timeline(reader, person_ref, parse_question(on, known))

    @get("/api/wait", name="wait")
    async def wait(service: str, position: str, timeout: str = "5") -> WaitAnswer:
        if service not in SERVICES:
            raise InvalidField("service", f"one of {', '.join(SERVICES)}")
        seconds = min(_number(timeout, "timeout", float), LONGEST_WAIT_SECONDS)
        reached = _number(position, "position", int)
        return WaitAnswer(True, await reader.wait(stream_of(service), reached, seconds))

    @get("/api/status", name="status")
    async def status() -> StatusAnswer:
        return await _status(reader, bus)

    @get("/health/live", sync_to_thread=False)
    def live() -> dict[str, bool]:
        return {"ok": True}

    @get("/health/ready")
    async def ready() -> Response[StatusAnswer]:
        now = await _status(reader, bus)
        behind = any(stream.lag or stream.stopped for stream in now.streams)
        return Response(now, status_code=503 if behind else 200)

    return [programmes, goals, partition, findings, timeline, wait, status, live, ready]


def _number(text: str, name: str, kind: type[Any]) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise InvalidField(name, "give a number from 0 on")
    return number


async def _status(reader: Reader, bus: Bus) -> StatusAnswer:
    projection = reader.projection
    streams = []
    for stream, position in projection.positions.items():
        try:
            last = await bus.last_position(stream)
        except NoAnswer:
            raise BusAway from None
        streams.append(
            StreamStatus(
                stream=stream,
                position=position,
                last=last,
                lag=max(0, last - position),
                stopped=projection.stopped.get(stream),
            )
        )
    return StatusAnswer(reader.here(), streams)


def build(reader: Reader, bus: Bus, settings: Settings) -> Litestar:
    """The front door: commands go on to their services, questions are answered here."""
    commands = [
        command_route(service, forwarder(bus, service, settings.command_timeout))
        for service in SERVICES
    ]

    @get("/schema", include_in_schema=False)
    async def schema() -> Json:
        document: Json = msgspec.to_builtins(app.openapi_schema.to_schema())
        return with_commands(document, await _described(bus, settings.request_timeout))

    app = Litestar(
        [*routes(reader, bus), *commands, schema],
        openapi_config=OpenAPIConfig(title="sluse", version="1", path="/schema/ui"),
        logging_config=None,
        exception_handlers={
            HTTPException: on_http_error,
            SluseError: on_error,
            Exception: on_defect,
        },
    )
    return app


async def _described(bus: Bus, timeout: float) -> dict[str, Json]:
    """What each service that answers says of its commands."""
    described: dict[str, Json] = {}
    for service in SERVICES:
        try:
            message = await bus.request(schema_subject(service), b"", timeout)
        except (NoAnswer, BusAway):
            continue
        described[service] = msgspec.json.decode(message.data)
    return described


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Litestar]:
    """Reporting, following all streams for as long as the block runs; serve what it gives."""
    async with (
        connected(settings.nats_url, "reporting") as bus,
        following(PLAN, settings.database_of("reporting"), bus) as projection,
        connected_broker(settings.nats_url, "reporting-door") as broker,
    ):
        open_status(broker, "reporting", projection)
        await start(broker)
        yield build(Reader(projection, bus, settings.view_wait), bus, settings)


async def serve_reporting(settings: Settings) -> None:
    """Run reporting and its front door until a signal comes."""
    listening = bound(settings.http_host, settings.http_port)
    async with running(settings) as app:
        await serve(app, listening)
