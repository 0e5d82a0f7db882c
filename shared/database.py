"""The database of a service's read models: SQLite here, one code path for others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    """An engine for as long as the block runs; `url` as SQLAlchemy writes it."""
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers go on while the projector commits
    cursor.execute("PRAGMA synchronous=NORMAL")  # rows and position are lost together or not at all
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()
