"""M03, counted by hand: each person once, in one of three cells, and the overlap beside it."""

import pytest
from msgspec.structs import replace

from services.intake.events.goals import OutcomesByCell
from services.reporting.measures.outcomes_by_cell import measure
from tests.measures.stories import DEFINITION, WORDS, as_of, caseload
from tests.measures.stories_outcomes import strand, work

JOBS = OutcomesByCell(id="jobs", title=WORDS, cells=("job",), target=60)
PLACES = OutcomesByCell(id="places", title=WORDS, cells=("practice", "apprenticeship"), target=60)


def practice(person, start, end=None, company="brod"):
    return strand(person, start, end, of="practice", company=company)


def cells(*parts, day="12-31", goal=JOBS):
    """Who stands in (job, apprenticeship, practice, overlap)."""
    found = measure(caseload(*parts), goal, as_of(day))
    named = {part.name: part.counted for part in found.parts}
    return tuple(named[name] for name in ("job", "apprenticeship", "practice", "overlap"))


PRACTICE_THEN_JOB = (practice("a", "02-01", "04-30"), work("a", "05-01"))


@pytest.mark.parametrize(
    ("counting", "expected"),
    [
        ("once_highest", (("a",), (), (), ("a",))),
        ("once_first", ((), (), ("a",), ("a",))),
        ("per_cell", (("a",), (), ("a",), ("a",))),
    ],
)
def test_practice_that_leads_to_a_job_is_counted_by_the_rule(counting, expected):
    goal = replace(JOBS, counting=counting)
    assert cells(*PRACTICE_THEN_JOB, day="04-30", goal=goal) == ((), (), ("a",), ())
    assert cells(*PRACTICE_THEN_JOB, day="05-01", goal=goal) == expected


def test_of_two_on_one_day_the_higher_is_the_first():
    parts = (practice("a", "03-01"), work("a", "03-01", kind="apprenticeship", company="kutter"))
    goal = replace(PLACES, counting="once_first")
    assert cells(*parts, goal=goal) == ((), ("a",), (), ("a",))


def test_the_first_strand_of_a_cell_must_begin_within_the_period():
    before = practice("a", "2021-12-31", "01-15")
    assert cells(before) == ((), (), (), ())
    # A second one is not the first; another cell is counted for itself.
    assert cells(before, practice("a", "03-01", company="kutter")) == ((), (), (), ())
    assert cells(before, work("a", "03-01")) == (("a",), (), (), ())
    assert cells(work("b", "2023-01-01"), day="2023-06-01") == ((), (), (), ())


def test_an_employment_that_becomes_ordinary_is_a_job_from_that_day():
    parts = (
        work("a", "02-01", "05-31", kind="apprenticeship"),
        work("a", "06-01", kind="full_time", begun="02-01"),
    )
    assert cells(*parts, day="05-31") == ((), ("a",), (), ())
    assert cells(*parts, day="06-01") == (("a",), (), (), ("a",))


def test_subsidised_and_flex_jobs_are_in_no_cell():
    assert cells(work("a", "02-01", kind="wage_subsidy"), work("b", "02-01", kind="flex_job")) == (
        (),
        (),
        (),
        (),
    )


def test_a_definition_that_counts_apprenticeships_keeps_them_in_their_cell():
    counted = replace(DEFINITION.counted_employment, kinds=("full_time", "apprenticeship"))
    definition = replace(DEFINITION, counted_employment=counted)
    whole = caseload(work("a", "02-01", kind="apprenticeship"), definition=definition)
    found = measure(whole, JOBS, as_of("12-31", definition))
    assert [part.value for part in found.parts[:3]] == [0, 1, 0]


def test_the_goals_cells_make_up_its_value_and_the_overlap_is_always_printed():
    whole = caseload(
        *PRACTICE_THEN_JOB,
        practice("b", "02-01"),
        work("b", "08-01", kind="apprenticeship"),
        practice("c", "02-01"),
        work("d", "02-01"),
        work("e", "02-01", kind="flex_job"),
    )
    jobs, places = (measure(whole, goal, as_of("12-31")) for goal in (JOBS, PLACES))
    assert (jobs.value, jobs.counted) == (2, ("a", "d"))
    assert (places.value, places.counted) == (2, ("b", "c"))
    for found in (jobs, places):
        assert [(part.name, part.value) for part in found.parts] == [
            ("job", 2),
            ("apprenticeship", 1),
            ("practice", 1),
            ("job_and_apprenticeship", 0),
            ("job_and_practice", 1),
            ("apprenticeship_and_practice", 1),
            ("overlap", 2),
        ]
    each = measure(whole, replace(PLACES, counting="per_cell"), as_of("12-31"))
    assert each.counted == ("a", "b", "c")  # distinct persons: b stands in both cells
