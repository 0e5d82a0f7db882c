"""Reporting's doors: the front door for commands, and the questions it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Response, get
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from services.reporting import answers, openings, programmes, reports, timeline
from services.reporting.answers import (
    FindingsAnswer,
    GoalsAnswer,
    MeasuresAnswer,
    PartitionAnswer,
)
from services.reporting.changes import ChangesAnswer, changes
from services.reporting.events import VOCABULARY
from services.reporting.facts import PLAN
from services.reporting.openings import OpeningsAnswer, parse_wishes
from services.reporting.programmes import ProgrammeAnswer
from services.reporting.reader import Reader, parse_question
from services.reporting.reports import ReportAnswer, ReportEntry
from services.reporting.timeline import TimelineAnswer
from shared.bus import Bus, NoAnswer, connected
from shared.bus_door import connected_broker, forwarder, open_door, start
from shared.command_schema import Json, with_commands
from shared.desk import Desk
from shared.errors import BusAway, InvalidField, SluseError
from shared.event_store import EventStore
from shared.handling import Handler
from shared.http_door import command_route, on_defect, on_error, on_http_error
from shared.http_server import bound, serve
from shared.settings import Settings
from shared.status_door import open_status
from shared.subjects import DOORS, SERVICES, schema_subject, stream_of
from shared.view import View, following

LONGEST_WAIT_SECONDS = 30.0

On = Annotated[str | None, QueryParameter(description="The valid day, like 2022-04-27.")]
Known = Annotated[
    str | None,
    QueryParameter(description="A moment like i512.p120.a12, or an instant with its offset."),
]
Since = Annotated[
    str, QueryParameter(description="What was known first: a moment or an instant with its offset.")
]
Several = Annotated[list[str] | None, QueryParameter(description="May be given several times.")]


class Archive(Struct, frozen=True):
    """Where the issued reports are: their stream, and the list of them."""

    store: EventStore
    view: View


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


def routes(reader: Reader, bus: Bus, archive: Archive) -> list[Any]:
    """Everything that can be asked."""

    @get("/api/programmes", name="programmes")
    async def all_programmes(on: On = None, known: Known = None) -> list[ProgrammeAnswer]:
        return await programmes.programmes(reader, parse_question(on, known))

    @get("/api/programmes/{key:str}/goals", name="goals")
    async def goals(key: FromPath[str], on: On = None, known: Known = None) -> GoalsAnswer:
        return await answers.goals_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/partition", name="partition")
    async def partition(key: FromPath[str], on: On = None, known: Known = None) -> PartitionAnswer:
        return await answers.partition_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/findings", name="findings")
    async def findings(key: FromPath[str], on: On = None, known: Known = None) -> FindingsAnswer:
        return await answers.findings_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/measures", name="measures")
    async def measures(key: FromPath[str], on: On = None, known: Known = None) -> MeasuresAnswer:
        return await answers.measures_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/changes", name="changes")
    async def changed(
        key: FromPath[str], since: Since, on: On = None, known: Known = None
    ) -> ChangesAnswer:
        asked = parse_question(on, known)
        return await changes(reader, key, parse_question(on, since, "since"), asked)

    @get("/api/reports", name="reports")
    async def reported(
        programme: FromQuery[str | None] = None, on: On = None, known: Known = None
    ) -> list[ReportEntry]:
        return await reports.listed(archive.view, programme, parse_question(on, known))

    @get("/api/reports/{report:str}", name="report")
    async def report(report: FromPath[str], known: Known = None) -> ReportAnswer:
        asked = parse_question(None, known)
        return await reports.one(archive.store, reader, report, asked.known)

    @get("/api/reports/{report:str}/changes", name="report-changes")
    async def report_changes(report: FromPath[str], known: Known = None) -> ChangesAnswer:
        asked = parse_question(None, known)
        return await reports.difference(archive.store, reader, report, asked.known)

    @get("/api/people/{person_ref:str}/timeline", name="timeline")
    async def life(person_ref: FromPath[str], on: On = None, known: Known = None) -> TimelineAnswer:
        return await timeline.timeline(reader, person_ref, parse_question(on, known))

    @get("/api/enrolments/{enrolment:str}/openings", name="openings")
    async def fitting(
        enrolment: FromPath[str],
        *,
        kind: Several = None,
        weekly_minutes: FromQuery[str | None] = None,
        sector: Several = None,
        area: FromQuery[str | None] = None,
        on: On = None,
        known: Known = None,
    ) -> OpeningsAnswer:
        wishes = parse_wishes(kind=kind, weekly_minutes=weekly_minutes, sector=sector, area=area)
        return await openings.openings(reader, enrolment, parse_question(on, known), wishes)

    @get("/api/wait", name="wait")
    async def wait(
        service: FromQuery[str], position: FromQuery[str], timeout: FromQuery[str] = "5"
    ) -> WaitAnswer:
        if service not in SERVICES:  # reports stand in no moment
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

    asked = [all_programmes, goals, partition, findings, measures, changed, life, fitting]
    return [*asked, reported, report, report_changes, wait, status, live, ready]


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


def build(reader: Reader, bus: Bus, archive: Archive, settings: Settings) -> Litestar:
    """The front door: commands go on to their services, questions are answered here."""
    commands = [
        command_route(service, forwarder(bus, service, settings.command_timeout))
        for service in DOORS
    ]

    @get("/schema", include_in_schema=False)
    async def schema() -> Json:
        document: Json = msgspec.to_builtins(app.openapi_schema.to_schema())
        return with_commands(document, await _described(bus, settings.request_timeout))

    app = Litestar(
        [*routes(reader, bus, archive), *commands, schema],
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
    for service in DOORS:
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
        following(reports.PLAN, settings.database_of("reports"), bus) as issued,
        connected_broker(settings.nats_url, "reporting-door") as broker,
    ):
        reader = Reader(projection, bus, settings.view_wait)
        store = EventStore(bus, VOCABULARY, settings.request_timeout)
        handler = Handler(store, settings.digest_key.encode())
        open_door(broker, Desk("reports", handler, reports.handlings(store, reader)))
        open_status(broker, "reporting", projection)
        await start(broker)
        archive = Archive(store, View(issued, bus, settings.view_wait))
        yield build(reader, bus, archive, settings)


async def serve_reporting(settings: Settings) -> None:
    """Run reporting and its front door until a signal comes."""
    listening = bound(settings.http_host, settings.http_port)
    async with running(settings) as app:
        await serve(app, listening)
