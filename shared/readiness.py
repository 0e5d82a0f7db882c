"""What a service must have before it is asked: its bus, its database, what others have recorded."""

import asyncio
from collections import deque
from collections.abc import Mapping

import sqlalchemy as sa
from faststream.nats import NatsBroker

from shared.bus import ApiError, Bus, NoAnswer, ServerTooOld
from shared.errors import BusAway, Unanswered
from shared.life import Lack
from shared.projection import Projection

BOUND_SECONDS = 10.0
"""A projection may be so far behind. A question or a command that needs more than it has waits for
it by itself, and is answered NOT_YET after a few seconds; whatever the lag, other replicas would
answer the same. So lag under load is no reason to be asked nothing, and one that lasts is."""

REMEMBERED = 64


async def bus_lack(bus: Bus, broker: NatsBroker, stream: str) -> Lack | None:
    """The stream's leader answers, and the door's own connection is there."""
    try:
        await bus.last_position(stream)
    except (BusAway, NoAnswer):
        return Lack("BUS_AWAY", "the bus does not answer")
    except (ApiError, ServerTooOld) as error:
        return Lack(error.code, error.message)
    if not broker.connection.is_connected:
        return Lack("BUS_AWAY", "the door is not connected to the bus")
    return None


class Following:
    """Whether a projection is close enough to its streams.

    At the start it must have reached all that the streams held when it was first asked for;
    afterwards whatever they held a while ago. Measured by the leaders' positions and our own
    clock: no event's time is compared with ours.
    """

    def __init__(self, projection: Projection, bus: Bus, bound: float = BOUND_SECONDS) -> None:
        """`bound`: so many seconds it may be behind, once it has caught up."""
        self._bound = bound
        self._projection = projection
        self._bus = bus
        self._seen: deque[tuple[float, Mapping[str, int]]] = deque()
        self._has_caught_up = False

    async def lack(self) -> Lack | None:
        """What keeps the projection from being asked, if anything does."""
        projection = self._projection
        name = projection.plan.name
        status = projection.status()
        for it in status.streams:
            if it.stopped:
                return Lack("STOPPED", f"{name} at {it.stream}: {it.stopped}")
            if it.stalled:
                return Lack("STALLED", f"{name} stands still at {it.stream} {it.position}")
        if status.state == "building":
            return Lack("CATCHING_UP", f"{name}: generation {status.generation} is being built")
        try:
            async with projection.reading() as db:
                await db.execute(sa.select(1))
        except Unanswered as error:  # the database is away, or the streams were restored
            return Lack(error.code, f"{name}: {error.message}")
        try:
            streams = tuple(projection.vocabularies)
            last = await asyncio.gather(*(self._bus.last_position(stream) for stream in streams))
        except (BusAway, NoAnswer, ApiError, ServerTooOld):
            return None  # the bus has a check of its own
        return self._behind(dict(zip(streams, last, strict=True)))

    def _behind(self, last: Mapping[str, int]) -> Lack | None:
        now = asyncio.get_running_loop().time()
        if len(self._seen) < REMEMBERED:  # what matters of a long wait is its beginning
            self._seen.append((now, last))
        while self._seen and self._has_reached(self._seen[0][1]):
            self._seen.popleft()
            self._has_caught_up = True
        if not self._seen:
            return None
        since, wanted = self._seen[0]
        if self._has_caught_up and now - since <= self._bound:
            return None
        code = "BEHIND" if self._has_caught_up else "CATCHING_UP"
        stream = next(s for s, position in wanted.items() if self._at(s) < position)
        at = f"{stream} {self._at(stream)} of {last[stream]}"
        return Lack(code, f"{self._projection.plan.name}: {at}")

    def _has_reached(self, wanted: Mapping[str, int]) -> bool:
        return all(self._at(stream) >= position for stream, position in wanted.items())

    def _at(self, stream: str) -> int:
        return self._projection.positions.get(stream, 0)
