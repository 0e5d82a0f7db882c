"""A placement is agreed for an enrolled person; its strands begin and end on their own."""

from collections.abc import Callable
from datetime import date

import pytest
from msgspec.structs import replace

from services.placement import placement
from services.placement.events import (
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PlacementEnded,
    PlacementEvent,
    PracticeEnded,
    PracticeStarted,
    WageHoursBegan,
    WageHoursEnded,
    WageHoursReported,
)
from services.placement.events.spells import last_day
from services.placement.known import EnrolledPerson, Known
from services.placement.placement_commands import (
    AgreePlacement,
    BeginWageHours,
    EndEmployment,
    EndPlacement,
    EndPractice,
    EndWageHours,
    PlacementCommand,
    ReportWageHours,
    StartEmployment,
    StartPractice,
)
from shared.correction.replay import refuse_broken, replayed
from shared.errors import NotPossible
from shared.identifiers import derived_id
from tests.definitions import DEFINITION
from tests.measures.stories import recorded
from tests.rules.given import Given, folded, given


def day(number: int) -> date:
    return date(2022, 3, number)


PLANNED = day(30)
PERSON = EnrolledPerson("e-1", "p-1", "jobsporet", "ikast", day(1))
KNOWN = Known(DEFINITION, PERSON, company_registered=True)
LEFT = replace(KNOWN, enrolled=replace(PERSON, ended_on=day(2)))
THIS = {"command_id": "c", "placement": "pl-1"}

AGREED = PlacementAgreed(
    enrolment="e-1",
    person_ref="p-1",
    programme="jobsporet",
    site="ikast",
    company="cvr12345678",
    purpose="training",
)
PRACTICE = PracticeStarted(start_on=day(2), planned_end_on=day(30), wage_hours="unknown")
PRACTICE_END = PracticeEnded(end_on=day(20), reason="other")
WAGE_HOURS = WageHoursBegan(from_on=day(5), weekly_minutes=300)
WAGE_HOURS_END = WageHoursEnded(end_on=day(20))
JOB = EmploymentStarted(kind="part_time", start_on=day(7), weekly_minutes=1200, open_ended=True)
ENDED = {"reason": "other", "initiated_by": "citizen"}
JOB_END = EmploymentEnded(**ENDED, end_on=day(20))
JOB_LATER = replace(JOB, start_on=day(25))
OVER = PlacementEnded(end_on=day(25), reason="other")
PAID = WageHoursReported(from_on=day(5), to_on=day(11), wage_minutes=300, evidence="payslip")


def agree(**changes: object) -> AgreePlacement:
    fields = {"enrolment": "e-1", "company": "cvr12345678", "purpose": "training"}
    return AgreePlacement(**(THIS | fields | changes))


def start_practice(on: date, planned_end_on: date = PLANNED) -> StartPractice:
    return StartPractice(**THIS, start_on=on, planned_end_on=planned_end_on, wage_hours="unknown")


def end_practice(on: date) -> EndPractice:
    return EndPractice(**THIS, end_on=on, reason="other")


def begin_wage_hours(on: date) -> BeginWageHours:
    return BeginWageHours(**THIS, from_on=on, weekly_minutes=300)


def report(from_on: date, to_on: date, minutes: int = 300) -> ReportWageHours:
    return ReportWageHours(
        **THIS, from_on=from_on, to_on=to_on, wage_minutes=minutes, evidence="payslip"
    )


def end_wage_hours(on: date) -> EndWageHours:
    return EndWageHours(**THIS, end_on=on)


def start_job(on: date) -> StartEmployment:
    return StartEmployment(
        **THIS, kind="part_time", start_on=on, weekly_minutes=1200, open_ended=True
    )


def end_job(on: date) -> EndEmployment:
    return EndEmployment(**THIS, end_on=on, reason="other", initiated_by="citizen")


def end_placement(on: date) -> EndPlacement:
    return EndPlacement(**THIS, end_on=on, reason="other")


def after(*history: PlacementEvent, known: Known = KNOWN) -> Given:
    return given(placement, *history, known=known)


def test_a_placement_is_agreed_for_an_enrolled_person() -> None:
    after().when(agree()).then(AGREED)


def test_who_is_not_enrolled_is_not_placed() -> None:
    nobody = Known(DEFINITION, None, company_registered=True)
    after(known=nobody).when(agree()).refused("STATE", "$.enrolment")


def test_a_job_in_direct_continuation_of_the_programme_is_a_placement_too() -> None:
    after(known=LEFT).when(agree()).then(AGREED)
    after(AGREED, known=LEFT).when(start_job(day(7))).then(JOB)
    after(AGREED, known=LEFT).when(begin_wage_hours(day(5))).then(WAGE_HOURS)


def test_practice_begins_before_the_person_has_left_the_programme() -> None:
    after(AGREED, known=LEFT).when(start_practice(day(2))).then(PRACTICE)
    after(AGREED, known=LEFT).when(start_practice(day(3))).refused("STATE", "$.start_on")


def test_nobody_is_placed_at_an_unknown_company() -> None:
    after(known=Known(DEFINITION, PERSON)).when(agree()).refused("INVALID_FIELD", "$.company")


def test_agreeing_on_the_same_again_changes_nothing_even_when_the_person_has_left() -> None:
    after(AGREED).when(agree()).then()
    after(AGREED, known=Known()).when(agree()).then()


def test_another_agreement_under_the_same_id_is_refused() -> None:
    after(AGREED).when(agree(purpose="job")).refused("STATE")


def test_an_agreement_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert placement.entity_id(agree(placement=None)) == derived_id("c")
    assert placement.entity_id(end_job(day(3))) == "pl-1"


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ((), start_practice(day(2)), PRACTICE),
        ((PRACTICE,), end_practice(day(20)), PRACTICE_END),
        ((), begin_wage_hours(day(5)), WAGE_HOURS),
        ((WAGE_HOURS,), report(day(5), day(11)), PAID),
        ((WAGE_HOURS,), end_wage_hours(day(20)), WAGE_HOURS_END),
        ((), start_job(day(7)), JOB),
        ((JOB,), end_job(day(20)), JOB_END),
        ((), end_placement(day(25)), OVER),
        ((PRACTICE, WAGE_HOURS, JOB), end_placement(day(25)), OVER),
    ],
)
def test_strands_begin_and_end(
    history: tuple[PlacementEvent, ...], command: PlacementCommand, event: PlacementEvent
) -> None:
    after(AGREED, *history).when(command).then(event)


def test_practice_wage_hours_and_employment_may_go_on_at_once() -> None:
    after(AGREED, PRACTICE).when(begin_wage_hours(day(5))).then(WAGE_HOURS)
    after(AGREED, PRACTICE, WAGE_HOURS).when(start_job(day(7))).then(JOB)
    after(AGREED, PRACTICE, WAGE_HOURS, JOB).when(end_practice(day(20))).then(PRACTICE_END)


@pytest.mark.parametrize(
    "command",
    [
        start_practice(day(2)),
        end_practice(day(2)),
        begin_wage_hours(day(2)),
        report(day(2), day(3)),
        end_wage_hours(day(2)),
        start_job(day(2)),
        end_job(day(2)),
        end_placement(day(2)),
    ],
)
def test_nothing_happens_in_a_placement_that_is_not_agreed(command: PlacementCommand) -> None:
    after().when(command).refused("STATE")


@pytest.mark.parametrize(
    ("strand", "again"),
    [
        (PRACTICE, start_practice(day(8))),
        (WAGE_HOURS, begin_wage_hours(day(8))),
        (JOB, start_job(day(8))),
    ],
)
def test_there_is_one_strand_of_a_kind_at_a_time(
    strand: PlacementEvent, again: PlacementCommand
) -> None:
    after(AGREED, strand).when(again).refused("STATE")


@pytest.mark.parametrize(
    ("strand", "end", "begin", "path"),
    [
        (PRACTICE, PRACTICE_END, start_practice, "$.start_on"),
        (WAGE_HOURS, WAGE_HOURS_END, begin_wage_hours, "$.from_on"),
        (JOB, JOB_END, start_job, "$.start_on"),
    ],
)
def test_a_second_strand_begins_after_the_last_day_of_the_first(
    strand: PlacementEvent, end: PlacementEvent, begin: object, path: str
) -> None:
    after(AGREED, strand, end).when(begin(day(20))).refused("STATE", path)
    when = after(AGREED, strand, end).when(begin(day(21)))
    assert len(when.decided()) == 1


@pytest.mark.parametrize("running", [(), (WAGE_HOURS_END,), (WAGE_HOURS_END, OVER)])
def test_an_earlier_period_may_be_registered_after_a_later_one(
    running: tuple[PlacementEvent, ...],
) -> None:
    first = WageHoursBegan(from_on=day(1), weekly_minutes=300)
    after(AGREED, WAGE_HOURS, *running).when(begin_wage_hours(day(1))).then(first)
    after(AGREED, WAGE_HOURS, *running, first).when(end_wage_hours(day(4))).then(
        WageHoursEnded(end_on=day(4))
    )


def test_an_earlier_period_ends_before_the_later_one_begins() -> None:
    first = WageHoursBegan(from_on=day(1), weekly_minutes=300)
    after(AGREED, WAGE_HOURS, WAGE_HOURS_END, first).when(end_wage_hours(day(5))).refused("STATE")
    after(AGREED, WAGE_HOURS, WAGE_HOURS_END, first).when(end_wage_hours(day(4))).then(
        WageHoursEnded(end_on=day(4))
    )


def test_a_period_registered_late_lasts_at_most_to_the_day_before_the_next_one() -> None:
    first = WageHoursBegan(from_on=day(1), weekly_minutes=300)
    history = (AGREED, WAGE_HOURS, WAGE_HOURS_END, first)
    after(*history).when(begin_wage_hours(day(4))).refused("STATE", "$.from_on")
    after(*history).when(begin_wage_hours(day(21))).then(
        WageHoursBegan(from_on=day(21), weekly_minutes=300)
    )
    state = folded(placement, history)
    assert [last_day(strand, state.strands) for strand in state.strands] == [day(20), day(4)]


def test_of_two_periods_that_are_open_the_earlier_one_ends_first() -> None:
    first = WageHoursBegan(from_on=day(1), weekly_minutes=300)
    history = (AGREED, WAGE_HOURS, first)
    after(*history).when(end_wage_hours(day(21))).refused("STATE", "$.end_on")
    after(*history, WageHoursEnded(end_on=day(3))).when(end_wage_hours(day(21))).then(
        WageHoursEnded(end_on=day(21))
    )


@pytest.mark.parametrize(
    ("corrected", "stands"),
    [
        ((JOB_LATER, JOB, EmploymentEnded(**ENDED, end_on=day(24))), True),
        ((JOB_LATER, JOB, EmploymentEnded(**ENDED, end_on=day(27))), False),
        ((replace(JOB_LATER, start_on=day(9)), JOB, JOB_END), False),
    ],
)
def test_no_correction_gives_an_end_to_another_job(
    corrected: tuple[PlacementEvent, ...], stands: bool
) -> None:
    """A job of the 25th, and one of the 7th registered after it, which ended on the 20th."""
    told = recorded("placement", "placement", "pl-1", (AGREED, JOB_LATER, JOB, JOB_END))
    now = recorded("placement", "placement", "pl-1", (AGREED, *corrected))
    before, afterwards = (replayed(placement, "pl-1", it) for it in (told, now))
    if stands:
        refuse_broken(before, afterwards)
        return
    with pytest.raises(NotPossible) as caught:
        refuse_broken(before, afterwards)
    assert "EmploymentEnded" in caught.value.message


@pytest.mark.parametrize("end", [end_practice, end_wage_hours, end_job])
def test_what_is_not_going_on_does_not_end(end: object) -> None:
    after(AGREED).when(end(day(20))).refused("STATE")
    ended = (PRACTICE, WAGE_HOURS, JOB, PRACTICE_END, WAGE_HOURS_END, JOB_END)
    after(AGREED, *ended).when(end(day(22))).refused("STATE")


@pytest.mark.parametrize(
    ("strand", "command", "path"),
    [
        (PRACTICE, end_practice(day(1)), "$.end_on"),
        (WAGE_HOURS, end_wage_hours(day(4)), "$.end_on"),
        (JOB, end_job(day(6)), "$.end_on"),
        (AGREED, start_practice(day(5), planned_end_on=day(4)), "$.planned_end_on"),
        (AGREED, report(day(5), day(4)), "$.to_on"),
        (PRACTICE, end_placement(day(1)), "$.end_on"),
        (PAID, end_placement(day(4)), "$.end_on"),
    ],
)
def test_an_end_before_its_start_is_refused(
    strand: PlacementEvent, command: PlacementCommand, path: str
) -> None:
    after(AGREED, strand).when(command).refused("STATE", path)


def test_practice_may_end_on_the_day_it_began() -> None:
    after(AGREED, PRACTICE).when(end_practice(day(2))).then(
        PracticeEnded(end_on=day(2), reason="other")
    )


def test_the_placement_does_not_end_before_a_strand_of_it_ended() -> None:
    after(AGREED, PRACTICE, PRACTICE_END).when(end_placement(day(19))).refused("STATE", "$.end_on")


def test_that_no_hours_were_paid_may_be_reported_where_no_wage_hours_began() -> None:
    after(AGREED, PRACTICE).when(report(day(5), day(11), minutes=0)).then(
        WageHoursReported(from_on=day(5), to_on=day(11), wage_minutes=0, evidence="payslip")
    )


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (start_practice(day(2)), PRACTICE),
        (begin_wage_hours(day(5)), WAGE_HOURS),
        (start_job(day(7)), JOB),
        (report(day(5), day(11)), PAID),
    ],
)
def test_what_happened_before_the_end_may_be_registered_after_it(
    command: PlacementCommand, event: PlacementEvent
) -> None:
    after(AGREED, OVER).when(command).then(event)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (start_practice(day(26)), "$.start_on"),
        (begin_wage_hours(day(26)), "$.from_on"),
        (start_job(day(26)), "$.start_on"),
        (report(day(26), day(27)), "$.from_on"),
    ],
)
def test_nothing_begins_after_the_end(command: PlacementCommand, path: str) -> None:
    after(AGREED, OVER).when(command).refused("STATE", path)


def test_a_payslip_may_cover_more_days_than_the_placement_lasted() -> None:
    after(AGREED, WAGE_HOURS, OVER).when(report(day(20), day(31))).then(
        WageHoursReported(from_on=day(20), to_on=day(31), wage_minutes=300, evidence="payslip")
    )


@pytest.mark.parametrize(
    ("strand", "end", "event"),
    [
        (PRACTICE, end_practice, PRACTICE_END),
        (WAGE_HOURS, end_wage_hours, WAGE_HOURS_END),
        (JOB, end_job, JOB_END),
    ],
)
def test_a_strand_ends_on_its_own_day_though_registered_after_the_placements_end(
    strand: PlacementEvent, end: Callable[[date], PlacementCommand], event: PlacementEvent
) -> None:
    for history in ((AGREED, strand, OVER), (AGREED, OVER, strand)):
        after(*history).when(end(day(20))).then(event)
        after(*history).when(end(day(26))).refused("STATE", "$.end_on")
        after(*history, event).when(end(day(21))).refused("STATE")


def test_a_strand_that_the_end_closed_went_on_until_then() -> None:
    after(AGREED, PRACTICE, OVER).when(start_practice(day(25))).refused("STATE", "$.start_on")


def test_a_placement_ends_once() -> None:
    after(AGREED, OVER).when(end_placement(day(26))).refused("STATE")


@pytest.mark.parametrize(
    "command",
    [
        start_practice(day(2)),
        end_practice(day(20)),
        begin_wage_hours(day(5)),
        report(day(5), day(11)),
        end_wage_hours(day(20)),
        start_job(day(7)),
        end_job(day(20)),
        end_placement(day(25)),
    ],
)
def test_what_has_been_said_may_be_said_again(command: PlacementCommand) -> None:
    all_of_it = (PRACTICE, WAGE_HOURS, PAID, JOB, PRACTICE_END, WAGE_HOURS_END, JOB_END, OVER)
    after(AGREED, *all_of_it).when(command).then()


def test_a_placement_needs_no_claim() -> None:
    assert list(placement.claims("pl-1", placement.INITIAL, AGREED)) == []
