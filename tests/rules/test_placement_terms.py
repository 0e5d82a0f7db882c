"""A placement's practice may be extended, its hours and its job may change, and it may be called off."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.placement import placement
from services.placement.events import (
    EmploymentChanged,
    PlacementCancelled,
    PlacementEvent,
    PlacementPersonChanged,
    PlacementPersonErased,
    PracticeEnded,
    PracticeExtended,
    PracticeStarted,
    WageHoursChanged,
    WageHoursEnded,
)
from services.placement.events.fit import Opening
from services.placement.known import Proposal
from services.placement.placement_commands import (
    CancelPlacement,
    ChangeEmployment,
    ChangePlacementPerson,
    ChangeWageHours,
    EndWageHours,
    ErasePlacementPerson,
    ExtendPractice,
    PlacementCommand,
)
from services.placement.strands import weekly_minutes_on
from tests.rules.given import folded
from tests.rules.test_placement import (
    AGREED,
    JOB,
    JOB_END,
    KNOWN,
    OVER,
    PAID,
    PRACTICE,
    PRACTICE_END,
    THIS,
    WAGE_HOURS,
    WAGE_HOURS_END,
    after,
    agree,
    begin_wage_hours,
    day,
    end_placement,
    report,
    start_job,
    start_practice,
)

APRIL = date(2022, 4, 30)
EXTENDED = PracticeExtended(new_end_on=APRIL, ground="other")
MORE_HOURS = WageHoursChanged(from_on=day(12), weekly_minutes=600)
LONGER = EmploymentChanged(kind="full_time", from_on=day(12), weekly_minutes=2220, open_ended=True)
CANCELLED = PlacementCancelled(cancelled_on=day(4), reason="other")


def extend(new_end_on: date) -> ExtendPractice:
    return ExtendPractice(**THIS, new_end_on=new_end_on, ground="other")


def change_hours(on: date, minutes: int = 600) -> ChangeWageHours:
    return ChangeWageHours(**THIS, from_on=on, weekly_minutes=minutes)


def change_job(on: date, kind: str = "full_time", minutes: int = 2220) -> ChangeEmployment:
    return ChangeEmployment(**THIS, kind=kind, from_on=on, weekly_minutes=minutes, open_ended=True)


def cancel(on: date) -> CancelPlacement:
    return CancelPlacement(**THIS, cancelled_on=on, reason="other")


def test_a_practice_that_runs_is_extended_beyond_its_planned_end() -> None:
    after(AGREED, PRACTICE).when(extend(APRIL)).then(EXTENDED)
    may = date(2022, 5, 31)
    after(AGREED, PRACTICE, EXTENDED).when(extend(may)).then(replace(EXTENDED, new_end_on=may))


def test_a_practice_is_not_extended_to_a_day_that_was_planned_anyway() -> None:
    after(AGREED, PRACTICE).when(extend(day(30))).refused("STATE", "$.new_end_on")
    after(AGREED, PRACTICE, EXTENDED).when(extend(day(31))).refused("STATE", "$.new_end_on")


def test_what_has_not_begun_or_has_ended_is_not_extended() -> None:
    after(AGREED).when(extend(APRIL)).refused("STATE")
    after(AGREED, PRACTICE, PRACTICE_END).when(extend(APRIL)).refused("STATE")
    after(AGREED, PRACTICE, OVER).when(extend(APRIL)).refused("STATE")


def test_an_extension_may_be_registered_after_a_practice_that_outlasted_its_plan() -> None:
    late_end = PracticeEnded(end_on=day(31), reason="other")
    after(AGREED, PRACTICE, late_end).when(extend(APRIL)).then(EXTENDED)


def test_the_practice_that_began_last_is_extended() -> None:
    second = PracticeStarted(start_on=day(21), planned_end_on=APRIL, wage_hours="none")
    history = (AGREED, PRACTICE, PRACTICE_END, second)
    after(*history).when(extend(APRIL)).refused("STATE", "$.new_end_on")
    after(*history).when(extend(date(2022, 5, 1))).then(
        replace(EXTENDED, new_end_on=date(2022, 5, 1))
    )


@pytest.mark.parametrize(
    ("strand", "command", "event"),
    [(WAGE_HOURS, change_hours(day(12)), MORE_HOURS), (JOB, change_job(day(12)), LONGER)],
)
def test_hours_and_jobs_change_while_they_run(
    strand: PlacementEvent, command: PlacementCommand, event: PlacementEvent
) -> None:
    after(AGREED, strand).when(command).then(event)


@pytest.mark.parametrize(
    ("strand", "end", "change"),
    [(WAGE_HOURS, WAGE_HOURS_END, change_hours), (JOB, JOB_END, change_job)],
)
def test_what_does_not_run_on_the_day_does_not_change(
    strand: PlacementEvent, end: PlacementEvent, change: object
) -> None:
    after(AGREED).when(change(day(12))).refused("STATE", "$.from_on")
    after(AGREED, strand).when(change(day(4))).refused("STATE", "$.from_on")
    after(AGREED, strand, end).when(change(day(21))).refused("STATE", "$.from_on")
    after(AGREED, strand, OVER).when(change(day(26))).refused("STATE", "$.from_on")
    for over in ((end,), (OVER,)):
        assert len(after(AGREED, strand, *over).when(change(day(20))).decided()) == 1


def test_terms_said_again_of_the_same_day_change_nothing() -> None:
    after(AGREED, WAGE_HOURS).when(change_hours(day(5), minutes=300)).then()
    after(AGREED, WAGE_HOURS, MORE_HOURS).when(change_hours(day(12))).then()
    after(AGREED, JOB).when(change_job(day(7), "part_time", 1200)).then()


def test_terms_that_hold_already_stand_from_their_day_when_earlier_ones_are_told_later() -> None:
    same = WageHoursChanged(from_on=day(20), weekly_minutes=300)
    after(AGREED, WAGE_HOURS).when(change_hours(day(20), minutes=300)).then(same)
    strands = folded(placement, (AGREED, WAGE_HOURS, same, MORE_HOURS)).strands
    assert weekly_minutes_on(strands, day(19), None) == 600
    assert weekly_minutes_on(strands, day(20), None) == 300


def test_there_is_one_word_on_the_terms_of_a_day() -> None:
    after(AGREED, WAGE_HOURS).when(change_hours(day(5))).refused("STATE", "$.from_on")
    after(AGREED, WAGE_HOURS, MORE_HOURS).when(change_hours(day(12), 900)).refused(
        "STATE", "$.from_on"
    )


def test_an_earlier_change_may_be_registered_after_a_later_one() -> None:
    after(AGREED, WAGE_HOURS, MORE_HOURS).when(change_hours(day(8), 450)).then(
        WageHoursChanged(from_on=day(8), weekly_minutes=450)
    )


def test_a_strand_does_not_end_before_its_last_change() -> None:
    history = (AGREED, WAGE_HOURS, MORE_HOURS)
    end = EndWageHours(**THIS, end_on=day(11))
    after(*history).when(end).refused("STATE", "$.end_on")
    after(*history).when(replace(end, end_on=day(12))).then(WageHoursEnded(end_on=day(12)))
    after(*history).when(end_placement(day(11))).refused("STATE", "$.end_on")


def test_a_job_and_paid_hours_change_each_on_their_own() -> None:
    after(AGREED, WAGE_HOURS, JOB, LONGER).when(change_hours(day(12))).then(MORE_HOURS)


def test_a_placement_of_which_nothing_came_is_cancelled() -> None:
    after(AGREED).when(cancel(day(4))).then(CANCELLED)


@pytest.mark.parametrize("begun", [PRACTICE, WAGE_HOURS, JOB, PAID])
def test_what_has_begun_is_ended_and_not_cancelled(begun: PlacementEvent) -> None:
    after(AGREED, begun).when(cancel(day(4))).refused("STATE")


def test_what_has_ended_is_not_cancelled() -> None:
    after(AGREED, OVER).when(cancel(day(4))).refused("STATE")


@pytest.mark.parametrize(
    "command",
    [
        start_practice(day(2)),
        begin_wage_hours(day(2)),
        report(day(2), day(3)),
        start_job(day(2)),
        extend(APRIL),
        change_hours(day(2)),
        change_job(day(2)),
        end_placement(day(25)),
        cancel(day(5)),
    ],
)
def test_nothing_happens_in_a_cancelled_placement(command: PlacementCommand) -> None:
    after(AGREED, CANCELLED).when(command).refused("STATE")


@pytest.mark.parametrize("command", [extend(APRIL), change_hours(day(12)), cancel(day(4))])
def test_nothing_changes_in_a_placement_that_is_not_agreed(command: PlacementCommand) -> None:
    after().when(command).refused("STATE")


@pytest.mark.parametrize(
    ("history", "command"),
    [
        ((PRACTICE, EXTENDED), extend(APRIL)),
        ((WAGE_HOURS, MORE_HOURS, WAGE_HOURS_END), change_hours(day(12))),
        ((JOB, LONGER, OVER), change_job(day(12))),
        ((CANCELLED,), cancel(day(4))),
    ],
)
def test_what_has_been_said_may_be_said_again(
    history: tuple[PlacementEvent, ...], command: PlacementCommand
) -> None:
    after(AGREED, *history).when(command).then()


def person(ref: str) -> ChangePlacementPerson:
    return ChangePlacementPerson(**THIS, person_ref=ref)


def test_a_placement_is_given_to_another_record_of_the_person_and_back() -> None:
    merged, parted = (
        PlacementPersonChanged(person_ref="p-9"),
        PlacementPersonChanged(person_ref="p-1"),
    )
    after(AGREED).when(person("p-1")).then()
    after(AGREED).when(person("p-9")).then(merged)
    after(AGREED, merged).when(person("p-1")).then(parted)
    after(AGREED, merged, parted).when(person("p-9")).then(merged)


@pytest.mark.parametrize("end", [OVER, CANCELLED])
def test_the_person_changes_and_is_erased_when_all_is_over_too(end: PlacementEvent) -> None:
    after(AGREED, end).when(person("p-9")).then(PlacementPersonChanged(person_ref="p-9"))
    erase = ErasePlacementPerson(**THIS, person_ref="p-1")
    after(AGREED, end).when(erase).then(PlacementPersonErased(person_ref="p-1"))


def test_nobody_is_changed_or_erased_in_a_placement_that_is_not_agreed() -> None:
    after().when(person("p-9")).refused("STATE")
    after().when(ErasePlacementPerson(**THIS, person_ref="p-1")).refused("STATE")


OPENING = Opening(
    opening="o-1",
    company="cvr12345678",
    kind="small_job",
    weekly_minutes_min=300,
    weekly_minutes_max=600,
    sector="retail",
    seats_left=1,
)
OFFERED = replace(KNOWN, opening=OPENING, match=Proposal("e-1", "o-1", declined=False))
FILLED = replace(AGREED, opening="o-1", match="m-1")


def test_a_placement_may_fill_an_opening_after_a_match() -> None:
    after(known=OFFERED).when(agree(opening="o-1", match="m-1")).then(FILLED)
    after(known=OFFERED).when(agree(opening="o-1")).then(replace(FILLED, match=None))


def test_another_opening_makes_another_agreement() -> None:
    after(FILLED, known=OFFERED).when(agree(opening="o-1")).refused("STATE")


@pytest.mark.parametrize(
    ("opening", "code", "path"),
    [
        (None, "INVALID_FIELD", "$.opening"),
        (replace(OPENING, company="cvr87654321"), "INVALID_FIELD", "$.company"),
        (replace(OPENING, programme="another"), "INVALID_FIELD", "$.opening"),
        (replace(OPENING, seats_left=0), "STATE", "$.opening"),
    ],
)
def test_the_opening_is_known_at_this_company_and_has_a_seat_left(
    opening: Opening | None, code: str, path: str
) -> None:
    known = replace(OFFERED, opening=opening)
    after(known=known).when(agree(opening="o-1")).refused(code, path)


def test_an_agreement_may_be_registered_after_its_opening_was_withdrawn() -> None:
    known = replace(OFFERED, opening=replace(OPENING, withdrawn_on=day(1)))
    after(known=known).when(agree(opening="o-1", match="m-1")).then(FILLED)


@pytest.mark.parametrize(
    ("match", "code"),
    [
        (None, "INVALID_FIELD"),
        (Proposal("e-2", "o-1", declined=False), "INVALID_FIELD"),
        (Proposal("e-1", "o-2", declined=False), "INVALID_FIELD"),
        (Proposal("e-1", "o-1", declined=True), "STATE"),
    ],
)
def test_the_match_is_of_this_enrolment_and_opening_and_nobody_declined(
    match: Proposal | None, code: str
) -> None:
    known = replace(OFFERED, match=match)
    after(known=known).when(agree(opening="o-1", match="m-1")).refused(code, "$.match")


def test_a_match_without_its_opening_is_no_agreement() -> None:
    after(known=OFFERED).when(agree(match="m-1")).refused("INVALID_FIELD", "$.match")
