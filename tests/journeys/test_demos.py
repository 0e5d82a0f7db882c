"""The demonstrations of all programmes together: each goal counted a second time, and what they tell."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.journeys import history
from tests.journeys.conftest import Demo
from tests.journeys.recount import Programme, Recount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

GULLESTRUP = Programme("gullestrup", date(2017, 3, 1), date(2019, 8, 31))
VIBORG_SILKEBORG = Programme(
    "viborg-silkeborg",
    date(2021, 1, 1),
    date(2024, 12, 31),
    kinds=("part_time", "full_time", "small_job", "flex_job"),
)
# primo 2019 is the year's first third
TEKSTIL = Programme("tekstil-sylab", date(2017, 11, 1), date(2019, 4, 30))
EFTERVAERN = Programme(
    "eftervaern-herning", date(2018, 6, 1), date(2020, 10, 31), kinds=("part_time", "full_time")
)
JOBSPORET = Programme("jobsporet", date(2021, 11, 1), date(2022, 12, 31))
PROGRAMMES = (GULLESTRUP, VIBORG_SILKEBORG, TEKSTIL, EFTERVAERN, JOBSPORET)

BENEFITS = {
    "kontanthjaelp",
    "integrationsydelse",
    "ressourceforloebsydelse",
    "ledighedsydelse",
    "foertidspension",
    "dagpenge",
    "sygedagpenge",
}


@pytest.fixture(scope="module")
def recount(all_demos: Demo) -> Recount:
    return Recount(all_demos.lines)


def goals(demos: Demo, programme: Programme, day: str) -> dict[str, Any]:
    told = demos.up.ask(f"/api/programmes/{programme.key}/goals", on=day)
    return {goal["id"]: goal for goal in told["goals"]}


def counted(goal: dict[str, Any]) -> set[str]:
    found = set(goal["figure"]["counted"])
    assert len(found) == goal["figure"]["value"]
    return found


def test_every_demo_is_recorded_to_its_end(all_demos: Demo) -> None:
    for programme in PROGRAMMES:
        assert all_demos.up.says(rf"demo {programme.key}: \d+ commands recorded")
    assert [line for line in all_demos.up.err.so_far() if "demo" in line] == []


@pytest.mark.parametrize("day", ["2018-06-30", "2019-08-31", "2019-12-31"])
def test_residents_in_lasting_employment_and_agreements(
    all_demos: Demo, recount: Recount, day: str
) -> None:
    told, on = goals(all_demos, GULLESTRUP, day), date.fromisoformat(day)
    groups = ("unemployed", "outside_labour_market")
    assert counted(told["lasting_employment"]) == recount.lasting(GULLESTRUP, on, groups) != set()
    assert counted(told["cooperation_agreements"]) == recount.agreed(on, GULLESTRUP) != set()


@pytest.mark.parametrize("day", ["2022-12-31", "2024-06-30", "2025-03-01"])
def test_residents_in_jobs_or_practice_and_companies_that_cooperate_more(
    all_demos: Demo, recount: Recount, day: str
) -> None:
    told, on = goals(all_demos, VIBORG_SILKEBORG, day), date.fromisoformat(day)
    cells = recount.cells(VIBORG_SILKEBORG, on)
    assert counted(told["jobs"]) == cells["job"] != set()
    in_practice = cells["practice"] | cells["apprenticeship"]
    assert counted(told["practice_and_apprenticeship"]) == in_practice != set()
    increased, with_baseline = recount.increased(VIBORG_SILKEBORG, on)
    assert counted(told["companies_increased"]) == increased != set()
    assert told["companies_increased"]["figure"]["denominator"] == len(with_baseline)


@pytest.mark.parametrize("day", ["2018-08-31", "2019-01-10", "2019-06-30"])
def test_completers_who_support_themselves(all_demos: Demo, recount: Recount, day: str) -> None:
    told, on = goals(all_demos, TEKSTIL, day), date.fromisoformat(day)
    assert counted(told["completed"]) == recount.stage(TEKSTIL, "completed", on) != set()
    by_job, completers = recount.self_supporting_by_job(TEKSTIL, on)
    assert counted(told["self_supporting_job"]) == by_job != set()
    assert told["self_supporting_job"]["figure"]["denominator"] == len(completers)
    by_benefit, known = recount.self_supporting_by_benefit(TEKSTIL, on, BENEFITS)
    assert counted(told["self_supporting_benefit"]) == by_benefit != set()
    assert told["self_supporting_benefit"]["figure"]["denominator"] == len(known)


@pytest.mark.parametrize("day", ["2019-09-30", "2020-06-30", "2021-02-28"])
def test_people_matched_on_to_ordinary_employment_and_still_in_it(
    all_demos: Demo, recount: Recount, day: str
) -> None:
    _entered_and_retained(all_demos, recount, EFTERVAERN, day, "started")


@pytest.mark.parametrize("day", ["2022-04-27", "2022-10-31", "2023-05-31"])
def test_people_referred_who_enter_employment_and_are_retained(
    all_demos: Demo, recount: Recount, day: str
) -> None:
    on = date.fromisoformat(day)
    referred = goals(all_demos, JOBSPORET, day)["referred"]
    assert counted(referred) == recount.stage(JOBSPORET, "referred", on)
    _entered_and_retained(all_demos, recount, JOBSPORET, day, "referred")


def _entered_and_retained(
    demos: Demo, recount: Recount, programme: Programme, day: str, denominator: str
) -> None:
    told, on = goals(demos, programme, day), date.fromisoformat(day)
    entered = told["entered_employment"]
    assert counted(entered) == recount.entered(programme, on)
    assert entered["figure"]["denominator"] == len(recount.stage(programme, denominator, on))
    retained, cohort = recount.retained(programme, on)
    assert counted(told["retained_3_months"]) == retained
    assert told["retained_3_months"]["figure"]["denominator"] == len(cohort)


@pytest.mark.parametrize(
    ("programme", "goal", "day", "state"),
    [
        (GULLESTRUP, "lasting_employment", "2018-06-30", "undecided"),
        (GULLESTRUP, "lasting_employment", "2019-08-31", "met"),
        (GULLESTRUP, "lasting_employment", "2020-02-29", "missed"),  # of many nothing is heard
        (GULLESTRUP, "cooperation_agreements", "2019-08-31", "no_target"),
        (VIBORG_SILKEBORG, "jobs", "2023-12-31", "undecided"),
        (VIBORG_SILKEBORG, "jobs", "2024-12-31", "met"),
        (VIBORG_SILKEBORG, "practice_and_apprenticeship", "2024-12-31", "met"),
        (VIBORG_SILKEBORG, "companies_increased", "2024-06-30", "undecided"),
        (VIBORG_SILKEBORG, "companies_increased", "2024-12-31", "missed"),
        (TEKSTIL, "completed", "2018-06-30", "undecided"),
        (TEKSTIL, "completed", "2019-01-10", "met"),
        (TEKSTIL, "self_supporting_job", "2019-06-30", "met"),
        (TEKSTIL, "self_supporting_benefit", "2019-06-30", "missed"),
        (EFTERVAERN, "entered_employment", "2020-06-30", "undecided"),
        (EFTERVAERN, "entered_employment", "2020-12-31", "missed"),
        (EFTERVAERN, "retained_3_months", "2019-09-30", "undecided"),
        (EFTERVAERN, "retained_3_months", "2021-02-28", "met"),
        (JOBSPORET, "referred", "2022-12-31", "met"),
    ],
    ids=lambda value: value.key if isinstance(value, Programme) else value,
)
def test_goals_are_met_missed_and_undecided(
    all_demos: Demo, programme: Programme, goal: str, day: str, state: str
) -> None:
    assert goals(all_demos, programme, day)[goal]["state"] == state


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.key)
def test_on_the_first_of_every_month_everybody_enrolled_stands_in_one_class(
    all_demos: Demo, recount: Recount, programme: Programme
) -> None:
    for day in _firsts(programme.begins, programme.ends):
        told = all_demos.up.ask(f"/api/programmes/{programme.key}/partition", on=str(day))
        people = [person for members in told["people"].values() for person in members]
        assert sum(told["classes"].values()) == told["enrolled"] == len(people)
        assert set(people) == recount.stage(programme, "enrolled", day)


def _firsts(begins: date, ends: date) -> Iterator[date]:
    for month in range(begins.year * 12 + begins.month - 1, ends.year * 12 + ends.month + 1):
        yield date(month // 12, month % 12 + 1, 1)


def test_the_status_of_27_april_2022_is_the_same_among_other_programmes(all_demos: Demo) -> None:
    told = all_demos.up.ask("/api/programmes/jobsporet/partition", on="2022-04-27")
    assert told["enrolled"] == 54
    assert {name: count for name, count in told["classes"].items() if count} == {
        "never_started": 6,
        "training_with_wage_hours": 8,
        "training_without_wage_hours": 21,
        "training_wage_hours_unknown": 8,
        "dropped_out": 11,
    }


def test_a_person_is_in_two_programmes_at_once(all_demos: Demo) -> None:
    told = all_demos.up.ask("/api/programmes/eftervaern-herning/findings", on="2020-06-30")
    found = next(it for it in told["findings"] if it["code"] == "CO_ENROLMENT")
    assert {subject.split(".")[1] for subject in found["subjects"]} == {"enrolment"}
    assert found["count"] == len(found["people"]) > 0


def test_whoever_was_transferred_goes_on_in_the_other_programme(all_demos: Demo) -> None:
    day = "2020-01-01"
    left = all_demos.up.ask("/api/programmes/gullestrup/partition", on=day)["people"]
    goes_on = all_demos.up.ask("/api/programmes/eftervaern-herning/partition", on=day)["people"]
    assert len(left["transferred"]) == 2
    there = {person for members in goes_on.values() for person in members}
    assert set(left["transferred"]) <= there


@pytest.mark.parametrize("programme", PROGRAMMES, ids=lambda programme: programme.key)
def test_what_came_late_for_a_reason_is_told_apart_from_the_import(
    all_demos: Demo, programme: Programme
) -> None:
    told = all_demos.up.ask(f"/api/programmes/{programme.key}/findings", on=str(programme.ends))
    counts = {it["code"]: it["count"] for it in told["findings"]}
    assert counts["LATE_IMPORT"] > 0
    assert ("LATE_REGISTRATION" in counts) == (programme is not JOBSPORET)


@pytest.mark.parametrize(
    "kind",
    [
        "PersonsMerged",
        "PersonMergeReverted",
        "ParticipantTransferred",
        "ParticipationPaused",
        "AftercareDeclined",
        "AftercareWithdrawn",
        "AftercareClosed",
        "AftercarePlanRevised",
        "FollowUpRescheduled",
        "FollowUpWaived",
        "UpskillingTaken",
        "ProblemResolved",
        "ProblemClosedUnresolved",
        "OpeningWithdrawn",
        "MatchAnswered",
        "RelationHandedOver",
        "CompanySuggested",
        "BarrierResolved",
        "AgreementEnded",
        "EmploymentChanged",
        "PracticeExtended",
        "PlacementCancelled",
        "SupportBasisChanged",
        "ProgressionMeasured",
        "AttendanceRecorded",
        "ConsentWithdrawn",
        "ExternalIndicatorRecorded",
        "EventCorrected",
        "EventRetracted",
    ],
)
def test_the_demos_tell_of_it(all_demos: Demo, kind: str) -> None:
    assert history.of_type(all_demos.lines, kind)


def test_some_come_back_under_a_new_enrolment(all_demos: Demo) -> None:
    enrolled = history.of_type(all_demos.lines, "ParticipantEnrolled")
    before = [line["event"]["data"].get("previous_enrolment") for line in enrolled]
    assert len([it for it in before if it is not None]) == 8


def test_one_programme_ends_anchored_and_three_end_closed(all_demos: Demo) -> None:
    closed = history.of_type(all_demos.lines, "ProgrammeClosed")
    assert {history.entity(line): line["event"]["data"]["outcome"] for line in closed} == {
        "gullestrup": "anchored",
        "viborg-silkeborg": "closed",
        "tekstil-sylab": "closed",
        "eftervaern-herning": "closed",
    }
