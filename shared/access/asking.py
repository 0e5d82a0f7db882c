"""Requests on the bus that are no commands: asked with a token, answered to whom it may be told."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from shared.access.bearer import Bearer
from shared.access.gate import Gate, Shown, refuse_without
from shared.access.roles import Roles
from shared.bus import Bus
from shared.command import Problem, refused
from shared.context import Context
from shared.errors import SluseError

AUTHORIZATION = "Authorization"
ACTOR = "Sluse-Actor"
CORRELATION = "Sluse-Correlation-Id"
TRACEPARENT = "traceparent"

Answer: TypeAlias = Callable[[Context, bytes], Awaitable[bytes]]

_encoder = msgspec.json.Encoder()


class _Refusal(msgspec.Struct):
    error: Problem | None = None


class Declined(SluseError):
    """Whoever was asked has refused: the code, message and path are theirs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message, problem.path)
        self.code = problem.code  # type: ignore[misc]  # of this answer, not of the class


def shown(headers: Mapping[str, str]) -> Shown:
    """What a message carries beside its body."""
    claimed = headers.get(ACTOR, "")
    return Shown(
        authorization=headers.get(AUTHORIZATION, ""),
        claimed=(claimed,) if claimed else (),
        correlation_id=headers.get(CORRELATION, ""),
        traceparent=headers.get(TRACEPARENT, ""),
    )


def presented(token: Bearer) -> dict[str, str]:
    """The header that shows a token; none without one."""
    return {AUTHORIZATION: f"Bearer {token.text}"} if token.text else {}


async def answered(
    gate: Gate, roles: Roles, headers: Mapping[str, str], body: bytes, answer: Answer
) -> bytes:
    """The answer, or why not, as a Reply; also what raises a SluseError inside is told so."""
    try:
        context = await gate.admitted(shown(headers))
        refuse_without(context.grants, roles)
        return await answer(context, body)
    except SluseError as error:
        return _encoder.encode(refused(error))


async def ask(
    bus: Bus, subject: str, body: bytes, timeout: float, token: Bearer | None = None
) -> bytes:
    """Ask with the connection's token, or another, and wait so many seconds.

    Raises Declined, and as Bus.request.
    """
    message = await bus.request(subject, body, timeout, presented(token or bus.token))
    try:
        problem = msgspec.json.decode(message.data, type=_Refusal).error
    except msgspec.MsgspecError:
        problem = None  # what it says instead, the asker knows how to read
    if problem is not None:
        raise Declined(problem)
    return message.data
