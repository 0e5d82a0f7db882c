"""What must be there before the services start: streams, and the programmes that are known by then."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from services.intake.app import running
from services.intake.events.definition import Definition
from shared import streams
from shared.actors import own
from shared.bus import connected
from shared.command import Reply
from shared.context import Context
from shared.desk import Desk
from shared.settings import Settings
from shared.streams import Applied as AppliedStream
from sluse import programmes
from sluse.programmes import Applied as AppliedProgramme

PATIENCE_SECONDS = 30.0


class _AtTheDesk:
    """Sends to a desk in this process, as sluse itself: there is nobody yet who could ask."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def send(self, body: bytes) -> Reply:
        return await self._desk.answer(body, Context(actor=own("setup")))


async def set_up(
    operator: Settings, intake: Settings, wanted: Sequence[Definition]
) -> AsyncIterator[AppliedStream | AppliedProgramme | Reply]:
    """Make the streams as the operator, then open or revise the programmes as intake does.

    A refusal comes as it is. Repeating it changes nothing.
    """
    async with connected(operator.bus, "sluse-setup", PATIENCE_SECONDS) as bus:
        for applied in await streams.apply(bus, operator.replicas):
            yield applied
    # A definition is a command like any other, and only intake may write what follows from it.
    async with running(intake) as desk:
        for definition in wanted:
            yield await programmes.apply(definition, _AtTheDesk(desk))


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
