"""A service as a process of its own: healthy from its first moment, asked once it is ready."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeAlias

import structlog
from litestar.types import ASGIApp
from nats.errors import Error as NatsError

from shared.access.gate import gate_of
from shared.backoff import Backoff
from shared.database import is_away
from shared.errors import SluseError
from shared.http_server import NOTICE_SECONDS, Front, bound, served, until_told
from shared.life import Lack, Life
from shared.settings import Settings

Opening: TypeAlias = Callable[[Life], AbstractAsyncContextManager[ASGIApp]]
"""Opens a service and all that it needs; what it gives is served over HTTP."""

log = structlog.get_logger()


async def serve_service(opening: Opening, settings: Settings) -> None:
    """Run a service until a signal comes; PortTaken if its port cannot be had, or SettingsError."""
    gate_of(settings)  # what cannot be mended from outside is said now, not tried again
    listening = bound(settings.http_host, settings.http_port)
    life = Life()
    front = Front(life)
    async with served(front, listening), AsyncExitStack() as stack:
        front.app = await _opened(stack, opening, life)
        life.starting = None
        await until_told(front, NOTICE_SECONDS)


async def _opened(stack: AsyncExitStack, opening: Opening, life: Life) -> ASGIApp:
    """Try until it succeeds: a process that ended would only come back later, and say less."""
    backoff = Backoff()
    while True:
        try:
            return await stack.enter_async_context(opening(life))
        except Exception as error:
            # What may be mended without us: a bus, a database, streams that nobody has made yet.
            if not isinstance(error, SluseError | NatsError) and not is_away(error):
                raise
            code = error.code if isinstance(error, SluseError) else type(error).__name__
            if life.starting is None or life.starting.why != code:  # once, not at every try
                log.warning("start_waits", code=code)
            life.start_again(Lack("STARTING", code))
        await backoff.wait()
