"""The door for operators: how far a service's projections are, and what stopped them."""

import msgspec
from faststream.nats import NatsBroker, NatsMessage
from msgspec import Struct

from shared.projection import Projection
from shared.subjects import status_subject

_encoder = msgspec.json.Encoder()


class StreamProgress(Struct, frozen=True):
    """How far a projection is in one stream; `stopped` says why it goes no further."""

    stream: str
    position: int
    stopped: str | None


class ServiceStatus(Struct, frozen=True):
    """One service's projection."""

    service: str
    projection: str
    version: int
    streams: list[StreamProgress]


def status_of(service: str, projection: Projection) -> ServiceStatus:
    """Where the projection stands now."""
    streams = [
        StreamProgress(stream, position, projection.stopped.get(stream))
        for stream, position in projection.positions.items()
    ]
    return ServiceStatus(service, projection.plan.name, projection.plan.version, streams)


def open_status(broker: NatsBroker, service: str, projection: Projection) -> None:
    """Answer on status.<service>."""

    @broker.subscriber(status_subject(service))
    async def tell(message: NatsMessage) -> bytes:
        return _encoder.encode(status_of(service, projection))
