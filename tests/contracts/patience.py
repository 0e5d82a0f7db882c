"""How long tests wait for what must come, without a stopwatch."""

import asyncio
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

PATIENT = 120.0  # seconds that something may take which must not take them


def at_once() -> asyncio.Timeout:
    """Far less than PATIENT: what ends in it did not end because the patience was over."""
    return asyncio.timeout(60)


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; a failure after a minute."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def until_kept_waiting(engine: AsyncEngine, part: str) -> None:
    """Return when a statement with this part waits for a lock in this PostgreSQL database."""
    waits = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE :query"
    )
    async with asyncio.timeout(60):
        while True:
            async with engine.connect() as db:
                if await db.scalar(waits, {"query": f"%{part}%"}):
                    return
            await asyncio.sleep(0.01)
