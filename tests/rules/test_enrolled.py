"""Placement's own view: who may be placed and until when they practise, and what runs where."""

from collections.abc import Sequence
from datetime import date

import pytest

from services.intake.events import (
    ActivityCompleted,
    EnrolmentEvent,
    ParticipantCompleted,
    ParticipantDroppedOut,
    ParticipantEnrolled,
    ParticipantReferred,
    ParticipantTransferred,
    ParticipationNeverStarted,
    ParticipationStarted,
    PersonEvent,
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
)
from services.placement import placed
from services.placement.enrolled import (
    ActivityFact,
    AliasFact,
    EnrolledFact,
    fold,
    fold_person,
)
from services.placement.events import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PlacementCancelled,
    PlacementEnded,
    PlacementEvent,
    PlacementPersonChanged,
    PracticeStarted,
    WageHoursBegan,
    WageHoursChanged,
)
from services.placement.placed import PlacementFact, RunningFact
from shared.facts import Fact
from tests.measures.stories import recorded

REFERRED = ParticipantReferred(
    programme="jobsporet",
    person_ref="p-1",
    site="ikast",
    referred_by="job_centre",
    target_group="activity_ready",
    benefit="cash_benefit",
    referred_on=date(2022, 1, 3),
)
ENROLLED = ParticipantEnrolled(start_on=date(2022, 1, 10))
STARTED = ParticipationStarted(first_attended_on=date(2022, 1, 12))
END = date(2022, 5, 31)


def enrolled(*events: EnrolmentEvent) -> Sequence[Fact]:
    return list(fold("e-1", recorded("intake", "enrolment", "e-1", events)))


def fact(ended_on: date | None) -> EnrolledFact:
    return EnrolledFact(
        enrolment="e-1",
        person_ref="p-1",
        programme="jobsporet",
        site="ikast",
        target_group="activity_ready",
        start_on=date(2022, 1, 10),
        ended_on=ended_on,
    )


def test_who_is_referred_is_not_enrolled_yet() -> None:
    assert enrolled(REFERRED) == []
    assert enrolled(REFERRED, ENROLLED) == [fact(None)]


@pytest.mark.parametrize(
    "end",
    [
        ParticipantCompleted(end_on=END, destination="employment"),
        ParticipantDroppedOut(end_on=END, reason="other", destination="not_known"),
        ParticipantTransferred(
            transferred_on=END, to_programme="next", linked_enrolment="e-2", clock_carried=True
        ),
    ],
)
def test_who_has_left_was_enrolled_until_then(end: EnrolmentEvent) -> None:
    assert enrolled(REFERRED, ENROLLED, STARTED, end) == [fact(END)]


def test_who_never_started_was_never_enrolled() -> None:
    never = ParticipationNeverStarted(decided_on=END, reason="no_show")
    assert enrolled(REFERRED, ENROLLED, never) == []


def test_what_somebody_has_completed_is_known_once_they_are_enrolled() -> None:
    cv = ActivityCompleted(kind="cv", completed_on=date(2022, 1, 8))
    assert enrolled(REFERRED, cv) == []
    assert enrolled(REFERRED, cv, ENROLLED, cv) == [
        fact(None),
        ActivityFact(enrolment="e-1", activity="cv"),
    ]


def person(*events: PersonEvent) -> set[Fact]:
    return set(fold_person("p-1", recorded("intake", "person", "p-1", events)))


def test_a_merged_record_is_another_name_until_the_merge_is_reverted() -> None:
    known = PersonRegistered(person_ref="p-1")
    merged = PersonsMerged(merged_ref="p-2", evidence="same_cpr")
    other = PersonsMerged(merged_ref="p-3", evidence="same_cpr")
    parted = PersonMergeReverted(merged_ref="p-2", evidence="two_persons")
    assert person(known) == set()
    assert person(known, merged, other) == {
        AliasFact(merged_ref="p-2", person_ref="p-1"),
        AliasFact(merged_ref="p-3", person_ref="p-1"),
    }
    assert person(known, merged, other, parted) == {AliasFact(merged_ref="p-3", person_ref="p-1")}


def day(number: int) -> date:
    return date(2022, 3, number)


AGREED = PlacementAgreed(
    enrolment="e-1",
    person_ref="p-1",
    programme="jobsporet",
    company="cvr12345678",
    opening="o-1",
    purpose="training",
)


def placement(*events: PlacementEvent) -> list[Fact]:
    return list(placed.fold("pl-1", recorded("placement", "placement", "pl-1", events)))


def placement_fact(person_ref: str = "p-1", cancelled: bool = False) -> PlacementFact:
    return PlacementFact(
        placement="pl-1",
        enrolment="e-1",
        agreed_for="p-1",
        person_ref=person_ref,
        company="cvr12345678",
        opening="o-1",
        cancelled=cancelled,
    )


def running(strand: str, from_on: date, to_on: date | None, minutes: int) -> RunningFact:
    return RunningFact(
        placement="pl-1",
        person_ref="p-1",
        company="cvr12345678",
        strand=strand,
        from_on=from_on,
        to_on=to_on,
        weekly_minutes=minutes,
    )


def test_a_placement_takes_a_seat_of_its_opening_unless_it_is_cancelled() -> None:
    cancelled = PlacementCancelled(cancelled_on=day(3), reason="other")
    assert placement(AGREED) == [placement_fact()]
    assert placement(AGREED, cancelled) == [placement_fact(cancelled=True)]


def test_a_placement_is_the_persons_that_it_was_given_to() -> None:
    assert placement(AGREED, PlacementPersonChanged(person_ref="p-9")) == [placement_fact("p-9")]


def test_each_strand_runs_on_its_terms_until_they_change() -> None:
    practice = PracticeStarted(start_on=day(1), planned_end_on=day(30), wage_hours="unknown")
    wages = WageHoursBegan(from_on=day(5), weekly_minutes=300)
    more = WageHoursChanged(from_on=day(12), weekly_minutes=600)
    job = EmploymentStarted(kind="small_job", start_on=day(15), weekly_minutes=900, open_ended=True)
    longer = EmploymentChanged(
        kind="part_time", from_on=day(20), weekly_minutes=1500, open_ended=True
    )
    job_end = EmploymentEnded(end_on=day(25), reason="other", initiated_by="company")
    end = PlacementEnded(end_on=day(28), reason="other")
    assert placement(AGREED, practice, wages, more, job, longer, job_end) == [
        placement_fact(),
        running("practice", day(1), None, 0),
        running("wage hours", day(5), day(11), 300),
        running("wage hours", day(12), None, 600),
        running("employment", day(15), day(19), 900),
        running("employment", day(20), day(25), 1500),
    ]
    assert placement(AGREED, practice, wages, end) == [
        placement_fact(),
        running("practice", day(1), day(28), 0),
        running("wage hours", day(5), day(28), 300),
    ]


def test_nothing_runs_in_a_placement_that_is_not_agreed() -> None:
    assert placement(WageHoursBegan(from_on=day(5), weekly_minutes=300)) == []


def test_a_strand_runs_on_both_of_its_days() -> None:
    fact = running("practice", day(5), day(7), 0)
    assert [fact.runs_on(day(n)) for n in (4, 5, 7, 8)] == [False, True, True, False]
    assert running("practice", day(5), None, 0).runs_on(day(31))
