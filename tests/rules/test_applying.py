"""Applying a definition says what came of it, by what is in force and not by what was sent before."""

import asyncio

import msgspec

from services.intake import programme
from services.intake.events.definition import Definition
from services.intake.programme import ProgrammeCommand
from shared.command import EventRef, Reply, accepted, refused
from shared.errors import Refused
from sluse import programmes
from tests.definitions import DEFINITION, definition
from tests.rules.given import NOW, folded

SECOND = definition(version=2)


class Intake:
    """One programme, decided as behind the door; an id that it knows gets its first answer again."""

    def __init__(self) -> None:
        self.state = programme.INITIAL
        self.answers: dict[str, Reply] = {}

    async def send(self, body: bytes) -> Reply:
        command = msgspec.json.decode(body, type=ProgrammeCommand)
        if command.command_id in self.answers:
            return self.answers[command.command_id]
        try:
            events = programme.decide(command, self.state, NOW, None)
        except Refused as error:
            return refused(error)
        self.state = folded(programme, events, self.state)
        reply = accepted(1, [EventRef("id", type(event).__name__) for event in events], [])
        if events:
            self.answers[command.command_id] = reply
        return reply


def outcomes(*definitions: Definition) -> list[str]:
    """What becomes of one after the other."""
    intake = Intake()

    async def apply() -> list[str]:
        told = [await programmes.apply(one, intake) for one in definitions]
        return [it.error.message if isinstance(it, Reply) else it.outcome for it in told]

    return asyncio.run(apply())


def test_what_is_in_force_already_is_unchanged() -> None:
    assert outcomes(DEFINITION, DEFINITION, SECOND, SECOND) == [
        "opened",
        "unchanged",
        "revised",
        "unchanged",
    ]


def test_an_older_version_is_refused_with_the_version_in_force() -> None:
    *_, refusal = outcomes(DEFINITION, SECOND, DEFINITION)
    assert refusal == "version 2 is in force, and 1 is not above it"
