"""Which openings fit an enrolled person, and why: a proposal to talk about, no prediction."""

from collections import Counter
from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec import Struct

from services.placement.events import MatchReason, Minutes, OpeningKind
from services.placement.events.fit import Fit, Opening, Seeker, ranked
from services.reporting.company_facts import OpeningFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import PlacedFact
from services.reporting.progress_facts import ActivityFact
from services.reporting.reader import Question, Reader
from shared import moment
from shared.clock import copenhagen_day, now
from shared.errors import InvalidField, NotFound
from shared.identifiers import Code


class Wishes(Struct, frozen=True, kw_only=True):
    """What the person wishes for; nothing said (empty, None): all is welcome."""

    kind: tuple[OpeningKind, ...] = ()
    weekly_minutes: Minutes | None = None
    sector: tuple[Code, ...] = ()
    area: Code | None = None


class FittingOpening(Struct, frozen=True, kw_only=True):
    """An opening with the seats left, and its score: the sum of the reasons' points."""

    opening: str
    company: str
    kind: OpeningKind
    weekly_minutes_min: int
    weekly_minutes_max: int
    sector: str
    area: str | None
    site: str | None
    requirements: tuple[str, ...]
    start_by: date | None
    seats_left: int
    score: int
    reasons: tuple[MatchReason, ...]


class OpeningsAnswer(Struct, frozen=True, kw_only=True):
    """The openings that the person can have, the best first."""

    enrolment: str
    programme: str
    moment: str
    valid_on: date
    openings: list[FittingOpening]


def parse_wishes(**asked: object) -> Wishes:
    """The query's wishes; refused with the name of the one that cannot be read."""
    said = {name: value for name, value in asked.items() if value is not None}
    for name, value in said.items():
        try:
            msgspec.convert({name: value}, Wishes, strict=False)
        except msgspec.ValidationError as error:
            raise InvalidField(name, str(error).split(" - at ")[0]) from None
    return msgspec.convert(said, Wishes, strict=False)


async def openings(
    reader: Reader, enrolment: str, question: Question, wishes: Wishes
) -> OpeningsAnswer:
    """The openings reported by the day for the enrolment's programme or for all, ranked.

    The person is ready on the day; activities completed by then meet requirements.
    """
    positions = await reader.moment(question.known)
    day = question.on or copenhagen_day(now())
    enrolments = await reader.facts(EnrolmentFact, positions, enrolment=enrolment)
    if not enrolments:
        raise NotFound("no such enrolment is known at this moment", "enrolment")
    [person] = enrolments
    done = await reader.facts(ActivityFact, positions, enrolment=enrolment)
    seeker = Seeker(
        programme=person.programme,
        site=person.site,
        activities=frozenset(fact.kind for fact in done if fact.completed_on <= day),
        ready_on=day,
        kinds=wishes.kind,
        weekly_minutes=wishes.weekly_minutes,
        sectors=wishes.sector,
        area=wishes.area,
    )
    reported = [
        fact
        for programme in (person.programme, None)
        for fact in await reader.facts(OpeningFact, positions, programme=programme)
        if fact.reported_on <= day
    ]
    taken = seats_taken(
        await reader.among(PlacedFact, positions, "opening", (it.opening for it in reported))
    )
    offered = [_offered(fact, taken[fact.opening], day) for fact in reported]
    return OpeningsAnswer(
        enrolment=enrolment,
        programme=person.programme,
        moment=moment.written(positions),
        valid_on=day,
        openings=[_fitting(*it) for it in ranked(offered, seeker)],
    )


def seats_taken(placed: Iterable[PlacedFact]) -> Counter[str | None]:
    """By opening, how many placements fill it: all but the cancelled, as placement itself counts."""
    return Counter(fact.opening for fact in placed if fact.cancelled_on is None)


def _offered(fact: OpeningFact, taken: int, day: date) -> Opening:
    withdrawn = fact.withdrawn_on is not None and fact.withdrawn_on <= day
    return Opening(
        opening=fact.opening,
        company=fact.company,
        kind=msgspec.convert(fact.kind, OpeningKind),
        weekly_minutes_min=fact.weekly_minutes_min,
        weekly_minutes_max=fact.weekly_minutes_max,
        sector=fact.sector,
        requirements=tuple(fact.requirements.split()),
        start_by=fact.start_by,
        area=fact.area,
        programme=fact.programme,
        site=fact.site,
        withdrawn_on=fact.withdrawn_on if withdrawn else None,
        seats_left=fact.positions - taken,
    )


def _fitting(opening: Opening, how_well: Fit) -> FittingOpening:
    return FittingOpening(
        opening=opening.opening,
        company=opening.company,
        kind=opening.kind,
        weekly_minutes_min=opening.weekly_minutes_min,
        weekly_minutes_max=opening.weekly_minutes_max,
        sector=opening.sector,
        area=opening.area,
        site=opening.site,
        requirements=opening.requirements,
        start_by=opening.start_by,
        seats_left=opening.seats_left,
        score=how_well.score,
        reasons=how_well.reasons,
    )
