"""How well an opening fits somebody who looks for one: a simple score, and what it is made of.

It says nothing of a person's chances. A score is the sum of its reasons' points:

| criterion    | says                                | points |
|--------------|-------------------------------------|--------|
| kind         | wished                              | 3      |
| hours        | as_wished / too_few / too_many      | 2 / -1 / -2 |
| sector       | wished / other                      | 2 / -1 |
| place        | same_site / other_site              | 1 / -2 |
| place        | wished_area / other_area            | 2 / -1 |
| requirements | the requirement: met / not met      | 1 / -2 each |
| start        | in_time / too_late                  | 1 / -2 |
| seats        | several (more than one is left)     | 1      |

A criterion about which one of the two sides says nothing gives no reason.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

from msgspec import Struct

from services.placement.events import MatchReason, OpeningKind, OpeningReported


class Opening(Struct, frozen=True, kw_only=True):
    """An opening (jobåbning) as it is compared: what the company asks for, and the seats left."""

    opening: str
    company: str
    kind: OpeningKind
    weekly_minutes_min: int
    weekly_minutes_max: int
    sector: str
    requirements: tuple[str, ...] = ()
    start_by: date | None = None
    area: str | None = None
    programme: str | None = None
    site: str | None = None
    withdrawn_on: date | None = None
    seats_left: int


def offered(
    opening: str, reported: OpeningReported, *, withdrawn_on: date | None, taken: int
) -> Opening:
    """The opening as it was reported, with so many of its positions taken."""
    return Opening(
        opening=opening,
        company=reported.company,
        kind=reported.kind,
        weekly_minutes_min=reported.weekly_minutes_min,
        weekly_minutes_max=reported.weekly_minutes_max,
        sector=reported.sector,
        requirements=reported.requirements,
        start_by=reported.start_by,
        area=reported.area,
        programme=reported.programme,
        site=reported.site,
        withdrawn_on=withdrawn_on,
        seats_left=reported.positions - taken,
    )


class Seeker(Struct, frozen=True, kw_only=True):
    """Who looks for an opening: an enrolment's programme, site and done activities, and wishes.

    `weekly_minutes`: as many as are wished for. Nothing wished for (empty, None): all is welcome.
    """

    programme: str
    site: str | None = None
    activities: frozenset[str] = frozenset()
    ready_on: date
    kinds: tuple[OpeningKind, ...] = ()
    weekly_minutes: int | None = None
    sectors: tuple[str, ...] = ()
    area: str | None = None


class Fit(Struct, frozen=True):
    """The score and the reasons that it is the sum of."""

    score: int
    reasons: tuple[MatchReason, ...]


def hindrance(opening: Opening, seeker: Seeker) -> str | None:
    """Why the seeker cannot have the opening; None if nothing stands in the way."""
    if opening.withdrawn_on is not None:
        return f"the opening was withdrawn on {opening.withdrawn_on}"
    if opening.seats_left < 1:
        return "every position of the opening is taken"
    if opening.programme not in (None, seeker.programme):
        return f"the opening was found for {opening.programme}"
    if seeker.kinds and opening.kind not in seeker.kinds:
        return f"the opening is of the kind {opening.kind}, which is not wished for"
    return None


def fit(opening: Opening, seeker: Seeker) -> Fit | None:
    """How well the opening fits; None if the seeker cannot have it."""
    if hindrance(opening, seeker) is not None:
        return None
    reasons = tuple(_reasons(opening, seeker))
    return Fit(sum(reason.points for reason in reasons), reasons)


def ranked(openings: Iterable[Opening], seeker: Seeker) -> list[tuple[Opening, Fit]]:
    """The openings that fit, the best first; of the same score by their ids."""
    fitting = ((opening, fit(opening, seeker)) for opening in openings)
    found = [(opening, how_well) for opening, how_well in fitting if how_well is not None]
    return sorted(found, key=lambda pair: (-pair[1].score, pair[0].opening))


def _reasons(opening: Opening, seeker: Seeker) -> Iterator[MatchReason]:
    if seeker.kinds:
        yield MatchReason("kind", 3, "wished")
    if seeker.weekly_minutes is not None:
        yield _hours(opening, seeker.weekly_minutes)
    if seeker.sectors:
        yield _either("sector", opening.sector in seeker.sectors, (2, "wished"), (-1, "other"))
    if opening.site is not None and seeker.site is not None:
        same = opening.site == seeker.site
        yield _either("place", same, (1, "same_site"), (-2, "other_site"))
    if opening.area is not None and seeker.area is not None:
        same = opening.area == seeker.area
        yield _either("place", same, (2, "wished_area"), (-1, "other_area"))
    for requirement in opening.requirements:
        yield MatchReason(
            "requirements", 1 if requirement in seeker.activities else -2, requirement
        )
    if opening.start_by is not None:
        in_time = seeker.ready_on <= opening.start_by
        yield _either("start", in_time, (1, "in_time"), (-2, "too_late"))
    if opening.seats_left > 1:
        yield MatchReason("seats", 1, "several")


def _hours(opening: Opening, wished: int) -> MatchReason:
    if wished < opening.weekly_minutes_min:
        return MatchReason("hours", -2, "too_many")
    if wished > opening.weekly_minutes_max:
        return MatchReason("hours", -1, "too_few")
    return MatchReason("hours", 2, "as_wished")


def _either(
    criterion: Literal["sector", "place", "start"],
    speaks_for_it: bool,
    good: tuple[int, str],
    bad: tuple[int, str],
) -> MatchReason:
    return MatchReason(criterion, *(good if speaks_for_it else bad))
