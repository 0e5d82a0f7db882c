"""A programme's facts at one moment: its own, those attributed to it, all under surviving names."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.events.definition import Definition
from services.reporting.aftercare_facts import PlanFact, TouchpointFact
from services.reporting.attribution import OF_PLACEMENT, counts_under, relabelled, without
from services.reporting.caseload import FIELD_OF, Caseload, gather
from services.reporting.company_facts import AgreementFact, LevelFact, OpeningFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import STREAM_OF
from services.reporting.person_facts import AliasFact, survivors
from services.reporting.placement_facts import PlacedFact, StrandFact
from shared.fact_table import FactTable
from shared.facts import Fact
from shared.moment import Positions

F = TypeVar("F", bound=Fact)

OF_ALL_PROGRAMMES: tuple[type[Fact], ...] = (LevelFact, AgreementFact, OpeningFact)
"""What is said of companies may name no programme: then it counts for each."""

AT_ONCE = 10_000  # values in one query; databases allow about 32,000


class AtMoment:
    """The fact tables as they stood at one moment."""

    def __init__(
        self,
        db: AsyncConnection,
        tables: Mapping[type[Fact], FactTable[Any]],
        positions: Positions,
    ) -> None:
        self._db = db
        self._tables = tables
        self._positions = positions

    async def facts(self, kind: type[F], **equals: object) -> list[F]:
        """The facts of a kind whose fields equal what is given; a frozenset: one of its values."""
        table: FactTable[F] = self._tables[kind]
        return await table.effective(self._db, self._positions[STREAM_OF[kind]], **equals)

    async def among(self, kind: type[F], name: str, values: Iterable[str]) -> list[F]:
        """The facts of a kind whose field is one of the values, however many they are."""
        wanted = sorted(values)
        return [
            fact
            for start in range(0, len(wanted), AT_ONCE)
            for fact in await self.facts(kind, **{name: frozenset(wanted[start : start + AT_ONCE])})
        ]


async def caseload_of(at: AtMoment, programme: str, definition: Definition, day: date) -> Caseload:
    """The programme's caseload, attributed as its definition says of the day."""
    facts: list[Fact] = []
    for kind in STREAM_OF:
        if kind in FIELD_OF:
            facts += await at.facts(kind, programme=programme)
        if kind in OF_ALL_PROGRAMMES:
            facts += await at.facts(kind, programme=None)
    own = [fact for fact in facts if isinstance(fact, EnrolmentFact)]
    survive = survivors(await at.facts(AliasFact))
    elsewhere = [
        fact
        for fact in await at.among(EnrolmentFact, "person_ref", _all_names(own, survive))
        if fact.programme != programme
    ]
    under = counts_under(own, elsewhere, definition.attribution, day)
    ours = {fact.enrolment for fact in own}
    facts = without(facts, ours - under.keys())
    facts += await _brought(at, under.keys() - ours, under)
    return gather(definition, _renamed(facts, survive), _renamed(elsewhere, survive))


async def _brought(
    at: AtMoment, enrolments: Collection[str], under: Mapping[str, str]
) -> list[Fact]:
    """What counts here of placements under other programmes' enrolments."""
    placed = await at.among(PlacedFact, "enrolment", enrolments)
    strands = await at.among(StrandFact, "enrolment", enrolments)
    facts: list[Fact] = [*relabelled(placed, under), *relabelled(strands, under)]
    for kind in OF_PLACEMENT:
        facts += await at.among(kind, "placement", {fact.placement for fact in placed})
    plans = {fact.plan for fact in facts if isinstance(fact, PlanFact)}
    return [*facts, *await at.among(TouchpointFact, "plan", plans)]


def _all_names(own: Iterable[EnrolmentFact], survive: Mapping[str, str]) -> set[str]:
    """The names of everybody enrolled: as enrolled, as they survive, and all merged into those."""
    names = {fact.person_ref for fact in own}
    people = {survive.get(name, name) for name in names}
    return names | people | {merged for merged, name in survive.items() if name in people}


def _renamed(facts: Iterable[F], survive: Mapping[str, str]) -> list[F]:
    return [
        replace(fact, person_ref=survivor)
        if (survivor := survive.get(getattr(fact, "person_ref", None) or ""))
        else fact
        for fact in facts
    ]
