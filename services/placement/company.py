"""A company (virksomhed), or one production unit of it: where people are placed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias, assert_never

from msgspec import Meta

from services.placement.events import CompanyEvent, CompanyRegistered
from shared.claim import Claim
from shared.command import Command
from shared.errors import NotPossible
from shared.identifiers import Code

NAME = "company"

# The lengths are said beside the pattern because `$` would let a line feed pass at the end.
Cvr = Annotated[
    str, Meta(pattern=r"^[0-9]{8}(?!\n)$", max_length=8, description="The company's CVR number.")
]
PNumber = Annotated[
    str,
    Meta(pattern=r"^[0-9]{10}(?!\n)$", max_length=10, description="A production unit's number."),
]
CompanyName = Annotated[str, Meta(min_length=1, max_length=200)]


class RegisterCompany(Command, frozen=True, kw_only=True):
    """Make a company known (oprette en virksomhed).

    It belongs to no programme, so no programme's list of sectors binds `sector`.
    """

    cvr: Cvr
    p_number: PNumber | None = None
    name: CompanyName
    sector: Code
    area: Code | None = None


CompanyCommand: TypeAlias = RegisterCompany
Company: TypeAlias = CompanyRegistered | None

INITIAL: Company = None


def entity_id(command: CompanyCommand) -> str:
    """Its natural key, which makes duplicates impossible: the production unit, else the company."""
    # The letters keep ten digits of a P-number from looking like a CPR number wherever the id goes.
    return f"p{command.p_number}" if command.p_number else f"cvr{command.cvr}"


def evolve(state: Company, event: CompanyEvent) -> Company:
    match event:
        case CompanyRegistered():
            return event
        case _:
            assert_never(event)


def decide(
    command: CompanyCommand, state: Company, at: datetime, known: object
) -> Sequence[CompanyEvent]:
    """Registered once; other data under the same number is refused."""
    event = CompanyRegistered(
        cvr=command.cvr,
        p_number=command.p_number,
        name=command.name,
        sector=command.sector,
        area=command.area,
    )
    if state is None:
        return [event]
    if state == event:
        return []  # said twice, true once
    raise NotPossible("the company is registered already, with other data")


def claims(company: str, state: Company, event: CompanyEvent) -> Sequence[Claim]:
    """None: the number itself keeps a company from being registered twice."""
    return ()
