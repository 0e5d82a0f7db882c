"""A fold of the streams from their beginning, in a database that goes with the block."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from shutil import rmtree
from tempfile import mkdtemp

from shared.bus import Bus
from shared.errors import SluseError
from shared.moment import Positions
from shared.plan import Plan
from shared.projection import Projection
from shared.view import following
from sluse.stream_checks import last_stored

LOOK_SECONDS = 0.5
REMOVE_SECONDS = 5.0


class NotFolded(SluseError):
    """The streams cannot be folded to their end."""

    code = "NOT_FOLDED"


@asynccontextmanager
async def fresh(plan: Plan, bus: Bus, moment: Positions | None = None) -> AsyncIterator[Projection]:
    """The projection once it has folded all up to the moment (None: all there is by now).

    Raises NotFolded if something stops it on the way.
    """
    directory = mkdtemp(prefix="sluse-")
    try:
        url = f"sqlite+aiosqlite:///{directory}/fold.db"
        async with following(plan, url, bus) as projection:
            for stream in projection.positions:
                last = moment[stream] if moment else await bus.last_position(stream)
                stored = await last_stored(bus, stream, last)
                if stored < last:
                    raise NotFolded(
                        f"{stream}: position {stored + 1} is missing, and all up to {last}"
                    )
                await _reach(projection, stream, last)
            yield projection
    finally:
        await _remove(directory)


async def _remove(directory: str) -> None:
    """A statement that was broken off may still be writing in a thread of its own."""
    deadline = asyncio.get_running_loop().time() + REMOVE_SECONDS
    while True:
        try:
            return rmtree(directory)
        except OSError:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.02)


async def _reach(projection: Projection, stream: str, position: int) -> None:
    while not await projection.reached(stream, position, LOOK_SECONDS):
        if projection.stopped:
            raise NotFolded("; ".join(projection.stopped.values()))
