"""The door for whoever verifies: what a service's read models say at a moment, as digests."""

import asyncio
from collections.abc import Sequence

import msgspec
from faststream.nats import NatsBroker, NatsMessage
from msgspec import Struct

from shared.access.asking import answered
from shared.access.gate import Gate
from shared.access.roles import OPERATION
from shared.context import Context
from shared.errors import InvalidField, MalformedJson, NotYet
from shared.fingerprint import Fingerprint, entities, fingerprint, tables
from shared.projection import Projection
from shared.subjects import fingerprint_subject

WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.5

_encoder = msgspec.json.Encoder()


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """A moment, as stream to position; with a projection, table and bucket: its entities."""

    moment: dict[str, int]
    projection: str = ""
    table: str = ""
    bucket: int = 0


class Told(Struct, frozen=True, omit_defaults=True):
    """All projections' fingerprints, or the digest of each entity asked for."""

    projections: tuple[Fingerprint, ...] = ()
    entities: dict[str, str] = {}


def open_fingerprint(
    broker: NatsBroker, service: str, projections: Sequence[Projection], gate: Gate
) -> None:
    """Answer operators on fingerprint.<service>: any replica may, writer or standby."""

    async def tell(context: Context, body: bytes) -> bytes:
        return _encoder.encode(await _told(projections, body))

    @broker.subscriber(fingerprint_subject(service), queue=service)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return await answered(gate, OPERATION, message.headers, body, tell)


async def _told(projections: Sequence[Projection], body: bytes) -> Told:
    try:
        asked = msgspec.json.decode(body, type=Asked)
    except msgspec.ValidationError as error:
        raise InvalidField("$", str(error)) from None
    except msgspec.MsgspecError as error:
        raise MalformedJson(str(error)) from None
    for projection in projections:
        await _reach(projection, asked.moment)
    if not asked.table:
        return Told(tuple([await fingerprint(it, asked.moment) for it in projections]))
    for projection in projections:
        if projection.plan.name == asked.projection and asked.table in tables(projection):
            return Told(
                entities=await entities(projection, asked.table, asked.bucket, asked.moment)
            )
    raise InvalidField("$.table", "no such table of such a projection")


async def _reach(projection: Projection, moment: dict[str, int]) -> None:
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    for stream in projection.positions:
        if stream not in moment:
            raise InvalidField("$.moment", f"{stream} is missing")
        while not await projection.reached(stream, moment[stream], LOOK_SECONDS):
            stopped = projection.stopped.get(stream, "")
            if stopped or asyncio.get_running_loop().time() > deadline:
                at = projection.positions[stream]
                raise NotYet(f"{projection.plan.name} is at {stream} {at} {stopped}".strip())
