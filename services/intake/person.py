"""A person (borger): somebody to refer, known by a reference and never by name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias, assert_never

from msgspec import Meta, Struct

from services.intake.events import PersonEvent, PersonRegistered
from shared.claim import Claim
from shared.command import Command
from shared.errors import NotPossible
from shared.identifiers import Code, EntityId, derived_id

NAME = "person"

BirthYear = Annotated[int, Meta(ge=1900, le=2100)]


class RegisterPerson(Command, frozen=True, kw_only=True):
    """Make a person known (oprette en borger)."""

    person_ref: EntityId | None = None
    birth_year: BirthYear | None = None
    area: Code | None = None


PersonCommand: TypeAlias = RegisterPerson


class NotRegistered(Struct, frozen=True):
    """Nobody has said anything of this person."""


class Registered(Struct, frozen=True):
    """What is known of the person."""

    birth_year: int | None
    area: str | None


Person: TypeAlias = NotRegistered | Registered

INITIAL: Person = NotRegistered()


def entity_id(command: PersonCommand) -> str:
    """The person's reference; a registration may leave naming it to us."""
    return command.person_ref or derived_id(command.command_id)


def evolve(state: Person, event: PersonEvent) -> Person:
    match event:
        case PersonRegistered(birth_year=birth_year, area=area):
            return Registered(birth_year, area)
        case _:
            assert_never(event)


def decide(
    command: PersonCommand, state: Person, at: datetime, known: object
) -> Sequence[PersonEvent]:
    """Registered once; other data under the same reference would be another person."""
    match state:
        case NotRegistered():
            return [
                PersonRegistered(
                    person_ref=entity_id(command),
                    birth_year=command.birth_year,
                    area=command.area,
                )
            ]
        case Registered() if state == Registered(command.birth_year, command.area):
            return []  # said twice, true once
        case _:
            raise NotPossible("the person is registered already, with other data")


def claims(person_ref: str, state: Person, event: PersonEvent) -> Sequence[Claim]:
    """None: a person is one entity and needs nothing beside it."""
    return ()
