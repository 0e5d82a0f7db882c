"""What must be there before the services start: streams, and the programmes that are known by then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from services.intake.app import handlings
from services.intake.events import VOCABULARY
from services.intake.events.definition import Definition
from shared import streams
from shared.actors import own
from shared.backoff import Backoff
from shared.bus import Bus, NoAnswer, connected
from shared.bus_refusals import Denied
from shared.command import Reply
from shared.context import Context
from shared.desk import Desk
from shared.errors import BusAway
from shared.event_store import EventStore
from shared.handling import Handler
from shared.settings import Settings
from shared.streams import Applied as AppliedStream
from sluse import programmes
from sluse.programmes import Applied as AppliedProgramme
from sluse.sending import settled

PATIENCE_SECONDS = 120.0
"""How long the bus may take to let us in, and then its streams to be made: a slow machine's first start."""


class _AtTheDesk:
    """Sends to a desk in this process, as sluse itself: there is nobody yet who could ask."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, body: bytes) -> Reply:
        context = Context(actor=own("setup"))
        return await settled(lambda: self._desk.answer(body, context))


async def set_up(
    operator: Settings, intake: Settings, wanted: Sequence[Definition]
) -> AsyncIterator[AppliedStream | AppliedProgramme | Reply]:
    """Make the streams as the operator, then open or revise the programmes as intake does.

    A refusal comes as it is. Repeating it changes nothing.
    """
    async with connected(operator.bus, "sluse-setup", PATIENCE_SECONDS) as bus:
        for applied in await _applied(bus, operator.replicas):
            yield applied
    # A definition is a command like any other, and only intake may write what follows from it. But
    # no door is opened and nothing followed: callers are for the services that may run meanwhile.
    async with connected(intake.bus, "sluse-setup", PATIENCE_SECONDS) as bus:
        store = EventStore(bus, VOCABULARY, intake.request_timeout)
        desk = Desk("intake", Handler(store, intake.digest_key.encode()), handlings(store))
        for definition in wanted:
            yield await programmes.apply(definition, _AtTheDesk(desk))


async def _applied(bus: Bus, replicas: int) -> list[AppliedStream]:
    """The streams as they became; tried again while a young cluster looks for its leader."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    backoff = Backoff()
    while True:
        try:
            return await streams.apply(bus, replicas)
        except (BusAway, NoAnswer) as error:
            if isinstance(error, Denied) or asyncio.get_running_loop().time() > deadline:
                raise
        await backoff.wait()


def is_superseded(reply: Reply) -> bool:
    """Whether a definition was refused because a later one is in force: an operator revised it."""
    return reply.error is not None and reply.error.path == "$.definition.version"


def as_user(settings: Settings, user: str, secrets: Path) -> Settings:
    """The same settings, with the logins of another user of the installation."""
    return replace(
        settings,
        nats_user=user,
        nats_password=(secrets / f"nats-{user}").read_text().strip(),
    )
