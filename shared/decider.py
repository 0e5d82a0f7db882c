"""What an entity module offers the kernel: plain data and a few pure functions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from shared.claim import Claim
from shared.command import Command
from shared.envelope import Event

C_contra = TypeVar("C_contra", bound=Command, contravariant=True)
E = TypeVar("E", bound=Event)
K_contra = TypeVar("K_contra", contravariant=True)
S = TypeVar("S")


class Decider(Protocol[C_contra, S, E, K_contra]):
    """An entity module, seen by the kernel; the module itself is the decider."""

    @property
    def NAME(self) -> str:
        """The kind of entity, as it stands in the subject."""

    @property
    def INITIAL(self) -> S:
        """The state before the first event."""

    def entity_id(self, command: C_contra, /) -> str:
        """Which entity the command is for."""

    def evolve(self, state: S, event: E, /) -> S:
        """The state after the event; never refuses."""

    def permit(self, state: S, event: E, /) -> None:
        """Refuses an event that cannot follow in this state; by the two alone, whoever asks."""

    def decide(self, command: C_contra, state: S, at: datetime, known: K_contra, /) -> Sequence[E]:
        """What happens; refuses what is not possible. `known` is what lies outside the entity."""

    def claims(self, entity_id: str, state: S, event: E, /) -> Sequence[Claim]:
        """What the event takes or releases beside the entity; `state` is the one before it."""
