"""What stands behind a command: which entity it is for, and what follows from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from msgspec import Struct

from shared.claim import Claim
from shared.command import Command
from shared.envelope import Event, Vocabulary
from shared.event_store import History

C_contra = TypeVar("C_contra", bound=Command, contravariant=True)


class Asked(Struct, frozen=True):
    """The circumstances of a command: `fresh` asks for nothing older than this moment."""

    vocabulary: Vocabulary
    actor: str
    at: datetime
    fresh: bool


class Decided(Struct, frozen=True):
    """What is to be recorded: the entity's events, claims beside it, codes of warnings."""

    events: Sequence[Event] = ()
    claims: Sequence[Claim] = ()
    flags: Sequence[str] = ()


class Work(Protocol[C_contra]):
    """How the commands of one entity are carried out, seen by the handler."""

    @property
    def name(self) -> str:
        """The kind of entity, as it stands in the subject."""

    def entity_id(self, command: C_contra, /) -> str:
        """Which entity the command is for."""

    async def decided(self, command: C_contra, history: History, asked: Asked, /) -> Decided:
        """What follows from the command after this history; refuses what is not possible."""
