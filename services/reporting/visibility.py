"""How much of an answer somebody sees: figures are for readers too, people for who works with them."""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.reader import Reader
from services.reporting.timeline import names_of
from shared.access.gate import refuse_without
from shared.access.roles import CASEWORK, EVERYWHERE, Grants, Roles
from shared.errors import Forbidden

A = TypeVar("A")

REFERENCES = frozenset({"counted", "people", "subjects", "evidence"})
"""Fields that name people, or the entities that their events belong to."""


def seen_by(grants: Grants, programme: str, answer: A) -> A:
    """The answer; for whoever does no casework in the programme, without its people."""
    return answer if grants.may(CASEWORK, programme) else _without_references(answer)


def _without_references(value: Any) -> Any:
    """All that is counted stays; who it is does not."""
    match value:
        case Struct():
            names = type(value).__struct_fields__
            changed = {name: _without_references(getattr(value, name)) for name in names}
            empty = {name: type(changed[name])() for name in REFERENCES & changed.keys()}
            return type(value)(**changed | empty)
        case list() | tuple():
            return type(value)([_without_references(item) for item in value])
        case _:
            return value


def of_held(
    grants: Grants, roles: Roles, answers: list[A], programme: str | None = None
) -> list[A]:
    """The answers of programmes that a role is held for; one that is asked for by name must be."""
    if programme is not None:
        refuse_without(grants, roles, programme, "programme")
    held = grants.programmes(roles)
    if EVERYWHERE in held:
        return answers
    return [answer for answer in answers if _programme(answer) in held]


def _programme(answer: Any) -> str:
    return str(msgspec.structs.asdict(answer).get("programme") or answer.key)


async def refuse_strangers(reader: Reader, grants: Grants, person_ref: str) -> None:
    """Refuse whoever works in none of the programmes that the person was ever referred to."""
    if grants.everywhere(CASEWORK):
        return
    positions = await reader.latest()
    names = await names_of(reader, person_ref, positions)
    enrolments = await reader.among(EnrolmentFact, positions, "person_ref", names)
    if not any(grants.may(CASEWORK, it.programme) for it in enrolments):
        raise Forbidden("the person has no enrolment in a programme that you work in", "person_ref")
