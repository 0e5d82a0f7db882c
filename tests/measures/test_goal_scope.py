"""A goal of one site sees nothing of the same person's course and placements at another."""

from msgspec.structs import replace

from services.intake.events import AttendanceRecorded
from services.intake.events.goals import Attendance, Retention, TouchpointsHeld, WageHourTouch
from services.reporting.measures import measure_of
from tests.measures.stories import (
    WORDS,
    aftercare,
    as_of,
    began,
    caseload,
    enrolled,
    enrolment,
    follow_up,
    hours_reported,
    job,
    placement,
    wage_hours,
)
from tests.measures.stories_direct import answered, offered, problem, touchpoint

WEEK = AttendanceRecorded(week="2022-W10", planned_days=5, attended_days=5)
AT_KAJEN = enrolment("a", enrolled("01-05"), began("01-06"))
AT_MOLEN = enrolment("a", enrolled("01-05"), began("01-06"), WEEK, spell=2, site="molen")


def figure_at(site, goal, day, *parts):
    goal = replace(goal, sites=(site,))
    return measure_of(goal).function(caseload(*parts).of(goal), goal, as_of(day))


def test_paid_hours_count_at_the_site_of_their_placement():
    paid = placement(
        "a", wage_hours("02-01"), hours_reported("02-01", "02-28", 1200), company="kutter", spell=2
    )
    touch = WageHourTouch(id="touch", title=WORDS)
    at = {
        site: figure_at(site, touch, "03-15", AT_KAJEN, AT_MOLEN, paid)
        for site in ("kajen", "molen")
    }
    assert (at["kajen"].counted, at["kajen"].denominator) == ((), 1)
    assert (at["molen"].counted, at["molen"].denominator) == (("a",), 1)


def test_attendance_counts_at_the_site_of_its_enrolment():
    stable = Attendance(id="stable", title=WORDS)
    assert figure_at("kajen", stable, "03-15", AT_KAJEN, AT_MOLEN).counted == ()
    assert figure_at("molen", stable, "03-15", AT_KAJEN, AT_MOLEN).counted == ("a",)


def test_a_follow_up_is_evidence_at_the_site_of_its_job():
    retained = Retention(id="retained", title=WORDS, months=6)
    jobs = (placement("a", job("02-01"), spell=2), placement("a", job("02-01"), company="kutter"))
    asked = aftercare("a", follow_up("07-15", "employed_same"), anchor="02-01")
    parts = (AT_KAJEN, AT_MOLEN, *jobs, asked)
    assert figure_at("molen", retained, "09-01", *parts).counted == ("a",)
    assert figure_at("kajen", retained, "09-01", *parts).unknown == 1


def test_aftercare_and_problems_go_with_their_placement():
    hanging = [
        offered("a", "02-01"),
        answered("a", "citizen", "accepted", "02-01"),
        touchpoint("a", "citizen", "P7D", "02-08", held="02-08"),
        problem("late", "03-01"),
    ]
    whole = caseload(AT_KAJEN, AT_MOLEN, placement("a", job("02-01"), spell=2), hanging)
    held = TouchpointsHeld(id="held", title=WORDS)
    at_kajen, at_molen = (whole.of(replace(held, sites=(it,))) for it in ("kajen", "molen"))
    for kind in ("plans", "answers", "touchpoints", "problems"):
        assert getattr(at_kajen, kind) == ()
        assert getattr(at_molen, kind) == getattr(whole, kind) != ()
