"""A local view: what a service must know of another's facts, in its own database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from shared.bus import ApiError, Bus, NoAnswer
from shared.database import opened
from shared.errors import BusAway, NotYet
from shared.facts import Fact
from shared.projection import Plan, Projection

F = TypeVar("F", bound=Fact)


class View:
    """A projection that is asked, and waited for before anything is refused because of it."""

    def __init__(self, projection: Projection, bus: Bus, wait: float) -> None:
        """`wait` in seconds is how long catching up may take."""
        self.projection = projection
        self._bus = bus
        self.wait = wait

    async def facts(self, kind: type[F], **equals: object) -> list[F]:
        """The facts of a kind that are effective now and whose fields equal what is given."""
        async with self.projection.reading() as db:
            return await self.projection.tables[kind].effective(db, None, **equals)

    async def catch_up(self) -> None:
        """Come as far as the streams are now; NotYet if that takes too long, or BusAway."""
        try:
            reached = await self.projection.caught_up(self._bus, self.wait)
        except (NoAnswer, ApiError):
            raise BusAway from None
        if not reached:
            raise NotYet("what other services recorded has not arrived here yet: send it again")


@asynccontextmanager
async def following(plan: Plan, database: str, bus: Bus) -> AsyncIterator[Projection]:
    """A projection that follows its streams for as long as the block runs."""
    async with opened(database) as engine:
        projection = Projection(plan, engine)
        await projection.prepare()
        task = asyncio.create_task(projection.run(bus), name=f"projection {plan.name}")
        try:
            yield projection
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
