"""A person (borger): somebody to refer, known by a reference and never by name."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events import (
    ErasureRefused,
    ErasureRequested,
    PersonErased,
    PersonEvent,
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ResidenceChanged,
)
from services.intake.events.definition import Duration
from services.intake.known import Standing
from shared.claim import Claim, Release, Take
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible, Refused
from shared.fact_days import FactDay, FactYear
from shared.identifiers import Code, EntityId, derived_id

NAME = "person"


class RegisterPerson(Command, frozen=True, kw_only=True):
    """Make a person known (oprette en borger)."""

    person_ref: EntityId | None = None
    birth_year: FactYear | None = None
    area: Code | None = None


class ChangeResidence(Command, frozen=True, kw_only=True):
    """The person moves to another area (flytning); None: it is not known where to."""

    person_ref: EntityId
    area: Code | None
    from_on: FactDay


class MergePersons(Command, frozen=True, kw_only=True):
    """Two records are of one person (flette): `merged_ref` becomes an alias of `person_ref`."""

    person_ref: EntityId
    merged_ref: EntityId
    evidence: Code


class RevertPersonMerge(Command, frozen=True, kw_only=True):
    """They are two persons after all (ophæve en fletning)."""

    person_ref: EntityId
    merged_ref: EntityId
    evidence: Code


class RequestErasure(Command, frozen=True, kw_only=True):
    """The person asks to be forgotten (anmode om sletning)."""

    person_ref: EntityId
    requested_on: FactDay


class RefuseErasure(Command, frozen=True, kw_only=True):
    """Answer that the records must be kept (afslå)."""

    person_ref: EntityId
    refused_on: FactDay
    reason: Code


class ErasePerson(Command, frozen=True, kw_only=True):
    """Answer that the person is forgotten (slette)."""

    person_ref: EntityId
    erased_on: FactDay
    retention_code: Duration
    basis: Code


PersonCommand: TypeAlias = (
    RegisterPerson
    | ChangeResidence
    | MergePersons
    | RevertPersonMerge
    | RequestErasure
    | RefuseErasure
    | ErasePerson
)


class Person(Struct, frozen=True, kw_only=True):
    """What has been said of the person; `aliases` are the records merged into this one.

    `erasure_on` is the day of the erasure's last step.
    """

    person_ref: str = ""
    aliases: frozenset[str] = frozenset()
    erasure: Literal["none", "requested", "refused", "erased"] = "none"
    erasure_on: date = date.min
    said: tuple[PersonEvent, ...] = ()

    @property
    def standing(self) -> Standing:
        """What others must know of the person."""
        if self.erasure == "erased":
            return "erased"
        return "registered" if self.person_ref else "not_registered"


INITIAL = Person()


class Erased(Refused):
    """The person is forgotten: nothing more is recorded of them."""

    code = "ERASED"


def entity_id(command: PersonCommand) -> str:
    """The person's reference; a registration may leave naming it to us."""
    return command.person_ref or derived_id(command.command_id)


def evolve(state: Person, event: PersonEvent) -> Person:
    state = replace(state, said=(*state.said, event))
    match event:
        case PersonRegistered(person_ref=person_ref):
            return replace(state, person_ref=person_ref)
        case ResidenceChanged():
            return state
        case PersonsMerged(merged_ref=merged_ref):
            return replace(state, aliases=state.aliases | {merged_ref})
        case PersonMergeReverted(merged_ref=merged_ref):
            return replace(state, aliases=state.aliases - {merged_ref})
        case ErasureRequested(requested_on=day):
            return replace(state, erasure="requested", erasure_on=day)
        case ErasureRefused(refused_on=day):
            return replace(state, erasure="refused", erasure_on=day)
        case PersonErased(erased_on=day):
            return replace(state, erasure="erased", erasure_on=day)
        case _:
            assert_never(event)


def permit(state: Person, event: PersonEvent) -> None:
    """Registered once, answered whenever erasure is asked for, and erased for ever."""
    if state.erasure == "erased":
        raise Erased(f"the person was erased on {state.erasure_on}")
    match event:
        case PersonRegistered():
            if state.person_ref:
                raise NotPossible("the person is registered already, with other data")
        case _ if not state.person_ref:
            raise NotPossible(f"{type(event).__name__} cannot follow: the person is not registered")
        case ResidenceChanged(from_on=day):
            if any(isinstance(it, ResidenceChanged) and it.from_on == day for it in state.said):
                raise NotPossible("another area is recorded from that day: correct it", "$.area")
        case PersonsMerged(merged_ref=merged_ref):
            if merged_ref == state.person_ref:
                raise InvalidField("$.merged_ref", "this is the person itself")
            if merged_ref in state.aliases:
                raise NotPossible("they are merged already", "$.merged_ref")
        case PersonMergeReverted(merged_ref=merged_ref):
            if merged_ref not in state.aliases:
                raise NotPossible("they are not merged", "$.merged_ref")
        case ErasureRequested(requested_on=day):
            if state.erasure == "requested" or day < state.erasure_on:
                raise NotPossible(f"erasure was {state.erasure} on {state.erasure_on}")
        case ErasureRefused(refused_on=day) | PersonErased(erased_on=day):
            if state.erasure != "requested" or day < state.erasure_on:
                raise NotPossible("erasure was not asked for by that day")
        case _:
            assert_never(event)


EVENT_OF: Mapping[type[Command], type[PersonEvent]] = {
    RegisterPerson: PersonRegistered,
    ChangeResidence: ResidenceChanged,
    MergePersons: PersonsMerged,
    RevertPersonMerge: PersonMergeReverted,
    RequestErasure: ErasureRequested,
    RefuseErasure: ErasureRefused,
    ErasePerson: PersonErased,
}
"""The event that each command asks for; it says what the command says."""


def decide(
    command: PersonCommand, state: Person, at: datetime, merged: Person
) -> Sequence[PersonEvent]:
    """What has been said changes nothing; `merged` is the record to merge into this one."""
    more = {"person_ref": entity_id(command)} if isinstance(command, RegisterPerson) else {}
    event: PersonEvent = said_by(command, EVENT_OF[type(command)], **more)
    if _is_said(event, state):
        return []  # said twice, true once
    permit(state, event)
    if isinstance(command, MergePersons):
        refuse_unknown(merged)
    return [event]


def refuse_unknown(merged: Person) -> None:
    """Refuse to merge a record that nobody knows, or that is forgotten."""
    if merged.standing == "not_registered":
        raise InvalidField("$.merged_ref", "no such person is registered")
    if merged.standing == "erased":
        raise Erased(f"the person was erased on {merged.erasure_on}", "$.merged_ref")


def refuse_erased(event: PersonEvent, state: Person) -> None:
    """Refuse new data of an erased person; those of the erasure itself may still be put right."""
    if state.erasure == "erased" and not isinstance(event, PersonErased):
        raise Erased(f"the person was erased on {state.erasure_on}")


def _is_said(event: PersonEvent, state: Person) -> bool:
    """Whether it has been said and holds; of an erased person nothing does but the erasure."""
    if state.erasure == "erased":
        return event == state.said[-1]
    match event:
        case PersonsMerged(merged_ref=merged_ref) | PersonMergeReverted(merged_ref=merged_ref):
            of_the_two = [
                it
                for it in state.said
                if isinstance(it, PersonsMerged | PersonMergeReverted)
                and it.merged_ref == merged_ref
            ]
            return of_the_two[-1:] == [event]
        case ErasureRequested(requested_on=day) if state.erasure == "refused":
            return event in state.said and day < state.erasure_on  # later, it is asked again
        case ErasureRefused():
            return state.erasure == "refused" and event in state.said
        case _:
            return event in state.said


def claims(person_ref: str, state: Person, event: PersonEvent) -> Sequence[Claim]:
    """Who survives a merge holds the alias, and its own name as long as it has aliases.

    So a record is the alias of one at most, and no record is both: chains and cycles are refused.
    """
    match event:
        case PersonsMerged(merged_ref=merged_ref):
            taken = InvalidField("$.merged_ref", "it is merged with another record: revert that")
            alias = NotPossible("the person is merged into another record", "$.person_ref")
            return [
                Take("alias", merged_ref, person_ref, taken),
                Take("alias", person_ref, person_ref, alias),
            ]
        case PersonMergeReverted(merged_ref=merged_ref):
            released = Release("alias", merged_ref, person_ref)
            if state.aliases - {merged_ref}:
                return [released]
            return [released, Release("alias", person_ref, person_ref)]
        case _:
            return []
