"""M05, counted by hand: 1 February and 91 days are 3 May."""

import pytest
from msgspec.structs import replace

from services.intake.events.goals import LastingEmployment
from services.reporting.measures.lasting_employment import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import told, work

GOAL = LastingEmployment(id="lasting", title=WORDS, target=50)

LASTING = (1, 0, 0)
PENDING = (0, 1, 0)
UNKNOWN = (0, 0, 1)
NONE = (0, 0, 0)


def outcome(*parts, day="05-03", goal=GOAL):
    """(lasting, pending, unknown)"""
    found = measure(caseload(*parts), goal, as_of(day))
    return found.value, found.pending, found.unknown


def test_a_job_is_lasting_when_91_days_have_passed_since_its_first():
    job = work("a", "02-01", "08-31")
    told_in_april = told("a", "04-01")
    assert outcome(job, day="01-31") == NONE
    assert outcome(job, day="02-01") == PENDING
    # 28 - 1 days of February, 31, 30, and 2 of May: 90; on the third it is 91.
    assert outcome(job, told_in_april, day="05-02") == PENDING
    assert outcome(job, told_in_april, day="05-03") == LASTING
    assert outcome(job, day="08-31") == LASTING
    assert outcome(job, day="09-01") == NONE


def test_a_job_nobody_has_spoken_of_for_ninety_days_is_unknown():
    # 1 February and 90 days are 2 May.
    job = work("a", "02-01")
    assert outcome(job, day="05-02") == PENDING
    assert outcome(job, day="05-03") == UNKNOWN
    assert outcome(job, told("a", "05-03")) == LASTING


def test_an_end_after_the_valid_day_proves_nothing_yet():
    assert outcome(work("a", "02-01", "12-31")) == UNKNOWN


def test_a_change_is_evidence_but_not_the_beginning():
    changed = (work("a", "02-01", "03-31"), work("a", "04-01", minutes=600, begun="02-01"))
    assert outcome(*changed) == LASTING
    # Before the day of the change it has not happened: 31 March is seen like any other day.
    assert outcome(*changed, day="03-31") == PENDING


def test_gaps_of_fourteen_days_are_joined():
    first = work("a", "02-01", "03-01")
    # Free from 2 to 15 March: fourteen days.
    assert outcome(first, work("a", "03-16", "12-31", company="kutter")) == LASTING
    assert outcome(first, work("a", "03-17", "12-31", company="kutter")) == PENDING


def test_parallel_jobs_are_added():
    small = {"kind": "part_time", "minutes": 150}
    one = (work("a", "02-01", **small), told("a", "04-01"))
    other = (work("a", "02-01", company="kutter", **small), told("a", "04-01", company="kutter"))
    assert outcome(*one) == NONE
    assert outcome(*one, *other) == LASTING


def test_the_spell_begins_when_the_hours_are_enough():
    hours = (
        work("a", "01-01", "02-28", kind="part_time", minutes=299),
        work("a", "03-01", kind="part_time", minutes=300, begun="01-01"),
    )
    # 1 March and 91 days are 31 May.
    assert outcome(*hours, told("a", "05-01"), day="05-30") == PENDING
    assert outcome(*hours, told("a", "05-01"), day="05-31") == LASTING


def test_a_fortnight_of_fewer_hours_does_not_begin_it_anew():
    def dip(last):
        return (
            work("a", "02-01", "03-01"),
            work("a", "03-02", last, kind="part_time", minutes=60, begun="02-01"),
        )

    assert outcome(*dip("03-15"), work("a", "03-16", begun="02-01")) == LASTING
    assert outcome(*dip("03-16"), work("a", "03-17", begun="02-01")) == PENDING


def test_unknown_hours_are_none():
    assert outcome(work("a", "02-01", minutes=None), told("a", "04-01")) == NONE


def test_a_contact_that_says_not_employed_ends_it():
    job = (work("a", "02-01"), told("a", "04-01", "not_employed"))
    assert outcome(*job, day="04-01") == PENDING
    assert outcome(*job, day="04-02") == NONE


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PENDING),
        ({"open_ended": True}, LASTING),
        ({"days": 30}, LASTING),
        ({"weekly_minutes": 2221}, NONE),
    ],
)
def test_the_words_that_are_not_defined_are_parameters(changes, expected):
    # 1 April and 30 days are 1 May.
    job = work("a", "04-01", open_ended=True)
    assert outcome(job, goal=replace(GOAL, **changes)) == expected


def test_a_contract_that_is_over_counts_no_longer_from_its_first_day():
    contract = work("a", "04-01", "04-20", open_ended=True)
    follow = work("a", "04-25", company="kutter")
    assert outcome(contract, follow, goal=replace(GOAL, open_ended=True)) == PENDING


def test_flex_jobs_count_where_the_goal_says_so():
    job = (work("a", "02-01", kind="flex_job"), told("a", "04-01"))
    assert outcome(*job) == NONE
    assert outcome(*job, goal=replace(GOAL, flex_counts=True)) == LASTING


def test_a_goal_of_a_phase_is_about_spells_that_began_in_it():
    second = replace(GOAL, phase="second")
    early = (work("a", "06-30"), told("a", "10-30"))
    late = (work("a", "07-01"), told("a", "10-30"))
    assert outcome(*early, day="12-31", goal=second) == NONE
    assert outcome(*late, day="12-31", goal=second) == LASTING


def test_pending_and_both_variants_are_printed_beside_it():
    found = measure(
        caseload(
            work("lasting", "02-01"),
            told("lasting", "04-01"),
            work("young", "04-01"),
            work("contract", "04-01", open_ended=True),
            work("flex", "02-01", kind="flex_job"),
            told("flex", "04-01"),
            work("silent", "02-01"),
        ),
        GOAL,
        as_of("05-03"),
    )
    assert (found.counted, found.pending, found.unknown) == (("lasting",), 2, 1)
    assert (found.denominator, found.counting_unit, found.quantity) == (None, "person", "count")
    parts = {part.name: part for part in found.parts}
    assert parts["pending"].counted == ("contract", "young")
    assert parts["open_ended"].counted == ("contract", "lasting")
    assert (parts["open_ended"].pending, parts["open_ended"].unknown) == (1, 1)
    assert parts["flex_counts"].counted == ("flex", "lasting")
