"""How long tests wait for what must come, without a stopwatch."""

import asyncio
from collections.abc import Callable

PATIENT = 60.0  # seconds that something may take which must not take them


def at_once() -> asyncio.Timeout:
    """Far less than PATIENT: what ends in it did not end because the patience was over."""
    return asyncio.timeout(20)


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; a failure after twenty seconds."""
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)
