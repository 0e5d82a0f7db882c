"""Where everything stands: streams, projections, positions, lag."""

import msgspec
from msgspec import Struct

from shared.bus import ApiError, Bus, NoAnswer
from shared.errors import BusAway
from shared.status_door import ServiceStatus
from shared.streams import ALL
from shared.subjects import status_subject

PROJECTING = ("placement", "aftercare", "reporting")
TIMEOUT_SECONDS = 2.0


class StreamRow(Struct, frozen=True):
    """One stream; position is its last one, None if it has not been made."""

    stream: str
    position: int | None


class ProjectionRow(Struct, frozen=True):
    """One projection in one stream; all None if its service does not answer."""

    service: str
    projection: str | None
    stream: str | None
    position: int | None
    lag: int | None
    stopped: str | None


class Status(Struct, frozen=True):
    """All of it; ok when nothing is missing, stopped or behind."""

    ok: bool
    streams: list[StreamRow]
    projections: list[ProjectionRow]


async def look(bus: Bus) -> Status:
    """Ask the bus and every service that projects."""
    streams = [StreamRow(stream, await _last(bus, stream)) for stream in ALL]
    last = {row.stream: row.position for row in streams}
    projections: list[ProjectionRow] = []
    for service in PROJECTING:
        try:
            message = await bus.request(status_subject(service), b"", TIMEOUT_SECONDS)
        except (NoAnswer, BusAway):
            projections.append(ProjectionRow(service, None, None, None, None, "no answer"))
            continue
        told = msgspec.json.decode(message.data, type=ServiceStatus)
        for it in told.streams:
            lag = max(0, (last.get(it.stream) or 0) - it.position)
            projections.append(
                ProjectionRow(service, told.projection, it.stream, it.position, lag, it.stopped)
            )
    ok = all(row.position is not None for row in streams) and not any(
        row.stopped or row.lag for row in projections
    )
    return Status(ok, streams, projections)


async def _last(bus: Bus, stream: str) -> int | None:
    try:
        return await bus.last_position(stream)
    except ApiError:
        return None
