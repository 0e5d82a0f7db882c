"""The door for operators: which generations a service's projections have, and which one is asked."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from faststream.nats import NatsBroker, NatsMessage
from msgspec import Struct

from shared import blue_green
from shared import generation_control as control
from shared.access.asking import answered
from shared.access.gate import Gate
from shared.access.roles import OPERATION
from shared.context import Context
from shared.database import is_away
from shared.errors import DatabaseAway, InvalidField, MalformedJson
from shared.generation_control import State
from shared.projection import Projection
from shared.subjects import projections_subject

Action: TypeAlias = Literal["list", "rebuild", "promote", "rollback", "drop"]

_encoder = msgspec.json.Encoder()


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """What to do, with which projection (empty: the service's first) and which generation."""

    action: Action = "list"
    projection: str = ""
    generation: int | None = None


class GenerationStatus(Struct, frozen=True, kw_only=True):
    """One generation; `events` are folded of `of` (None: nobody here follows its streams).

    `asked`: the process that answers takes its figures from it. `written`: somebody holds its lease.
    """

    service: str
    projection: str
    generation: int
    version: int
    state: State
    asked: bool
    written: bool
    begun_at: str
    events: int
    of: int | None


class Told(Struct, frozen=True):
    """All generations after what was asked; `done`: the projection and generation it was about."""

    generations: list[GenerationStatus]
    done: tuple[str, int] | None = None


async def listed(service: str, projection: Projection) -> list[GenerationStatus]:
    """The projection's generations, the oldest first."""
    async with projection.reading() as db:
        rows = await control.rows(db, projection.plan.name)
        positions = await control.positions(db, projection.plan.name)
    asked = control.asked(rows, projection.plan.version)
    last = {stream: it.last for stream, it in projection.served.progress.items()}
    return [
        GenerationStatus(
            service=service,
            projection=row.projection,
            generation=row.generation,
            version=row.version,
            state=row.state,
            asked=row.generation == asked,
            written=bool(row.holder),
            begun_at=row.begun_at,
            events=sum(folded.values()),
            of=sum(max(last[stream], folded[stream]) for stream in folded)
            if folded.keys() <= last.keys()
            else None,
        )
        for row in rows
        if (folded := positions.get(row.generation)) is not None
    ]


async def told(service: str, projections: Sequence[Projection], ask: Ask) -> Told:
    """Do what is asked; raises Refused, NotYet or DatabaseAway if it is not done."""
    done = await _done(projections, ask)
    return Told([it for each in projections for it in await listed(service, each)], done)


async def _done(projections: Sequence[Projection], ask: Ask) -> tuple[str, int] | None:
    if ask.action == "list":
        return None
    projection = _named(projections, ask.projection)
    try:
        return projection.plan.name, await _carried_out(projection, ask)
    except Exception as error:
        if not is_away(error):
            raise
        raise DatabaseAway from None


async def _carried_out(projection: Projection, ask: Ask) -> int:
    engine, plan = projection.engine, projection.plan
    match ask.action:
        case "rebuild":
            return await blue_green.rebuild(engine, plan)
        case "promote":
            return await blue_green.promote(engine, plan, ask.generation)
        case "rollback":
            return await blue_green.rollback(engine, plan)
    if ask.generation is None:
        raise InvalidField("generation", "say which one")
    await blue_green.drop(engine, plan, ask.generation, projection.watch.lives)
    return ask.generation


def _named(projections: Sequence[Projection], name: str) -> Projection:
    for projection in projections:
        if name in ("", projection.plan.name):
            return projection
    known = ", ".join(projection.plan.name for projection in projections)
    raise InvalidField("projection", f"this service has {known}")


def open_projections(
    broker: NatsBroker, service: str, projections: Sequence[Projection], gate: Gate
) -> None:
    """Answer operators on projections.<service>: any replica may, it all stands in the database."""

    async def tell(context: Context, body: bytes) -> bytes:
        try:
            ask = msgspec.json.decode(body or b"{}", type=Ask)
        except msgspec.ValidationError as error:
            raise InvalidField("$", str(error)) from None
        except msgspec.DecodeError as error:
            raise MalformedJson(str(error)) from None
        return _encoder.encode(await told(service, projections, ask))

    @broker.subscriber(projections_subject(service), queue=service)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return await answered(gate, OPERATION, message.headers, body, tell)
