"""The door for operators' questions: what a service has parked, and what a retry would do."""

from collections.abc import Sequence

import msgspec
from faststream.nats import NatsBroker, NatsMessage
from msgspec import Struct

from shared.access.asking import answered, ask
from shared.access.bearer import Bearer
from shared.access.gate import Gate
from shared.access.roles import OPERATION
from shared.bus import Bus, NoAnswer
from shared.command import invalid_field
from shared.context import Context
from shared.errors import BusAway, MalformedJson
from shared.parking import ParkedEntity
from shared.projection import Projection
from shared.refolding import Trial
from shared.subjects import PROJECTING, parked_subject

TIMEOUT_SECONDS = 3.0

_encoder = msgspec.json.Encoder()


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked: everything, or one entity; `dry_run`: what folding it again would do.

    `without`: the position of an event that the dry run leaves out, as a discard would.
    """

    entity: str | None = None
    dry_run: bool = False
    without: int | None = None


class Waiting(ParkedEntity, frozen=True, kw_only=True):
    """A parked entity, in which projection of which service, and the positions that wait."""

    service: str
    projection: str
    waiting: list[int]
    trial: Trial | None = None


class Heard(Struct, frozen=True):
    """What the services said, and which of them said nothing."""

    waiting: list[Waiting]
    silent: list[str]


async def told(service: str, projections: Sequence[Projection], asked: Ask) -> list[Waiting]:
    """What the service's projections have parked."""
    waiting = []
    for projection in projections:
        async with projection.reading() as db:
            for it in await projection.served.parking.stored(db):
                if asked.entity not in (None, it.entity):
                    continue
                positions = await projection.log.positions_from(db, it.entity, it.position)
                trial = None
                if asked.dry_run:
                    without = () if asked.without is None else (asked.without,)
                    trial = await projection.served.refolding.trial(db, it.entity, without)
                waiting.append(
                    Waiting(
                        **msgspec.structs.asdict(it),
                        service=service,
                        projection=projection.plan.name,
                        waiting=positions,
                        trial=trial,
                    )
                )
    return waiting


def open_parked(
    broker: NatsBroker, service: str, projections: Sequence[Projection], gate: Gate
) -> None:
    """Answer on parked.<service>, to operators: any replica may, what is parked is in the database."""

    async def tell(context: Context, body: bytes) -> bytes:
        try:
            asked = msgspec.json.decode(body or b"{}", type=Ask)
        except msgspec.ValidationError as error:
            raise invalid_field(error) from None
        except msgspec.DecodeError as error:
            raise MalformedJson(str(error)) from None
        return _encoder.encode(await told(service, projections, asked))

    @broker.subscriber(parked_subject(service), queue=service)
    async def take(message: NatsMessage) -> bytes:
        body = message.body if isinstance(message.body, bytes) else b""
        return await answered(gate, OPERATION, message.headers, body, tell)


async def heard(bus: Bus, asked: Ask, token: Bearer | None = None) -> Heard:
    """Ask every service that projects, with a token of somebody's or the connection's own."""
    waiting: list[Waiting] = []
    silent: list[str] = []
    for service in PROJECTING:
        try:
            body = _encoder.encode(asked)
            answer = await ask(bus, parked_subject(service), body, TIMEOUT_SECONDS, token)
            waiting += msgspec.json.decode(answer, type=list[Waiting])
        except (NoAnswer, BusAway):
            silent.append(service)
    return Heard(waiting, silent)
