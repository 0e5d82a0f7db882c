"""A programme (projekt, indsats): by what it is measured, what surveys say of it, and its end."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events import (
    ExternalIndicatorRecorded,
    ProgrammeClosed,
    ProgrammeEvent,
    ProgrammeOpened,
    ProgrammeRevised,
)
from services.intake.events.conformity import IndicatorCode
from services.intake.events.definition import Definition, checksum_of
from services.intake.events.definition_check import problems
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible
from shared.fact_days import FactDay
from shared.identifiers import EntityId
from shared.imprecise_date import first_day

NAME = "programme"


class OpenProgramme(Command, frozen=True, kw_only=True):
    """Begin a programme by this definition (oprette)."""

    programme: EntityId
    definition: Definition


class ReviseProgramme(Command, frozen=True, kw_only=True):
    """Measure a programme by a new version of its definition from now on (revidere)."""

    programme: EntityId
    definition: Definition


class CloseProgramme(Command, frozen=True, kw_only=True):
    """End a programme (afslutte), or say that its roles have become permanent (forankre)."""

    programme: EntityId
    closed_on: FactDay
    outcome: Literal["closed", "anchored"]


class RecordExternalIndicator(Command, frozen=True, kw_only=True):
    """Record what a survey or a register says of the programme (ekstern indikator)."""

    programme: EntityId
    indicator: IndicatorCode
    value: float
    on: FactDay


ProgrammeCommand: TypeAlias = (
    OpenProgramme | ReviseProgramme | CloseProgramme | RecordExternalIndicator
)


class Programme(Struct, frozen=True, kw_only=True):
    """Without a key: nobody has opened it. What comes late may still be recorded once it is closed."""

    key: str = ""
    latest_version: int = 0
    latest_checksum: str = ""
    begins_on: date = date.min
    closed: ProgrammeClosed | None = None
    indicators: tuple[ExternalIndicatorRecorded, ...] = ()


INITIAL = Programme()


def entity_id(command: ProgrammeCommand) -> str:
    """Its key, which makes a second programme of the same name impossible."""
    return command.programme


def evolve(state: Programme, event: ProgrammeEvent) -> Programme:
    match event:
        case ProgrammeOpened() | ProgrammeRevised():
            return replace(
                state,
                key=event.programme,
                latest_version=event.definition_version,
                latest_checksum=event.checksum,
                begins_on=first_day(event.definition.period.start),
            )
        case ProgrammeClosed():
            return replace(state, closed=event)
        case ExternalIndicatorRecorded():
            return replace(state, indicators=(*state.indicators, event))
        case _:
            assert_never(event)


def permit(state: Programme, event: ProgrammeEvent) -> None:
    """Opened once, closed once; revised by ever higher versions, also after its end."""
    match event:
        case ProgrammeOpened():
            if state.key:
                raise NotPossible("it is open already, by another definition: revise it")
            _refuse_unsound(event)
        case _ if not state.key:
            raise NotPossible(f"{type(event).__name__} cannot follow: the programme is not open")
        case ProgrammeRevised():
            _refuse_version_not_above(state.latest_version, event.definition)
            _refuse_unsound(event)
        case ProgrammeClosed(closed_on=day):
            if state.closed:
                raise NotPossible(f"it is over already: {state.closed.outcome}: correct that")
            if day < state.begins_on:
                raise NotPossible("the end lies before the programme's start", "$.closed_on")
        case ExternalIndicatorRecorded():
            of_that_day = [(it.indicator, it.on) for it in state.indicators]
            if (event.indicator, event.on) in of_that_day:
                raise NotPossible("it has another value on that day: correct that", "$.value")


def decide(
    command: ProgrammeCommand, state: Programme, at: datetime, known: object
) -> Sequence[ProgrammeEvent]:
    """The definition that holds already changes nothing, nor does what has been said."""
    event = _asked_for(command)
    match event:
        case ProgrammeOpened() | ProgrammeRevised():
            if event.checksum == state.latest_checksum:
                return []  # said twice, true once
        case _ if event in (state.closed, *state.indicators):
            return []
    permit(state, event)
    return [event]


def _asked_for(command: ProgrammeCommand) -> ProgrammeEvent:
    match command:
        case OpenProgramme():
            return said_by(command, ProgrammeOpened, **_meant_by(command.definition))
        case ReviseProgramme():
            return said_by(command, ProgrammeRevised, **_meant_by(command.definition))
        case CloseProgramme():
            return said_by(command, ProgrammeClosed)
        case RecordExternalIndicator():
            return said_by(command, ExternalIndicatorRecorded)
        case _:
            assert_never(command)


def _meant_by(definition: Definition) -> dict[str, object]:
    return {
        "definition_version": definition.version,
        "checksum": checksum_of(definition),
        "effective_from": definition.effective_from,
    }


def claims(programme: str, state: Programme, event: ProgrammeEvent) -> Sequence[Claim]:
    """None: the key itself keeps a programme from being opened twice."""
    return ()


def _refuse_unsound(event: ProgrammeOpened | ProgrammeRevised) -> None:
    definition = event.definition
    if definition.key != event.programme:
        raise InvalidField(
            "$.definition.key", f"{definition.key!r} is not the programme {event.programme!r}"
        )
    for path, why in problems(definition):
        raise InvalidField(f"$.definition{path.removeprefix('$')}", why)
    if event.checksum != checksum_of(definition):
        raise InvalidField("$.checksum", "it is not this definition's")
    if event.definition_version != definition.version:
        raise InvalidField("$.definition_version", "it is not this definition's")
    if event.effective_from != definition.effective_from:
        raise InvalidField("$.effective_from", "it is not this definition's")


def _refuse_version_not_above(latest: int, definition: Definition) -> None:
    if definition.version <= latest:
        raise InvalidField(
            "$.definition.version",
            f"version {latest} is in force, and {definition.version} is not above it",
        )
