"""How well an opening fits is the sum of a few plain reasons."""

from datetime import date

import pytest

from services.placement.events import MatchReason, OpeningReported
from services.placement.events.fit import (
    Fit,
    Opening,
    Seeker,
    fit,
    hindrance,
    offered,
    ranked,
)

READY = date(2022, 3, 14)


def opening(**changes: object) -> Opening:
    fields: dict[str, object] = {
        "opening": "o-1",
        "company": "cvr12345678",
        "kind": "small_job",
        "weekly_minutes_min": 300,
        "weekly_minutes_max": 600,
        "sector": "retail",
        "seats_left": 1,
    }
    return Opening(**(fields | changes))


def seeker(**changes: object) -> Seeker:
    fields: dict[str, object] = {"programme": "jobsporet", "ready_on": READY}
    return Seeker(**(fields | changes))


def test_where_neither_side_says_anything_nothing_speaks_for_or_against_it() -> None:
    assert fit(opening(), seeker()) == Fit(0, ())


@pytest.mark.parametrize(
    ("offer", "wish", "reason"),
    [
        ({}, {"kinds": ("practice", "small_job")}, MatchReason("kind", 3, "wished")),
        ({}, {"weekly_minutes": 300}, MatchReason("hours", 2, "as_wished")),
        ({}, {"weekly_minutes": 600}, MatchReason("hours", 2, "as_wished")),
        ({}, {"weekly_minutes": 299}, MatchReason("hours", -2, "too_many")),
        ({}, {"weekly_minutes": 601}, MatchReason("hours", -1, "too_few")),
        ({}, {"sectors": ("retail",)}, MatchReason("sector", 2, "wished")),
        ({}, {"sectors": ("agriculture",)}, MatchReason("sector", -1, "other")),
        ({"site": "ikast"}, {"site": "ikast"}, MatchReason("place", 1, "same_site")),
        ({"site": "ikast"}, {"site": "brande"}, MatchReason("place", -2, "other_site")),
        ({"area": "7430"}, {"area": "7430"}, MatchReason("place", 2, "wished_area")),
        ({"area": "7430"}, {"area": "8600"}, MatchReason("place", -1, "other_area")),
        (
            {"requirements": ("cv",)},
            {"activities": frozenset({"cv"})},
            MatchReason("requirements", 1, "cv"),
        ),
        ({"requirements": ("cv",)}, {}, MatchReason("requirements", -2, "cv")),
        ({"start_by": READY}, {}, MatchReason("start", 1, "in_time")),
        ({"start_by": date(2022, 3, 13)}, {}, MatchReason("start", -2, "too_late")),
        ({"seats_left": 2}, {}, MatchReason("seats", 1, "several")),
    ],
)
def test_each_thing_that_both_sides_speak_of_is_one_reason(
    offer: dict[str, object], wish: dict[str, object], reason: MatchReason
) -> None:
    assert fit(opening(**offer), seeker(**wish)) == Fit(reason.points, (reason,))


@pytest.mark.parametrize(
    ("offer", "wish"),
    [({"site": "ikast"}, {}), ({}, {"site": "ikast"}), ({"area": "7430"}, {}), ({}, {"area": "1"})],
)
def test_a_place_that_only_one_side_names_is_no_reason(
    offer: dict[str, object], wish: dict[str, object]
) -> None:
    assert fit(opening(**offer), seeker(**wish)) == Fit(0, ())


def test_the_score_is_the_sum_of_the_reasons() -> None:
    how_well = fit(
        opening(requirements=("cv", "driving_licence"), area="7430", seats_left=3),
        seeker(kinds=("small_job",), activities=frozenset({"cv"}), area="7430"),
    )
    assert how_well == Fit(
        5,
        (
            MatchReason("kind", 3, "wished"),
            MatchReason("place", 2, "wished_area"),
            MatchReason("requirements", 1, "cv"),
            MatchReason("requirements", -2, "driving_licence"),
            MatchReason("seats", 1, "several"),
        ),
    )


@pytest.mark.parametrize(
    ("offer", "wish", "why"),
    [
        ({"seats_left": 0}, {}, "every position of the opening is taken"),
        ({"seats_left": -1}, {}, "every position of the opening is taken"),
        ({"withdrawn_on": READY}, {}, "the opening was withdrawn on 2022-03-14"),
        ({"programme": "another"}, {}, "the opening was found for another"),
        (
            {},
            {"kinds": ("full_time",)},
            "the opening is of the kind small_job, which is not wished for",
        ),
    ],
)
def test_what_cannot_be_had_does_not_fit(
    offer: dict[str, object], wish: dict[str, object], why: str
) -> None:
    assert hindrance(opening(**offer), seeker(**wish)) == why
    assert fit(opening(**offer), seeker(**wish)) is None


def test_an_opening_found_for_the_seekers_own_programme_fits() -> None:
    assert fit(opening(programme="jobsporet"), seeker()) == Fit(0, ())


def test_the_best_stands_first_and_equals_by_their_ids() -> None:
    plain, also_plain = opening(opening="b"), opening(opening="a")
    best, taken = opening(opening="z", area="7430"), opening(opening="c", seats_left=0)

    ranking = ranked([plain, best, taken, also_plain], seeker(area="7430"))

    assert [one.opening for one, _ in ranking] == ["z", "a", "b"]
    assert [how_well.score for _, how_well in ranking] == [2, 0, 0]


def test_what_was_reported_is_offered_less_what_is_taken() -> None:
    reported = OpeningReported(
        company="cvr12345678",
        kind="small_job",
        positions=3,
        weekly_minutes_min=300,
        weekly_minutes_max=600,
        carved=False,
        origin="mentor",
        sector="retail",
        requirements=("cv",),
        reported_on=READY,
        area="7430",
        programme="jobsporet",
        site="ikast",
        start_by=date(2022, 6, 1),
    )
    assert offered("o-1", reported, withdrawn_on=None, taken=1) == opening(
        requirements=("cv",),
        start_by=date(2022, 6, 1),
        area="7430",
        programme="jobsporet",
        site="ikast",
        seats_left=2,
    )
