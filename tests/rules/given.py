"""Given what has happened to an entity, when somebody sends a command, then this follows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import Struct

from shared.command import Command
from shared.decider import Decider
from shared.envelope import Event
from shared.errors import SluseError

AnyDecider = Decider[Any, Any, Any, Any]

NOW = datetime(2022, 9, 1, 10, 0, tzinfo=UTC)


def folded(entity: AnyDecider, events: Sequence[Event], since: Any = None) -> Any:
    """The state that the events lead to, from the beginning or from a state."""
    state = entity.INITIAL if since is None else since
    for event in events:
        state = entity.evolve(state, event)
    return state


class When(Struct, frozen=True):
    """A command on its way to an entity with a history."""

    entity: AnyDecider
    events: tuple[Event, ...]
    known: Any
    at: datetime
    command: Command

    def then(self, *expected: Event) -> None:
        """Exactly these events follow; and the same command again adds nothing to them."""
        assert list(expected) == self.decided()
        assert self.decided(*expected) == []

    def refused(self, code: str, path: str = "") -> None:
        """The command is refused, with this code and the path of the field."""
        with pytest.raises(SluseError) as caught:
            self.decided()
        assert (code, path) == (caught.value.code, caught.value.path)
        assert caught.value.message

    def decided(self, *more: Event) -> list[Event]:
        """What follows from the command when, beside the history, this has happened too."""
        state = folded(self.entity, (*self.events, *more))
        return list(self.entity.decide(self.command, state, self.at, self.known))


class Given(Struct, frozen=True):
    """An entity with a history."""

    entity: AnyDecider
    events: tuple[Event, ...]
    known: Any
    at: datetime

    def when(self, command: Command) -> When:
        """Somebody sends the command."""
        return When(self.entity, self.events, self.known, self.at, command)


def given(entity: AnyDecider, *events: Event, known: Any = None, at: datetime = NOW) -> Given:
    """An entity module, what has happened to it, what it knows of others, and the instant."""
    return Given(entity, events, known, at)
