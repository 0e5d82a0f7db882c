"""Who stands where on a day."""

import pytest
from msgspec.structs import replace

from services.intake.events import ParticipationPaused
from services.placement.events import (
    EmploymentChanged,
    PlacementEnded,
    PracticeEnded,
    WageHoursChanged,
)
from services.reporting.findings import findings
from services.reporting.partition import CLASSES, PartitionError, partition, refuse_unless_whole
from tests.measures.stories import (
    aftercare,
    as_of,
    began,
    caseload,
    completed,
    dropped_out,
    enrolled,
    enrolment,
    follow_up,
    hours_reported,
    job,
    job_ended,
    never_started,
    on,
    placement,
    practice,
    transferred,
    wage_hours,
    wage_hours_ended,
)

ACTIVE = (enrolled("01-10"), began("01-11"))


def class_on(day, *parts):
    """The one class in which Anna stands."""
    found = partition(caseload(*parts), as_of(day)).people
    [name] = [name for name, people in found.items() if people == ("anna",)]
    return name


def test_the_classes_hold_everybody_enrolled():
    whole = caseload(
        enrolment("a", enrolled("01-10")),
        enrolment("b", enrolled("01-10"), never_started("02-01")),
        enrolment("c", *ACTIVE, dropped_out("03-01")),
        enrolment("d", *ACTIVE),
        placement("d", job("03-01")),
        enrolment("e", *ACTIVE, completed("04-01")),
        enrolment("f", *ACTIVE),
        placement("f", practice("02-01"), wage_hours("03-01")),
        enrolment("g", *ACTIVE),
        placement("g", practice("02-01", "none")),
        enrolment("h", *ACTIVE),
        placement("h", practice("02-01")),
        enrolment("i"),
        enrolment("j", enrolled("05-01")),
    )
    found = partition(whole, as_of("04-27"))
    assert found.enrolled == 8
    assert list(found.classes) == list(CLASSES)
    assert found.people == {
        "transferred": (),
        "never_started": ("b",),
        "dropped_out": ("c",),
        "employed": ("d",),
        "completed_without_job": ("e",),
        "training_with_wage_hours": ("f",),
        "training_without_wage_hours": ("g",),
        "training_wage_hours_unknown": ("h",),
        "waiting": ("a",),
    }
    assert found.unknown == 1
    assert (found.moment, found.valid_on, found.definition_version) == (
        "i1.p1.a1",
        on("04-27"),
        1,
    )


def test_an_end_counts_from_its_day():
    story = enrolment("anna", *ACTIVE, dropped_out("03-01"))
    assert class_on("02-28", story) == "waiting"
    assert class_on("03-01", story) == "dropped_out"


def test_a_strand_runs_on_its_last_day():
    parts = (
        enrolment("anna", *ACTIVE),
        placement(
            "anna", practice("02-01", "none"), PracticeEnded(end_on=on("03-31"), reason="other")
        ),
    )
    assert class_on("01-31", *parts) == "waiting"
    assert class_on("02-01", *parts) == "training_without_wage_hours"
    assert class_on("03-31", *parts) == "training_without_wage_hours"
    assert class_on("04-01", *parts) == "waiting"


def test_wage_hours_that_ended_are_known_to_be_none_from_the_next_day():
    parts = (
        enrolment("anna", *ACTIVE),
        placement("anna", practice("02-01"), wage_hours("02-10"), wage_hours_ended("02-20")),
    )
    assert class_on("02-09", *parts) == "training_wage_hours_unknown"
    assert class_on("02-10", *parts) == "training_with_wage_hours"
    assert class_on("02-20", *parts) == "training_with_wage_hours"
    assert class_on("02-21", *parts) == "training_without_wage_hours"


def test_hours_that_were_only_agreed_are_not_known_to_be_paid():
    parts = (enrolment("anna", *ACTIVE), placement("anna", practice("02-01", "agreed")))
    assert class_on("02-10", *parts) == "training_wage_hours_unknown"


def test_a_report_of_no_minutes_says_that_there_are_none():
    parts = (
        enrolment("anna", *ACTIVE),
        placement("anna", practice("02-10", "agreed"), hours_reported("02-01", "02-28", 0)),
    )
    assert class_on("02-11", *parts) == "training_without_wage_hours"
    assert class_on("03-15", *parts) == "training_without_wage_hours"


def test_paid_hours_that_ended_within_the_reported_month_have_ended():
    parts = (
        enrolment("anna", *ACTIVE),
        placement(
            "anna",
            practice("02-01"),
            wage_hours("02-01"),
            hours_reported("03-01", "03-31", 600),
            wage_hours_ended("03-20"),
        ),
    )
    assert class_on("03-25", *parts) == "training_without_wage_hours"


def test_what_one_company_said_is_not_known_of_the_next():
    parts = (
        enrolment("anna", *ACTIVE),
        placement(
            "anna", practice("02-01", "none"), PracticeEnded(end_on=on("03-01"), reason="other")
        ),
        placement("anna", practice("03-02"), company="kutter"),
    )
    assert class_on("03-01", *parts) == "training_without_wage_hours"
    assert class_on("03-02", *parts) == "training_wage_hours_unknown"


def test_a_job_that_is_not_ordinary_is_not_counted_as_employed():
    short = placement("anna", job("03-01", "small_job", 299))
    subsidised = placement("anna", job("03-01", "wage_subsidy", 2220), company="kutter")
    assert class_on("04-01", enrolment("anna", *ACTIVE), short, subsidised) == "waiting"
    enough = placement("anna", job("03-01", "small_job", 300))
    assert class_on("04-01", enrolment("anna", *ACTIVE), enough) == "employed"


def test_a_completed_person_is_employed_while_a_job_runs():
    parts = (
        enrolment("anna", *ACTIVE, completed("03-01")),
        placement("anna", job("03-10"), job_ended("04-10")),
    )
    assert class_on("03-09", *parts) == "completed_without_job"
    assert class_on("04-10", *parts) == "employed"
    assert class_on("04-11", *parts) == "completed_without_job"


def test_a_job_that_nobody_ended_runs_on_until_somebody_says_that_it_is_over():
    parts = (enrolment("anna", *ACTIVE), placement("anna", job("03-10")))
    assert class_on("12-31", *parts) == "employed"
    told = aftercare("anna", follow_up("06-10", "not_employed"), anchor="03-10")
    assert class_on("06-10", *parts, told) == "employed"
    assert class_on("06-11", *parts, told) == "waiting"


def test_a_job_that_begins_after_the_other_was_said_to_be_over_counts():
    again = placement("anna", job("07-01"), company="kutter")
    told = aftercare("anna", follow_up("06-10", "not_employed"), anchor="03-10")
    parts = (enrolment("anna", *ACTIVE), placement("anna", job("03-10")), told, again)
    assert class_on("06-30", *parts) == "waiting"
    assert class_on("07-01", *parts) == "employed"


def test_a_transferred_person_stands_there_from_the_day_though_employed():
    parts = (
        enrolment("anna", *ACTIVE, transferred("05-01", "skoven", "anna-e2")),
        placement("anna", job("03-10")),
    )
    assert class_on("04-30", *parts) == "employed"
    assert class_on("05-01", *parts) == "transferred"


def test_who_pauses_is_waiting_unless_practice_goes_on():
    story = (*ACTIVE, ParticipationPaused(from_on=on("02-15")))
    trained = placement(
        "anna", practice("02-01", "none"), PracticeEnded(end_on=on("02-28"), reason="other")
    )
    assert class_on("02-20", enrolment("anna", *story)) == "waiting"
    parts = (enrolment("anna", *story), trained)
    assert class_on("02-20", *parts) == "training_without_wage_hours"
    assert class_on("03-01", *parts) == "waiting"


def test_a_job_is_counted_while_it_is_of_a_counted_kind():
    subsidised = EmploymentChanged(
        kind="wage_subsidy", from_on=on("05-01"), weekly_minutes=2220, open_ended=False
    )
    parts = (enrolment("anna", *ACTIVE), placement("anna", job("03-10"), subsidised))
    assert class_on("04-30", *parts) == "employed"
    assert class_on("05-01", *parts) == "waiting"


def test_changed_wage_hours_go_on():
    more = WageHoursChanged(from_on=on("03-01"), weekly_minutes=600)
    parts = (
        enrolment("anna", *ACTIVE),
        placement("anna", practice("02-01"), wage_hours("02-10"), more, wage_hours_ended("03-31")),
    )
    assert class_on("02-28", *parts) == "training_with_wage_hours"
    assert class_on("03-31", *parts) == "training_with_wage_hours"
    assert class_on("04-01", *parts) == "training_without_wage_hours"


def test_the_latest_enrolment_decides():
    parts = (
        enrolment("anna", *ACTIVE, dropped_out("03-01")),
        enrolment("anna", enrolled("06-01"), referred="05-20", spell=2),
    )
    assert class_on("05-31", *parts) == "dropped_out"
    assert class_on("06-01", *parts) == "waiting"


def test_a_person_is_enrolled_once_however_often_referred():
    twice = caseload(
        enrolment("anna", *ACTIVE, dropped_out("03-01")),
        enrolment("anna", enrolled("06-01"), referred="05-20", spell=2),
    )
    assert partition(twice, as_of("07-01")).enrolled == 1


def test_somebody_in_two_classes_or_in_none_stops_the_partition():
    with pytest.raises(PartitionError) as refused:
        refuse_unless_whole(
            ["a", "b", "c"], {"waiting": ("a", "b"), "employed": ("a",), "dropped_out": ("d",)}
        )
    assert refused.value.people == ("a", "c", "d")


def test_unknown_wage_hours_are_a_finding():
    whole = caseload(enrolment("h", *ACTIVE), placement("h", practice("02-01")))
    [finding] = findings(whole, as_of("04-27"))
    assert (finding.code, finding.count, finding.people) == ("WAGE_HOURS_UNKNOWN", 1, ("h",))


def test_practice_outside_the_enrolment_is_a_finding():
    left = enrolment("a", *ACTIVE, dropped_out("03-01"))
    whole = caseload(
        left,
        placement("a", practice("03-02", "none")),
        enrolment("b"),
        placement("b", job("03-02")),
        enrolment("c", *ACTIVE, completed("03-01")),
        placement("c", job("03-02")),
    )
    found = [(it.code, it.people) for it in findings(whole, as_of("04-27"))]
    assert found == [("PLACED_NOT_ENROLLED", ("b",)), ("EMPLOYMENT_AFTER_END", ("a",))]
    assert findings(whole, as_of("03-01")) == []


def test_nothing_found_is_no_finding():
    assert findings(caseload(enrolment("a", *ACTIVE)), as_of("04-27")) == []


def test_the_end_of_the_placement_ends_training():
    parts = (
        enrolment("anna", *ACTIVE),
        placement(
            "anna",
            practice("02-01"),
            wage_hours("02-01"),
            PlacementEnded(end_on=on("03-31"), reason="other"),
        ),
    )
    assert class_on("03-31", *parts) == "training_with_wage_hours"
    assert class_on("04-01", *parts) == "waiting"


def test_an_incomplete_caseload_says_so_in_its_partition():
    found = partition(caseload(), replace(as_of("04-27"), incomplete=True))
    assert found.incomplete
    assert found.enrolled == 0
