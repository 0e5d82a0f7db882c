"""M09, counted by hand: three months after a job that began on 31 January is 30 April."""

from services.intake.events.goals import SameEmployerRetention
from services.reporting.measures.same_employer import measure
from tests.measures.stories import WORDS, as_of, caseload
from tests.measures.stories_outcomes import told, work

GOAL = SameEmployerRetention(id="same", title=WORDS)


def outcome(*parts, day="08-30", goal=GOAL):
    """(retained, matured, unknown, pending)"""
    found = measure(caseload(*parts), goal, as_of(day))
    return found.value, found.denominator, found.unknown, found.pending


RETAINED = (1, 1, 0, 0)
LOST = (0, 1, 0, 0)
UNKNOWN = (0, 1, 1, 0)


def test_the_cohort_matures_on_the_clipped_day():
    job = work("a", "01-31", "04-30")
    assert outcome(job, day="01-30") == (0, 0, 0, 0)
    assert outcome(job, day="04-29") == (0, 0, 0, 1)
    assert outcome(job, day="04-30") == RETAINED
    assert outcome(work("a", "01-31", "04-29")) == LOST


def test_another_company_is_not_the_same():
    assert outcome(work("a", "01-31", "02-28"), work("a", "03-01", company="kutter")) == LOST


def test_another_placement_at_the_company_is_the_same():
    first = work("a", "01-31", "02-28")
    again = work("a", "04-01", "06-30", company="brod-again", at="brod")
    assert outcome(first, again) == RETAINED


def test_no_gap_is_joined():
    first = work("a", "01-31", "04-29")
    assert outcome(first, work("a", "05-01", company="brod-again", at="brod")) == LOST
    assert outcome(first, work("a", "04-30", company="brod-again", at="brod")) == RETAINED


def test_a_change_of_hours_is_the_same_job():
    assert outcome(work("a", "01-31", "03-31"), work("a", "04-01", minutes=60, begun="01-31")) == (
        RETAINED
    )


def test_of_several_that_began_on_the_first_day_any_is_the_first():
    one, other = work("a", "01-31", "02-28"), work("a", "01-31", "05-31", company="kutter")
    assert outcome(one, other) == RETAINED


def test_evidence_lasts_ninety_days():
    # 1 February and 90 days are 2 May; asked of is 1 May. 1 May and 90 days are 30 July.
    assert outcome(work("a", "02-01")) == RETAINED
    assert outcome(work("a", "05-01")) == UNKNOWN
    assert outcome(work("a", "05-01"), told("a", "06-01")) == RETAINED


def test_both_horizons_are_printed():
    found = measure(
        caseload(
            work("a", "01-31", "07-31"),  # six months on is 31 July
            work("b", "01-31", "07-30"),
            work("c", "01-31", "03-31"),
            work("d", "04-01", "07-01"),  # matures for six months on 1 October
            work("e", "08-01"),
        ),
        GOAL,
        as_of("08-30"),
    )
    assert (found.value, found.denominator, found.pending) == (3, 4, 1)
    assert [(part.name, part.counted, part.denominator, part.pending) for part in found.parts] == [
        ("P3M", ("a", "b", "d"), 4, 1),
        ("P6M", ("a",), 3, 2),
    ]
