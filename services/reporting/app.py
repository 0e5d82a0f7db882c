"""Reporting's doors: the front door for commands, and the questions it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Router, get
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ASGIApp
from msgspec import Struct

from services.reporting import answers, openings, programmes, reports, timeline
from services.reporting.answers import (
    FindingsAnswer,
    GoalsAnswer,
    MeasuresAnswer,
    PartitionAnswer,
)
from services.reporting.changes import ChangesAnswer, changes
from services.reporting.erasures import apply_again
from services.reporting.events import VOCABULARY
from services.reporting.facts import PLAN
from services.reporting.openings import OpeningsAnswer, parse_wishes
from services.reporting.programmes import ProgrammeAnswer
from services.reporting.reader import Reader, parse_question
from services.reporting.reports import ReportAnswer, ReportEntry
from services.reporting.timeline import TimelineAnswer
from services.reporting.visibility import of_held, refuse_strangers, seen_by
from shared.access.gate import Gate, refuse_without
from shared.access.roles import CASEWORK, FIGURES, OPERATION
from shared.access.routes import (
    PUBLIC,
    AnyRequest,
    gatekeepers,
    guard,
    may,
    refuse_undeclared,
)
from shared.bus import Bus, NoAnswer
from shared.bus_door import forwarder
from shared.command_schema import Json, with_commands
from shared.desk import Desk
from shared.epoch_header import epoch_header
from shared.errors import BusAway, InvalidField, SluseError
from shared.event_store import EventStore
from shared.http_door import Counted, command_route, on_defect, on_error, on_http_error
from shared.life import Life
from shared.operations import desk as operators
from shared.operations.events import VOCABULARY as OPERATIONS
from shared.service import at_work
from shared.service_process import serve_service
from shared.settings import Settings
from shared.subjects import DOORS, SERVICES, schema_subject, stream_of
from shared.view import View

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
    """Where the read models stand; `epoch`: of the streams, each restore begins another."""

    moment: str
    epoch: str
    streams: list[StreamStatus]


def routes(reader: Reader, bus: Bus, archive: Archive) -> list[Any]:
    """Everything that can be asked."""

    @get("/api/programmes", name="programmes", opt=may(FIGURES | OPERATION))
    async def all_programmes(
        request: AnyRequest, on: On = None, known: Known = None
    ) -> list[ProgrammeAnswer]:
        found = await programmes.programmes(reader, parse_question(on, known))
        return of_held(request.user.grants, FIGURES | OPERATION, found)

    @get("/api/programmes/{key:str}/goals", name="goals", opt=may(FIGURES))
    async def goals(
        request: AnyRequest, key: FromPath[str], on: On = None, known: Known = None
    ) -> GoalsAnswer:
        answer = await answers.goals_of(reader, key, parse_question(on, known))
        return seen_by(request.user.grants, key, answer)

    @get("/api/programmes/{key:str}/partition", name="partition", opt=may(FIGURES))
    async def partition(
        request: AnyRequest, key: FromPath[str], on: On = None, known: Known = None
    ) -> PartitionAnswer:
        answer = await answers.partition_of(reader, key, parse_question(on, known))
        return seen_by(request.user.grants, key, answer)

    @get("/api/programmes/{key:str}/findings", name="findings", opt=may(CASEWORK))
    async def findings(key: FromPath[str], on: On = None, known: Known = None) -> FindingsAnswer:
        return await answers.findings_of(reader, key, parse_question(on, known))

    @get("/api/programmes/{key:str}/measures", name="measures", opt=may(FIGURES))
    async def measures(
        request: AnyRequest, key: FromPath[str], on: On = None, known: Known = None
    ) -> MeasuresAnswer:
        answer = await answers.measures_of(reader, key, parse_question(on, known))
        return seen_by(request.user.grants, key, answer)

    @get("/api/programmes/{key:str}/changes", name="changes", opt=may(CASEWORK))
    async def changed(
        key: FromPath[str], since: Since, on: On = None, known: Known = None
    ) -> ChangesAnswer:
        asked = parse_question(on, known)
        return await changes(reader, key, parse_question(on, since, "since"), asked)

    @get("/api/reports", name="reports", opt=may(FIGURES))
    async def reported(
        request: AnyRequest,
        programme: FromQuery[str | None] = None,
        on: On = None,
        known: Known = None,
    ) -> list[ReportEntry]:
        found = await reports.listed(archive.view, programme, parse_question(on, known))
        return of_held(request.user.grants, FIGURES, found, programme)

    @get("/api/reports/{report:str}", name="report", opt=may(FIGURES))
    async def report(
        request: AnyRequest, report: FromPath[str], known: Known = None
    ) -> ReportAnswer:
        asked = parse_question(None, known)
        answer = await reports.one(archive.store, reader, report, asked.known)
        refuse_without(request.user.grants, FIGURES, answer.content.programme, "report")
        return answer

    @get("/api/reports/{report:str}/changes", name="report-changes", opt=may(CASEWORK))
    async def report_changes(
        request: AnyRequest, report: FromPath[str], known: Known = None
    ) -> ChangesAnswer:
        asked = parse_question(None, known)
        answer = await reports.difference(archive.store, reader, report, asked.known)
        refuse_without(request.user.grants, CASEWORK, answer.programme, "report")
        return answer

    @get("/api/people/{person_ref:str}/timeline", name="timeline", opt=may(CASEWORK))
    async def life(
        request: AnyRequest, person_ref: FromPath[str], on: On = None, known: Known = None
    ) -> TimelineAnswer:
        answer = await timeline.timeline(reader, person_ref, parse_question(on, known))
        await refuse_strangers(reader, request.user.grants, person_ref)
        return answer

    @get("/api/enrolments/{enrolment:str}/openings", name="openings", opt=may(CASEWORK))
    async def fitting(
        request: AnyRequest,
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
        answer = await openings.openings(reader, enrolment, parse_question(on, known), wishes)
        refuse_without(request.user.grants, CASEWORK, answer.programme, "enrolment")
        return answer

    @get("/api/wait", name="wait", opt=may(FIGURES | OPERATION))
    async def wait(
        service: FromQuery[str], position: FromQuery[str], timeout: FromQuery[str] = "5"
    ) -> WaitAnswer:
        if service not in SERVICES:  # reports stand in no moment
            raise InvalidField("service", f"one of {', '.join(SERVICES)}")
        seconds = min(_number(timeout, "timeout", float), LONGEST_WAIT_SECONDS)
        reached = _number(position, "position", int)
        return WaitAnswer(True, await reader.wait(stream_of(service), reached, seconds))

    @get("/api/status", name="status", opt=may(OPERATION))
    async def status() -> StatusAnswer:
        return await _status(reader, bus)

    asked = [all_programmes, goals, partition, findings, measures, changed, life, fitting]
    return [*asked, reported, report, report_changes, wait, status]


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
    return StatusAnswer(reader.here(), projection.epoch, streams)


def build(reader: Reader, bus: Bus, archive: Archive, settings: Settings, gate: Gate) -> Litestar:
    """The front door: commands go on to their services, questions are answered here."""
    commands = [
        command_route(service, forwarder(bus, service, settings.command_timeout))
        for service in DOORS
    ]

    @get("/schema", opt=PUBLIC, include_in_schema=False)
    async def schema() -> Json:
        document: Json = msgspec.to_builtins(app.openapi_schema.to_schema())
        return with_commands(document, await _described(bus, settings.request_timeout))

    app = Litestar(
        [*routes(reader, bus, archive), *commands, schema],
        after_request=epoch_header(reader.projection),
        openapi_config=OpenAPIConfig(
            title="sluse",
            version="1",
            openapi_router=Router(
                "/schema/ui", route_handlers=[], opt=PUBLIC, include_in_schema=False
            ),
        ),
        guards=[guard],
        logging_config=None,
        middleware=[Counted("reporting"), *gatekeepers(gate)],
        exception_handlers={
            HTTPException: on_http_error,
            SluseError: on_error,
            Exception: on_defect,
        },
    )
    refuse_undeclared(app)
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
async def running(settings: Settings, life: Life | None = None) -> AsyncIterator[Litestar]:
    """Reporting, following all streams for as long as the block runs; serve what it gives."""
    async with at_work("reporting", settings, life) as service:
        store = service.store(VOCABULARY)
        facts = await service.follow(PLAN, before_forsaking=apply_again(service.bus))
        issued = await service.follow(reports.PLAN)
        reader = Reader(facts.projection, service.bus, settings.view_wait)
        service.take_commands(
            Desk("reports", service.handler(store), reports.handlings(store, reader))
        )
        operations = service.store(OPERATIONS)
        read = {**facts.projection.vocabularies, **issued.projection.vocabularies}
        service.take_commands(
            operators.OperatorsDesk(
                "operations",
                service.handler(operations),
                operators.handlings(operations, read, settings.request_timeout),
            )
        )
        await service.start()
        yield build(reader, service.bus, Archive(store, issued), settings, service.gate)


async def serve_reporting(settings: Settings) -> None:
    """Run reporting and its front door until a signal comes."""

    @asynccontextmanager
    async def opening(life: Life) -> AsyncIterator[ASGIApp]:
        async with running(settings, life) as app:
            yield app

    await serve_service(opening, settings)
