"""What is true of a company: its levels of cooperation, agreements and openings."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from services.placement.events import (
    AgreementEnded,
    AgreementSigned,
    CompanyRegistered,
    CooperationLevelRecorded,
    OpeningReported,
    OpeningWithdrawn,
)
from shared.envelope import Event, Recorded
from shared.facts import Fact


class LevelFact(Fact, frozen=True, kw_only=True):
    """How close the cooperation was from a day on; without a programme it counts for all.

    Of what was said of one day, a baseline and a level each, the last holds.
    """

    company: str
    cvr: str
    programme: str | None = None
    on: date
    level: int
    is_baseline: bool


class AgreementFact(Fact, frozen=True, kw_only=True):
    """An agreement in force from the one day through the other; `parties` with spaces between."""

    company: str
    cvr: str
    programme: str | None = None
    kind: str
    parties: str
    from_on: date
    to_on: date | None = None


class OpeningFact(Fact, frozen=True, kw_only=True):
    """Room for somebody at a company (jobåbning); `requirements` with spaces between."""

    opening: str
    company: str
    programme: str | None = None
    site: str | None = None
    kind: str
    positions: int
    weekly_minutes_min: int
    weekly_minutes_max: int
    start_by: date | None = None
    sector: str
    area: str | None = None
    requirements: str
    reported_on: date
    withdrawn_on: date | None = None


def fold_company(company: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The levels and the agreements; nothing unless the company is registered."""
    events = [recorded.event for recorded in history]
    for event in events:
        match event:
            case CompanyRegistered(cvr=cvr):
                return [*_levels(company, cvr, events), *_agreements(company, cvr, events)]
    return []


def _levels(company: str, cvr: str, events: Iterable[Event]) -> Iterable[LevelFact]:
    levels: dict[tuple[str | None, date, bool], LevelFact] = {}
    for event in events:
        match event:
            case CooperationLevelRecorded():
                levels[event.programme, event.on, event.is_baseline] = LevelFact(
                    company=company,
                    cvr=cvr,
                    programme=event.programme,
                    on=event.on,
                    level=event.level,
                    is_baseline=event.is_baseline,
                )
    return levels.values()


def _agreements(company: str, cvr: str, events: Iterable[Event]) -> Iterable[AgreementFact]:
    agreements: dict[tuple[str, frozenset[str], date], AgreementFact] = {}
    for event in events:
        match event:
            case AgreementSigned():
                agreements[event.kind, frozenset(event.parties), event.from_on] = AgreementFact(
                    company=company,
                    cvr=cvr,
                    programme=event.programme,
                    kind=event.kind,
                    parties=" ".join(event.parties),
                    from_on=event.from_on,
                    to_on=event.to_on,
                )
            case AgreementEnded(to_on=day):
                key = event.kind, frozenset(event.parties), event.from_on
                if key in agreements:
                    agreements[key] = replace(agreements[key], to_on=day)
    return agreements.values()


def fold_opening(opening: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The opening, and whether it was withdrawn; nothing unless it was reported."""
    fact: OpeningFact | None = None
    for recorded in history:
        match recorded.event:
            case OpeningReported() as event:
                fact = OpeningFact(
                    opening=opening,
                    company=event.company,
                    programme=event.programme,
                    site=event.site,
                    kind=event.kind,
                    positions=event.positions,
                    weekly_minutes_min=event.weekly_minutes_min,
                    weekly_minutes_max=event.weekly_minutes_max,
                    start_by=event.start_by,
                    sector=event.sector,
                    area=event.area,
                    requirements=" ".join(event.requirements),
                    reported_on=event.reported_on,
                )
            case OpeningWithdrawn(withdrawn_on=day) if fact is not None:
                fact = replace(fact, withdrawn_on=day)
    return [] if fact is None else [fact]
