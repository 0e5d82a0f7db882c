"""Sending commands to whichever service takes them, and again while the answer is not known."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from typing import Any, BinaryIO, get_args

import msgspec
from msgspec import Struct

from services.aftercare import app as aftercare
from services.intake import app as intake
from services.placement import app as placement
from services.reporting.report import ReportCommand
from shared.bus import Bus
from shared.bus_door import forwarder
from shared.command import (
    LARGEST_BODY,
    SEND_AGAIN,
    Command,
    Problem,
    Reply,
    TooLarge,
    refused,
)
from shared.correction.commands import COMMANDS as CORRECTIONS
from shared.handling import Context
from shared.subjects import SERVICES

TRIES = 8
TIMEOUT_SECONDS = 12.0

_COMMANDS = {
    "intake": intake.COMMANDS,
    "placement": placement.COMMANDS,
    "aftercare": aftercare.COMMANDS,
    "reports": ReportCommand,
}


class Answer(Struct, frozen=True, omit_defaults=True):
    """The reply to one line."""

    line: int
    ok: bool
    position: int | None = None
    events: list[Any] | None = None
    warnings: list[Any] | None = None
    error: Problem | None = None


@cache
def services() -> dict[str, str]:
    """Command type to the service that alone takes it."""
    return {
        kind.__name__: service
        for service, union in _COMMANDS.items()
        for kind in get_args(union) or (union,)
    }


def commands() -> dict[str, tuple[type[Command], ...]]:
    """Service to the commands that it takes; a report is superseded, never corrected."""
    return {
        service: (*(get_args(union) or (union,)), *(CORRECTIONS if service in SERVICES else ()))
        for service, union in _COMMANDS.items()
    }


class Sender:
    """Sends commands over the bus, one after the other."""

    def __init__(self, bus: Bus) -> None:
        self._answers = {s: forwarder(bus, s, TIMEOUT_SECONDS) for s in set(services().values())}

    async def send(self, body: bytes) -> Reply:
        """The reply to one command; what is not settled is sent again, with growing pauses."""
        if len(body) > LARGEST_BODY:
            return refused(TooLarge(len(body)))
        service = _service_for(body)
        if isinstance(service, Problem):
            return Reply(ok=False, error=service)
        answer = self._answers[service]
        for attempt in range(TRIES):
            reply = await answer(body, Context())
            if reply.error is None or reply.error.code not in SEND_AGAIN:
                break
            await asyncio.sleep(0.05 * 2**attempt)
        return reply

    async def send_lines(self, file: BinaryIO) -> AsyncIterator[tuple[Answer, int]]:
        """An answer for every line that is not empty, and how many bytes it took so far.

        A bad line doesn't keep the rest; a line is answered before the next one is read.
        """
        number = size = 0
        while line := await asyncio.to_thread(file.readline):
            number += 1
            size += len(line)
            if line.strip():
                reply = await self.send(line.strip())
                yield (
                    Answer(number, **{f: getattr(reply, f) for f in reply.__struct_fields__}),
                    size,
                )


_CORRECTIONS = frozenset(kind.__name__ for kind in CORRECTIONS)


class _Typed(Struct):
    type: str


class _About(Struct):
    subject: str


def _service_for(body: bytes) -> str | Problem:
    """Whom the command is for: its type says it; of a correction, which all take, its subject."""
    try:
        kind = msgspec.json.decode(body, type=_Typed).type
    except msgspec.ValidationError as error:
        return Problem("INVALID_FIELD", str(error), "$.type")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Problem("MALFORMED_JSON", str(error), "")
    if kind in _CORRECTIONS:
        return _service_of(body)
    if kind not in services():
        return Problem("INVALID_FIELD", f"no service takes {kind!r}", "$.type")
    return services()[kind]


def _service_of(correction: bytes) -> str | Problem:
    try:
        service = msgspec.json.decode(correction, type=_About).subject.split(".", maxsplit=1)[0]
    except msgspec.ValidationError as error:
        return Problem("INVALID_FIELD", str(error), "$.subject")
    if service not in _COMMANDS:
        return Problem("INVALID_FIELD", "no service has this entity", "$.subject")
    return service
