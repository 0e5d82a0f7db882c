"""What reading tests need: a stored history of all three services, written to real streams or folded alone."""

import asyncio
import random
import tomllib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import sqlalchemy as sa

from services.aftercare import known as aftercare_known
from services.aftercare import plan
from services.aftercare.events import VOCABULARY as AFTERCARE
from services.aftercare.reactions import plan_id
from services.intake import enrolment, person, programme
from services.intake import known as intake_known
from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import PersonRegistered
from services.intake.events.definition import Definition
from services.placement import company, placement
from services.placement import known as placement_known
from services.placement.events import VOCABULARY as PLACEMENT
from services.placement.events import EmploymentStarted
from shared import streams
from shared.bus import Bus, connected
from shared.command import Command
from shared.database import opened
from shared.envelope import Envelope, Event, Recorded, Vocabulary, encode, encode_data
from shared.facts import Fact
from shared.identifiers import derived_id
from shared.projection import Plan, Projection
from shared.subjects import stream_of, subject_of
from tests.servers import NatsServer, standalone

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STREAMS = {v.stream: f"{v.service}.>" for v in (INTAKE, PLACEMENT, AFTERCARE)}
VOCABULARIES = {v.stream: v for v in (INTAKE, PLACEMENT, AFTERCARE)}
Rows = dict[str, list[tuple[object, ...]]]


def envelope(vocabulary: Vocabulary, entity: str, entity_id: str, event: Event, n: int) -> Envelope:
    """An envelope as the command handler makes them; `n` tells one event from another."""
    subject = subject_of(vocabulary.service, entity, entity_id)
    return Envelope(
        id=derived_id(subject, str(n)),
        source=vocabulary.source,
        type=type(event).__name__,
        subject=subject,
        time=NOW,
        data=encode_data(event),
        commandid=f"c{n}",
        commanddigest="d",
        correlationid="k",
        causationid="k",
        actor="somebody",
        origin="import" if n % 3 == 0 else "",
    )


def recorded(envelope_: Envelope, position: int) -> Recorded:
    """The event as if it stood at this position, recorded so many microseconds after the first."""
    vocabulary = VOCABULARIES[stream_of(envelope_.subject.split(".")[0])]
    at = NOW + timedelta(milliseconds=position)
    return vocabulary.read(envelope_.subject, position, at, encode(envelope_))


def person_registered(n: int) -> Envelope:
    """The n-th of many persons."""
    event = PersonRegistered(person_ref=f"p{n}", birth_year=1950 + n % 50)
    return envelope(INTAKE, "person", f"p{n}", event, n)


_ENTITIES: tuple[tuple[Vocabulary, ModuleType, Any], ...] = (
    (INTAKE, programme, programme.ProgrammeCommand),
    (INTAKE, person, person.PersonCommand),
    (INTAKE, enrolment, enrolment.EnrolmentCommand),
    (PLACEMENT, company, company.CompanyCommand),
    (PLACEMENT, placement, placement.PlacementCommand),
    (AFTERCARE, plan, plan.PlanCommand),
)


class _World:
    """The demonstration's commands, decided by the entity modules alone."""

    def __init__(self) -> None:
        text = (ROOT / "programmes" / "jobsporet.toml").read_text()
        self.definition = msgspec.convert(tomllib.loads(text), Definition)
        self.states: dict[str, Any] = {}
        self.envelopes: list[Envelope] = []

    def take(self, vocabulary: Vocabulary, entity: Any, command: Command) -> None:
        entity_id = entity.entity_id(command)
        subject = subject_of(vocabulary.service, entity.NAME, entity_id)
        state = self.states.get(subject, entity.INITIAL)
        for event in entity.decide(command, state, NOW, self._known(entity, command)):
            state = entity.evolve(state, event)
            n = len(self.envelopes)
            self.envelopes.append(envelope(vocabulary, entity.NAME, entity_id, event, n))
            if isinstance(event, EmploymentStarted):
                event_id = derived_id(command.command_id, subject, "0")  # as the handler names it
                self._offer(entity_id, state.agreed, event, event_id)
        self.states[subject] = state

    def _offer(self, placed: str, agreed: Any, event: EmploymentStarted, event_id: str) -> None:
        """As aftercare's reaction does."""
        command = plan.OfferAftercare(
            command_id=f"offer-{placed}-{event.start_on}",
            plan=plan_id(event_id),
            placement=placed,
            enrolment=agreed.enrolment,
            person_ref=agreed.person_ref,
            programme=agreed.programme,
            company=agreed.company,
            offered_on=event.start_on,
            anchor_on=event.start_on,
        )
        self.take(AFTERCARE, plan, command)

    def _known(self, entity: Any, command: Command) -> object:
        if entity is enrolment:
            return intake_known.Known(self.definition)
        if entity is plan:
            return aftercare_known.Known(self.definition)
        if entity is not placement:
            return None
        enrolled = None
        if isinstance(command, placement.AgreePlacement):
            of = self.states[subject_of("intake", "enrolment", command.enrolment)]
            enrolled = placement_known.EnrolledPerson(
                command.enrolment, of.person_ref, "jobsporet", None, date(2021, 1, 1)
            )
        return placement_known.Known(self.definition, enrolled, company_registered=True)


@cache
def demonstration() -> tuple[Envelope, ...]:
    """All events of the demonstration, in the order in which its commands are sent."""
    world = _World()
    opening = programme.OpenProgramme(
        command_id="open", programme="jobsporet", definition=world.definition
    )
    world.take(INTAKE, programme, opening)
    by_type = {
        kind.__name__: (vocabulary, entity, kind)
        for vocabulary, entity, union in _ENTITIES
        for kind in getattr(union, "__args__", (union,))
    }
    with (ROOT / "programmes" / "demo" / "jobsporet.ndjson").open() as lines:
        for line in lines:
            vocabulary, entity, kind = by_type[msgspec.json.decode(line)["type"]]
            world.take(vocabulary, entity, msgspec.json.decode(line, type=kind))
    return tuple(world.envelopes)


def by_stream(envelopes: Iterable[Envelope]) -> dict[str, list[Recorded]]:
    """Each stream's events, at positions 1, 2, 3 …"""
    events: dict[str, list[Recorded]] = {stream: [] for stream in STREAMS}
    for one in envelopes:
        into = events[stream_of(one.subject.split(".")[0])]
        into.append(recorded(one, len(into) + 1))
    return events


async def store(bus: Bus, envelopes: Sequence[Envelope]) -> None:
    """Write events into their streams, in order; returns when all are stored."""
    for one in envelopes[:-1]:
        await bus.publish(one.subject, encode(one))
    for one in envelopes[-1:]:
        await bus.request(one.subject, encode(one), 20)


@asynccontextmanager
async def own_bus(directory: Path) -> AsyncIterator[tuple[NatsServer, Bus]]:
    """A server with all streams, empty, and a connection to it."""
    async with standalone(directory) as server, connected(server.url, "reading") as bus:
        await streams.apply(bus)
        yield server, bus


@asynccontextmanager
async def projected(
    plan_: Plan, database: str = "sqlite+aiosqlite://"
) -> AsyncIterator[Projection]:
    """A projection that is ready, in memory if no file is named."""
    async with opened(database) as engine:
        projection = Projection(plan_, engine)
        await projection.prepare()
        yield projection


@asynccontextmanager
async def running(projection: Projection, bus: Bus) -> AsyncIterator[None]:
    """The projection follows its streams for as long as the block runs."""
    task = asyncio.create_task(projection.run(bus))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def rows(projection: Projection) -> Rows:
    """All rows of all tables but the events' instants, which a real stream gives."""
    answer: Rows = {}
    async with projection.engine.connect() as db:
        for table in projection.metadata.sorted_tables:
            columns = [c for c in table.columns if c.name != "recorded_us"]
            found = await db.execute(sa.select(*columns))
            answer[table.name] = sorted((tuple(row) for row in found), key=repr)
    return answer


async def fresh_rows(plan_: Plan, events: Mapping[str, Sequence[Recorded]]) -> Rows:
    """The rows of a fold of everything, stream by stream, each at one go."""
    async with projected(plan_) as projection:
        for stream, records in events.items():
            if records and stream in projection.positions:
                await projection.apply(stream, records)
        return await rows(projection)


def facts_at(
    plan_: Plan, events: Mapping[str, Sequence[Recorded]], moment: Mapping[str, int]
) -> set[Fact]:
    """What the folds alone say of the events up to a moment: no table, no positions."""
    histories: dict[str, list[Recorded]] = {}
    for stream, records in events.items():
        for record in records[: moment[stream]]:
            histories.setdefault(record.envelope.subject, []).append(record)
    facts: set[Fact] = set()
    for subject, history in histories.items():
        service, entity, entity_id = subject.split(".")
        if fold := plan_.folds.get((service, entity)):
            facts |= set(fold(entity_id, history))
    return facts


def fold_until_killed(plan_: Plan, database: str, seed: int) -> None:
    """What a process does that a test kills: apply the demonstration from where the rows stand."""

    async def go() -> None:
        chance = random.Random(seed)
        events = by_stream(demonstration())
        async with projected(plan_, database) as projection:
            print("ready", flush=True)
            while left := [s for s in events if projection.positions[s] < len(events[s])]:
                stream = chance.choice(left)
                at = projection.positions[stream]
                await projection.apply(stream, events[stream][at : at + chance.randint(1, 30)])

    asyncio.run(go())
