"""A programme (projekt, indsats): which definitions it has been measured by, the latest in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias, assert_never

from msgspec import Struct

from services.intake.events import ProgrammeEvent, ProgrammeOpened, ProgrammeRevised
from services.intake.events.definition import Definition, checksum_of
from services.intake.events.definition_check import problems
from shared.claim import Claim
from shared.command import Command
from shared.errors import InvalidField, NotPossible
from shared.identifiers import EntityId

NAME = "programme"


class OpenProgramme(Command, frozen=True, kw_only=True):
    """Begin a programme by this definition (oprette)."""

    programme: EntityId
    definition: Definition


class ReviseProgramme(Command, frozen=True, kw_only=True):
    """Measure a programme by a new version of its definition from now on (revidere)."""

    programme: EntityId
    definition: Definition


ProgrammeCommand: TypeAlias = OpenProgramme | ReviseProgramme


class NotOpen(Struct, frozen=True):
    """Nobody has opened it yet."""


class Open(Struct, frozen=True):
    """It runs, measured by the latest definition."""

    latest_version: int
    latest_checksum: str


Programme: TypeAlias = NotOpen | Open

INITIAL: Programme = NotOpen()


def entity_id(command: ProgrammeCommand) -> str:
    """Its key, which makes a second programme of the same name impossible."""
    return command.programme


def evolve(state: Programme, event: ProgrammeEvent) -> Programme:
    match event:
        case (
            ProgrammeOpened(definition_version=version, checksum=checksum)
            | ProgrammeRevised(definition_version=version, checksum=checksum)
        ):
            return Open(version, checksum)
        case _:
            assert_never(event)


def decide(
    command: ProgrammeCommand, state: Programme, at: datetime, known: object
) -> Sequence[ProgrammeEvent]:
    """Opened once; revised by ever higher versions."""
    definition = command.definition
    if definition.key != command.programme:
        raise InvalidField(
            "$.definition.key", f"{definition.key!r} is not the programme {command.programme!r}"
        )
    checksum = checksum_of(definition)
    match command, state:
        case OpenProgramme(), NotOpen():
            _refuse_problems(definition)
            return [
                ProgrammeOpened(
                    programme=command.programme,
                    definition=definition,
                    definition_version=definition.version,
                    checksum=checksum,
                    effective_from=definition.effective_from,
                )
            ]
        case ((OpenProgramme() | ReviseProgramme()), Open()) if checksum == state.latest_checksum:
            return []  # said twice, true once
        case OpenProgramme(), Open():
            raise NotPossible("it is open already, by another definition: revise it")
        case ReviseProgramme(), Open():
            _refuse_version_not_above(state.latest_version, definition)
            _refuse_problems(definition)
            return [
                ProgrammeRevised(
                    programme=command.programme,
                    definition=definition,
                    definition_version=definition.version,
                    checksum=checksum,
                    effective_from=definition.effective_from,
                )
            ]
        case _:
            raise NotPossible(f"{type(command).__name__}: the programme is not open")


def claims(programme: str, state: Programme, event: ProgrammeEvent) -> Sequence[Claim]:
    """None: the key itself keeps a programme from being opened twice."""
    return ()


def _refuse_problems(definition: Definition) -> None:
    for path, why in problems(definition):
        raise InvalidField(f"$.definition{path.removeprefix('$')}", why)


def _refuse_version_not_above(latest: int, definition: Definition) -> None:
    if definition.version <= latest:
        raise InvalidField(
            "$.definition.version",
            f"version {latest} is in force, and {definition.version} is not above it",
        )
