"""A local view: what a service must know of another's facts, in its own database."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.backoff import Backoff
from shared.bus import ApiError, Bus, NoAnswer
from shared.database import is_away, opened
from shared.errors import BusAway, NotYet, Parked
from shared.facts import Fact
from shared.plan import Plan
from shared.projection import DEFAULT, BeforeForsaking, Patience, Projection

F = TypeVar("F", bound=Fact)

RETRY_SECONDS = 0.5
LOOKED_AT = 500
"""Of how many parked entities it is asked what they name; more may name anything."""

log = structlog.get_logger()


class View:
    """A projection that is asked, and waited for before anything is refused because of it."""

    def __init__(self, projection: Projection, bus: Bus, wait: float) -> None:
        """`wait` in seconds is how long catching up may take."""
        self.projection = projection
        self._bus = bus
        self.wait = wait

    async def facts(self, kind: type[F], **equals: object) -> list[F]:
        """The facts of a kind that are effective now and whose fields equal what is given.

        Raises Parked if a parked entity may be among those that are asked for: what is known of
        it is old, and no rule may be decided by that.
        """
        async with self.projection.reading() as db:
            await self.refuse_parked(db, kind, equals)
            return await self.projection.tables[kind].effective(db, None, **equals)

    async def settled(self, kind: type[F], **equals: object) -> list[F]:
        """The same, without those of parked entities: for what goes through all, one by one."""
        parked = self.projection.parked
        async with self.projection.reading() as db:
            return await self.projection.tables[kind].effective(
                db, None, frozenset(parked), **equals
            )

    async def refuse_parked(
        self, db: AsyncConnection, kind: type[Fact], equals: Mapping[str, object]
    ) -> None:
        """Raise Parked if a parked entity may be among those that are asked for, before reading them.

        Whether it may, the keys say that its events name, or its own id.
        """
        begins = f"{kind.ENTITY}." if kind.ENTITY else ""
        may_be = {it for it in self.projection.parked if it.startswith(begins)}
        if len(may_be) <= LOOKED_AT:
            for name, key in equals.items():
                if name in kind.INDEXED and isinstance(key, str):
                    naming = await self.projection.log.naming(db, sorted(may_be), key)
                    may_be = {it for it in may_be if it in naming or it.endswith(f".{key}")}
        if may_be:
            raise Parked

    async def catch_up(self) -> None:
        """Come as far as the streams are now; NotYet if that takes too long, or BusAway."""
        try:
            reached = await self.projection.caught_up(self._bus, self.wait)
        except (NoAnswer, ApiError):
            raise BusAway from None
        if not reached:
            raise NotYet("what other services recorded has not arrived here yet: send it again")


@asynccontextmanager
async def following(
    plan: Plan,
    database: str,
    bus: Bus,
    *,
    password: str = "",
    patience: Patience = DEFAULT,
    before_forsaking: BeforeForsaking | None = None,
) -> AsyncIterator[Projection]:
    """A projection that follows its streams for as long as the block runs.

    A database that is away is waited for.
    """
    async with opened(database, password) as engine:
        projection = Projection(plan, engine, patience)
        if before_forsaking is not None:
            projection.before_forsaking = before_forsaking
        await _prepared(projection)
        await projection.look(bus)  # whoever asks at once is not answered from before a restore
        task = asyncio.create_task(projection.run(bus), name=f"projection {plan.name}")
        try:
            yield projection
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _prepared(projection: Projection) -> None:
    backoff = Backoff()
    while True:
        try:
            await projection.prepare()
            return
        except Exception as error:
            if not is_away(error):
                raise
            name = type(error).__name__
            log.error("database_away", projection=projection.plan.name, error=name)
        await backoff.wait()
