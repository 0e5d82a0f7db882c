"""What may be asked of a company: to know it, to bind it, and to remember what stands in the way."""

from typing import Annotated, TypeAlias

from msgspec import Meta, field

from services.placement.events import CompanyName, Count, Cvr, Level, Link, PNumber
from shared.command import Command
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId

CompanyId = Annotated[
    str,
    Meta(
        pattern=r"^(p[0-9]{10}|cvr[0-9]{8})(?!\n)$",
        description="p and a P-number, or cvr and a CVR number.",
    ),
]


class RegisterCompany(Command, frozen=True, kw_only=True):
    """Make a company known (oprette en virksomhed).

    It belongs to no programme, so no programme's list of sectors binds `sector`.
    """

    cvr: Cvr
    p_number: PNumber | None = None
    name: CompanyName
    sector: Code
    area: Code | None = None
    employees: Count | None = None


class LinkCompany(Command, frozen=True, kw_only=True):
    """The company is a supplier, a neighbour or a part of a network (tilknytte)."""

    company: EntityId
    link: Link
    whom: Code
    from_on: FactDay


class UnlinkCompany(Command, frozen=True, kw_only=True):
    """The link holds no more; the day given was its last."""

    company: EntityId
    link: Link
    whom: Code
    to_on: FactDay


class HandOverRelation(Command, frozen=True, kw_only=True):
    """Somebody else looks after the company from this day (overdrage); roles, not persons."""

    company: EntityId
    handed_from: Code = field(name="from")
    handed_to: Code = field(name="to")
    on: FactDay


class RecordCooperationLevel(Command, frozen=True, kw_only=True):
    """How close the cooperation is from this day; for one programme, or for all."""

    company: EntityId
    on: FactDay
    level: Level
    is_baseline: bool
    programme: EntityId | None = None


class SignAgreement(Command, frozen=True, kw_only=True):
    """Sign an agreement of cooperation (samarbejdsaftale)."""

    company: EntityId
    kind: Code
    parties: tuple[Code, ...]
    from_on: FactDay
    to_on: PlannedDay | None = None
    programme: EntityId | None = None


class EndAgreement(Command, frozen=True, kw_only=True):
    """End the agreement of that kind, those parties and that first day; the day given was its last."""

    company: EntityId
    kind: Code
    parties: tuple[Code, ...]
    from_on: FactDay
    to_on: FactDay


class ReportBarrier(Command, frozen=True, kw_only=True):
    """Something keeps the company from taking people on (barriere)."""

    company: EntityId
    barrier: Code
    reported_on: FactDay


class ResolveBarrier(Command, frozen=True, kw_only=True):
    """The barrier is gone; the day given was its last."""

    company: EntityId
    barrier: Code
    resolved_on: FactDay


class SuggestCompany(Command, frozen=True, kw_only=True):
    """Suggest to ask a company (foreslå); nobody needs to have registered it."""

    company: CompanyId
    suggested_by: Code
    on: FactDay


CompanyCommand: TypeAlias = (
    RegisterCompany
    | LinkCompany
    | UnlinkCompany
    | HandOverRelation
    | RecordCooperationLevel
    | SignAgreement
    | EndAgreement
    | ReportBarrier
    | ResolveBarrier
    | SuggestCompany
)
