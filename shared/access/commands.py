"""Who may send which command: by role, and by the programmes that the command touches."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

from shared.access.gate import refuse_without
from shared.access.roles import Grants, Roles
from shared.actors import is_own
from shared.command import Command
from shared.context import Context
from shared.decision import Asked, Work
from shared.envelope import Event
from shared.errors import Forbidden
from shared.event_store import History

C = TypeVar("C", bound=Command)

Touched: TypeAlias = tuple[str, str]
"""The path in a command by which it touches a programme, and the programme's key."""

Whose: TypeAlias = Callable[[Any, Any, bool], Awaitable[Sequence[Touched]]]
"""`whose(command, state, fresh)`: what the entity touches that neither of them says by itself.

Without a command: of a correction, and once more with the event as it would become.
Refuses what nobody knows; what is not known may be anybody's.
"""


async def nobodys(command: object, state: object, fresh: bool) -> Sequence[Touched]:
    """Of an entity that says itself whose it is, or belongs to all."""
    return ()


def named(it: object, path: str) -> Iterable[Touched]:
    """The programme that a command or an event names, if it does."""
    programme = getattr(it, "programme", None)
    return [(path, programme)] if programme else []


def said(command: Command | Event | None, entity: str, programme: str | None) -> Iterator[Touched]:
    """What the command names, and what its entity is of."""
    yield from named(command, "$.programme")
    if programme:
        yield f"$.{entity}", programme


def refuse_role(work: Work[C], command: C, context: Context) -> None:
    """Refuse whoever may not send such a command for any programme."""
    if is_own(context.actor):
        return
    roles = work.roles_for(command)
    if not roles:
        raise Forbidden(f"{type(command).__name__} follows from what others recorded")
    refuse_without(context.grants, roles, None, "$.type")


async def refuse_programme(
    work: Work[C], command: C, history: History, asked: Asked, grants: Grants
) -> None:
    """Refuse whoever holds the role, but not for all that the command touches."""
    if is_own(asked.actor):
        return
    roles: Roles = work.roles_after(command, history, asked)
    refuse_without(grants, roles, None, "$.type")
    if grants.everywhere(roles):
        return
    for path, programme in await work.touched(command, history, asked):
        refuse_without(grants, roles, programme, path)
