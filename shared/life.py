"""The life of a process: what must hold before it is asked, and what ends before it goes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
from msgspec import Struct

CHECK_SECONDS = 2.0
DRAIN_SECONDS = 12.0
"""As long as the longest wait for an answer: nobody is there after that."""

log = structlog.get_logger()


class Lack(Struct, frozen=True):
    """What is missing until a process may be asked; `code` for machines, `why` for people."""

    code: str
    why: str
    service: str = ""


class Readiness(Struct, frozen=True):
    """Whether a process may be asked now."""

    ok: bool
    missing: list[Lack]


Check: TypeAlias = Callable[[], Awaitable[Lack | None]]
Drain: TypeAlias = Callable[[], Awaitable[None]]


class Life:
    """Starting, at work, leaving: one per process, whatever number of services it runs.

    Readiness says whether to ask this process or another; that it lives is another question, which
    nothing outside of it has a part in: a restart cures no bus and no database.
    """

    def __init__(self) -> None:
        self.starting: Lack | None = Lack("STARTING", "the service is being started")
        self.leaving = False
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._checks: list[tuple[str, Check]] = []
        self._drains: list[Drain] = []

    def needs(self, service: str, check: Check) -> None:
        """A service is to be asked only while the check finds nothing missing."""
        self._checks.append((service, check))

    def before_leaving(self, drain: Drain) -> None:
        """Take nothing more and finish what is under way, once the process is told to leave."""
        self._drains.append(drain)

    def break_off(self, error: Exception) -> None:
        """Something is gone that will not come back by itself: the process must end and begin anew."""
        if not self.broken.done():
            self.broken.set_exception(error)

    def start_again(self, lack: Lack) -> None:
        """The start has failed and will be tried once more; nothing of it is left."""
        self.starting = lack
        self._checks.clear()
        self._drains.clear()

    async def readiness(self) -> Readiness:
        """All that is missing now; takes CHECK_SECONDS at most."""
        if self.leaving:
            return Readiness(False, [Lack("LEAVING", "the process has been told to end")])
        if self.starting is not None:
            return Readiness(False, [self.starting])
        found = await asyncio.gather(*(_found(service, check) for service, check in self._checks))
        missing = [lack for lack in found if lack is not None]
        return Readiness(not missing, missing)

    async def drain(self) -> None:
        """Everything that takes work from outside stops taking it, and finishes what it has taken."""
        self.leaving = True
        outcomes = await asyncio.gather(*(it() for it in self._drains), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):  # the others have been drained all the same
                log.error("drain_failed", error=type(outcome).__name__, exc_info=outcome)


async def _found(service: str, check: Check) -> Lack | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            lack = await check()
    except TimeoutError:
        lack = Lack("SLOW", f"no answer within {CHECK_SECONDS:g} seconds")
    return None if lack is None else Lack(lack.code, lack.why, service)
