"""Where a projection stands, as this process sees it: what is asked, who writes it, how far it is."""

from typing import Literal

from msgspec import Struct

from shared.generation import Generation
from shared.generation_control import State


class StreamProgress(Struct, frozen=True, kw_only=True):
    """How far a projection is in one stream; `stopped` says why it goes no further.

    `last`: the stream's last position, looked at each second; `lag`: events between; `lag_seconds`:
    how long the oldest of them has waited at least; `stalled`: events wait, and none is folded.
    """

    stream: str
    position: int
    last: int
    lag: int
    lag_seconds: float
    stalled: bool
    stopped: str | None


class ProjectionStatus(Struct, frozen=True, kw_only=True):
    """The generation that is asked here, and whether this process is the one that writes it."""

    projection: str
    version: int
    generation: int
    state: State
    role: Literal["writer", "standby"]
    streams: list[StreamProgress]


def status_of(served: Generation, stall: float) -> ProjectionStatus:
    """Of the generation that is asked; it is stalled if it folds nothing for `stall` seconds."""
    streams = [
        StreamProgress(
            stream=stream,
            position=it.position,
            last=it.last,
            lag=it.lag,
            lag_seconds=it.lag_seconds,
            stalled=it.stalled(stall),
            stopped=served.stopped.get(stream),
        )
        for stream, it in served.progress.items()
    ]
    return ProjectionStatus(
        projection=served.plan.name,
        version=served.plan.version,
        generation=served.number,
        state=served.state,
        role="writer" if served.lease else "standby",
        streams=streams,
    )
