"""The database of a service's read models: SQLite or PostgreSQL, one code path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that sorts by code point wherever it is: answers come in the same order."""

CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
IDLE_SECONDS = 6.0  # a writer that is paused within its transaction lets go of its locks after this
_SETTINGS = {
    "application_name": "sluse",
    "idle_in_transaction_session_timeout": str(int(IDLE_SECONDS * 1000)),
    "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
}
# connection lost, insufficient resources, operator intervention, system error, read-only after a
# change of the primary, idle too long, lock not to be had, deadlock
_AWAY_CLASSES = ("08", "53", "57", "58")
_AWAY_STATES = ("25006", "25P03", "25P04", "55P03", "40001", "40P01")
_SQLITE_ERROR = 1  # the statement is wrong; every other code is the file's or its disk's
_WRITES = "sluse_writes"


def is_away(error: BaseException) -> bool:
    """Whether the database is the trouble, and waiting the cure; not the data, nor the statement."""
    match error:
        case PoolTimeout() | OSError():  # a driver's own time-out is an OSError
            return True
        case DBAPIError(orig=original):
            if error.connection_invalidated:
                return True
            state = getattr(original, "sqlstate", None)
            if isinstance(state, str):
                return state.startswith(_AWAY_CLASSES) or state in _AWAY_STATES
            code = getattr(original, "sqlite_errorcode", _SQLITE_ERROR)
            names = {kind.__name__ for kind in type(original).__mro__}
            return "InterfaceError" in names or (
                "OperationalError" in names and code != _SQLITE_ERROR
            )
    return False


@asynccontextmanager
async def opened(url: str, password: str = "") -> AsyncIterator[AsyncEngine]:
    """An engine for as long as the block runs; `url` as SQLAlchemy writes it."""
    address = sa.make_url(url)
    if password:
        address = address.set(password=password)
    if address.get_backend_name() == "sqlite":
        engine = create_async_engine(address, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    else:
        engine = create_async_engine(
            address,
            hide_parameters=True,  # an error is logged, what somebody wrote is not
            max_overflow=5,  # many replicas share one server's connections
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": STATEMENT_SECONDS,
                "server_settings": _SETTINGS,
            },
        )
    try:
        yield engine
    finally:
        await asyncio.shield(engine.dispose())


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction that writes; SQLite must know so when it begins, or it may fail half-way."""
    async with engine.execution_options(**{_WRITES: True}).begin() as db:
        yield db


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver would leave reads and DDL outside transactions
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers go on while the projector commits
    cursor.execute("PRAGMA synchronous=NORMAL")  # rows and position are lost together or not at all
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
