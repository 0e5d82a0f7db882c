"""Where a programme's facts leave a hole or disagree, found on a day, with the events behind it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.aftercare.events import AftercareAccepted, AftercareWithdrawn
from services.intake.events import ReferralDeclined
from services.placement.events import (
    OpeningReported,
    PlacementCancelled,
    PlacementEnded,
    PracticeEnded,
    PracticeExtended,
    WageHoursChanged,
)
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.evidence import behind, evidence
from services.reporting.facts import FOLDS
from services.reporting.findings import SEARCHES, findings
from shared.correction.events import EventRetracted
from tests.measures.recorded_streams import streams
from tests.measures.stories import (
    PROGRAMME,
    aftercare,
    as_of,
    assessed,
    began,
    caseload,
    completed,
    dropped_out,
    enrolled,
    enrolment,
    folded,
    follow_up,
    hours_reported,
    job,
    job_ended,
    never_started,
    of_kind,
    on,
    placement,
    practice,
    recorded,
    referral,
    wage_hours,
    wage_hours_ended,
)

ACTIVE = (enrolled("01-10"), began("01-11"))


def found(code, day, *parts, elsewhere=()):
    """People and subjects of the one finding of a code; nobody if it was looked for in vain."""
    whole = replace(caseload(*parts), elsewhere=tuple(of_kind(EnrolmentFact, elsewhere)))
    them = [it for it in findings(whole, as_of(day)) if it.code == code]
    return (them[0].people, them[0].subjects) if them else ((), ())


def people(code, day, *parts, **more):
    return found(code, day, *parts, **more)[0]


def test_unknown_wage_hours_name_the_practice_of_the_day():
    parts = (enrolment("a", *ACTIVE), placement("a", practice("02-01")))
    assert found("WAGE_HOURS_UNKNOWN", "02-01", *parts) == (("a",), ("placement.placement.a-brod",))
    assert people("WAGE_HOURS_UNKNOWN", "01-31", *parts) == ()


def test_who_is_placed_before_the_enrolment_began_was_not_enrolled():
    parts = (enrolment("a", *ACTIVE), placement("a", practice("01-09", "none")))
    assert found("PLACED_NOT_ENROLLED", "01-09", *parts) == (
        ("a",),
        ("intake.enrolment.a-e1", "placement.placement.a-brod"),
    )
    assert people("PLACED_NOT_ENROLLED", "01-08", *parts) == ()
    on_the_day = placement("a", practice("01-10", "none"))
    assert people("PLACED_NOT_ENROLLED", "02-01", parts[0], on_the_day) == ()


def test_who_is_placed_under_an_enrolment_that_nobody_knows_was_not_enrolled():
    assert people("PLACED_NOT_ENROLLED", "02-01", placement("a", job("02-01"))) == ("a",)


def test_practice_that_begins_after_the_end_is_found():
    parts = (
        enrolment("a", *ACTIVE, dropped_out("03-01")),
        placement("a", practice("03-02", "none")),
    )
    assert people("EMPLOYMENT_AFTER_END", "03-02", *parts) == ("a",)
    assert people("EMPLOYMENT_AFTER_END", "03-01", *parts) == ()


def test_on_the_day_of_the_end_practice_may_still_begin():
    parts = (enrolment("a", *ACTIVE, completed("03-01")), placement("a", practice("03-01", "none")))
    assert people("EMPLOYMENT_AFTER_END", "04-01", *parts) == ()


def test_wage_hours_that_only_change_after_the_end_began_before_it():
    more = WageHoursChanged(from_on=on("03-15"), weekly_minutes=600)
    parts = (
        enrolment("a", *ACTIVE, completed("03-01")),
        placement("a", wage_hours("02-01"), more),
    )
    assert people("EMPLOYMENT_AFTER_END", "04-01", *parts) == ()


@pytest.mark.parametrize("paid_work", [job("03-02"), wage_hours("03-02")])
def test_a_job_or_paid_hours_after_the_programme_are_what_it_is_for(paid_work):
    parts = (enrolment("a", *ACTIVE, completed("03-01")), placement("a", paid_work))
    assert people("EMPLOYMENT_AFTER_END", "04-01", *parts) == ()


def test_a_job_of_somebody_who_never_came_or_was_declined_is_found():
    never = enrolment("a", enrolled("01-10"), never_started("02-01"))
    declined = enrolment("b", ReferralDeclined(declined_on=on("01-09"), reason="full"))
    parts = (never, placement("a", job("02-02")), declined, placement("b", job("02-02")))
    assert people("EMPLOYMENT_AFTER_END", "03-01", *parts) == ("a", "b")
    earlier = (never, placement("a", wage_hours("01-20")))
    assert people("EMPLOYMENT_AFTER_END", "01-31", *earlier) == ()
    assert people("EMPLOYMENT_AFTER_END", "02-01", *earlier) == ("a",)
    assert people("PLACED_NOT_ENROLLED", "03-01", *parts) == ()


def twice(first_end, second_start):
    return (
        enrolment("a", *ACTIVE, dropped_out(first_end)),
        enrolment("a", enrolled(second_start), spell=2, site="molen"),
    )


def test_two_enrolments_of_one_person_overlap_when_they_share_a_day():
    assert found("OVERLAPPING_ENROLMENTS", "03-01", *twice("03-02", "03-01")) == (
        ("a",),
        ("intake.enrolment.a-e1", "intake.enrolment.a-e2"),
    )
    assert people("OVERLAPPING_ENROLMENTS", "02-28", *twice("03-02", "03-01")) == ()


def test_who_leaves_and_comes_back_on_one_day_was_never_in_twice():
    assert people("OVERLAPPING_ENROLMENTS", "04-01", *twice("03-01", "03-01")) == ()


def test_another_programme_on_the_same_day_is_a_co_enrolment():
    other = enrolment("a", enrolled("02-01"), completed("03-01"), spell=2, programme="skoven")
    here = enrolment("a", *ACTIVE)
    assert found("CO_ENROLMENT", "02-01", here, elsewhere=other) == (
        ("a",),
        ("intake.enrolment.a-e1", "intake.enrolment.a-e2"),
    )
    assert people("CO_ENROLMENT", "01-31", here, elsewhere=other) == ()
    assert people("CO_ENROLMENT", "04-01", enrolment("b", *ACTIVE), elsewhere=other) == ()


def test_another_programme_before_this_one_is_no_co_enrolment():
    before = enrolment("a", enrolled("01-03"), completed("01-10"), spell=2, programme="skoven")
    assert people("CO_ENROLMENT", "04-01", enrolment("a", *ACTIVE), elsewhere=before) == ()


def paid(*events, day="05-01"):
    parts = (enrolment("a", *ACTIVE), placement("a", *events))
    return people("WAGE_HOURS_WITHOUT_PLACEMENT", day, *parts)


def test_paid_hours_of_a_time_in_which_nothing_paid_ran_are_found():
    training = practice("02-01", "none")
    assert paid(training, hours_reported("03-01", "03-31", 600)) == ("a",)
    assert paid(training, hours_reported("03-01", "03-31", 600), day="02-28") == ()
    assert paid(training, hours_reported("03-01", "03-31", 0)) == ()


def test_one_day_of_wage_hours_or_employment_within_the_report_explains_it():
    march = hours_reported("03-01", "03-31", 600)
    assert paid(wage_hours("03-31"), march) == ()
    assert paid(wage_hours("02-01"), wage_hours_ended("03-01"), march) == ()
    assert paid(job("02-01"), job_ended("03-01"), march) == ()
    assert paid(wage_hours("02-01"), wage_hours_ended("02-28"), march) == ("a",)
    assert paid(job("04-01"), march) == ("a",)


def test_hours_at_another_company_explain_nothing():
    parts = (
        enrolment("a", *ACTIVE),
        placement("a", hours_reported("03-01", "03-31", 600)),
        placement("a", wage_hours("02-01"), company="kutter"),
    )
    assert people("WAGE_HOURS_WITHOUT_PLACEMENT", "05-01", *parts) == ("a",)


def test_practice_that_nobody_ended_is_found_when_its_end_would_be_late():
    """The planned end is 1 March, the limit 60 days: 30 April is in time, 1 May is not."""
    story = (practice("02-01", "none", planned_end="03-01"),)
    parts = (enrolment("a", *ACTIVE), placement("a", *story))
    assert people("MISSING_END", "04-30", *parts) == ()
    assert found("MISSING_END", "05-01", *parts) == (("a",), ("placement.placement.a-brod",))
    ended = PracticeEnded(end_on=on("04-15"), reason="other")
    assert people("MISSING_END", "05-01", parts[0], placement("a", *story, ended)) == ()
    longer = PracticeExtended(new_end_on=on("06-01"), ground="other")
    assert people("MISSING_END", "05-01", parts[0], placement("a", *story, longer)) == ()


def test_an_enrolment_open_long_after_its_planned_end_is_found():
    story = (enrolled("01-10", planned_end="03-01"), began("01-11"))
    assert people("MISSING_END", "04-30", enrolment("a", *story)) == ()
    assert found("MISSING_END", "05-01", enrolment("a", *story)) == (
        ("a",),
        ("intake.enrolment.a-e1",),
    )
    assert people("MISSING_END", "05-01", enrolment("a", *story, completed("04-20"))) == ()


def test_a_job_of_which_nothing_was_heard_for_90_days_is_found():
    """The job began on 1 February; 2 May is the ninetieth day after."""
    parts = (enrolment("a", *ACTIVE), placement("a", job("02-01")))
    assert people("MISSING_END", "05-02", *parts) == ()
    assert people("MISSING_END", "05-03", *parts) == ("a",)
    heard = aftercare("a", follow_up("03-01", "employed_same"), anchor="02-01")
    assert people("MISSING_END", "05-03", *parts, heard) == ()


def late(late_reason, flags="LATE OUTSIDE_PROGRAMME", person="a"):
    history = recorded(
        "intake",
        "enrolment",
        f"{person}-e1",
        (referral(person), assessed("01-05")),
        flags=flags,
        late_reason=late_reason,
    )
    return list(FOLDS["intake", "enrolment"](f"{person}-e1", history))


def counted(code, day, *parts):
    return [it.count for it in findings(caseload(*parts), as_of(day)) if it.code == code]


def test_late_events_are_counted_one_by_one_from_their_day():
    assert counted("LATE_REGISTRATION", "01-05", late("illness")) == [2]
    assert counted("LATE_REGISTRATION", "01-04", late("illness")) == [1]
    assert counted("LATE_REGISTRATION", "01-05", late("illness", "OUTSIDE_PROGRAMME")) == []
    assert people("LATE_REGISTRATION", "01-05", late("illness")) == ("a",)


def test_what_an_import_of_the_past_brought_is_counted_apart():
    assert counted("LATE_IMPORT", "01-05", late("import")) == [2]
    assert counted("LATE_REGISTRATION", "01-05", late("import")) == []


OPENING = OpeningReported(
    company="brod",
    kind="small_job",
    positions=1,
    weekly_minutes_min=300,
    weekly_minutes_max=900,
    carved=False,
    origin="job_carver",
    sector="retail",
    reported_on=on("01-05"),
    programme=PROGRAMME,
)


def seated(*events):
    """Two people in an opening for one; these events befall the second."""
    return (
        folded("placement", "opening", "op-1", OPENING),
        placement("a", opening="op-1"),
        placement("b", *events, opening="op-1"),
    )


def test_more_placements_than_positions_overfill_an_opening():
    assert found("OPENING_OVERFILLED", "02-01", *seated()) == (
        ("a", "b"),
        ("placement.opening.op-1", "placement.placement.a-brod", "placement.placement.b-brod"),
    )
    assert people("OPENING_OVERFILLED", "01-04", *seated()) == ()


def test_a_placement_leaves_its_position_when_it_is_cancelled_and_not_when_it_ends():
    cancelled = PlacementCancelled(cancelled_on=on("03-01"), reason="other")
    assert people("OPENING_OVERFILLED", "02-28", *seated(cancelled)) == ("a", "b")
    assert people("OPENING_OVERFILLED", "03-01", *seated(cancelled)) == ()
    over = PlacementEnded(end_on=on("03-01"), reason="other")
    assert people("OPENING_OVERFILLED", "03-02", *seated(over)) == ("a", "b")


def asked(*events, day="05-01"):
    yes = AftercareAccepted(party="citizen", accepted_on=on("02-01"))
    return found("CONTACT_AFTER_DECLINE", day, aftercare("a", yes, *events, anchor="02-01"))


def test_what_a_company_told_of_a_citizen_who_had_withdrawn_is_found():
    no = AftercareWithdrawn(party="citizen", withdrawn_on=on("03-01"))
    told = follow_up("03-01", "employed_same", party="company")
    assert asked(told, no) == (("a",), ("aftercare.plan.a-brod-plan",))
    assert asked(told, no, day="02-28") == ((), ())
    assert asked(told) == ((), ())
    assert asked(no, follow_up("02-28", "employed_same", party="company")) == ((), ())
    assert asked(no, follow_up("03-02", "unknown", party="company")) == ((), ())
    assert asked(no, follow_up("03-02", "employed_same")) == ((), ())


def test_the_events_behind_a_finding_are_those_that_tell_of_it_by_the_day():
    events = (referral("a"), assessed("01-05"), *ACTIVE, dropped_out("03-01"))
    history = recorded("intake", "enrolment", "a-e1", events)
    [finding] = [
        it
        for it in findings(caseload(*twice("03-02", "03-01")), as_of("03-01"))
        if it.code == "OVERLAPPING_ENROLMENTS"
    ]
    assert [(it.id, it.type, it.stream, it.position) for it in behind(finding, history)] == [
        ("a-e1-1", "ParticipantReferred", "INTAKE", 1),
        ("a-e1-3", "ParticipantEnrolled", "INTAKE", 3),
        ("a-e1-5", "ParticipantDroppedOut", "INTAKE", 5),
    ]
    assert len(behind(replace(finding, valid_on=on("02-28")), history)) == 2


def test_behind_a_late_registration_are_the_late_events_alone():
    [finding] = findings(caseload(late("illness")), as_of("02-01"))
    history = recorded("intake", "enrolment", "a-e1", (referral("a"),))
    flagged = recorded(
        "intake", "enrolment", "a-e1", (assessed("01-05"),), first=2, flags="LATE", late_reason="x"
    )
    assert [it.position for it in behind(finding, history + flagged)] == [2]
    assert behind(replace(finding, code="LATE_IMPORT"), history + flagged) == ()


async def test_the_evidence_of_a_moment_is_what_was_effective_then(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "enrolment", "a-e1", referral("a"), enrolled("01-10"))
        again = (referral("a", "02-01"), enrolled("02-10"), enrolled("03-01"))
        await told.record("intake", "enrolment", "a-e2", *again)
        wrong = EventRetracted(event_id="a-e2-5", reason="wrong_day")
        await told.record("intake", "enrolment", "a-e2", wrong)
        for last, ids in (
            (5, ["a-e1-1", "a-e1-2", "a-e2-3", "a-e2-4", "a-e2-5"]),
            (6, ["a-e1-1", "a-e1-2", "a-e2-3", "a-e2-4"]),
        ):
            positions = {**told.projection.positions, "INTAKE": last}
            whole = await told.caseload(PROGRAMME, at=positions)
            [overlap] = await evidence(told.projection, findings(whole, as_of("04-01")), positions)
            assert overlap.code == "OVERLAPPING_ENROLMENTS"
            assert [it.id for it in overlap.evidence] == ids


def test_every_finding_is_told_in_two_languages():
    assert all(search.message.da != search.message.en for search in SEARCHES.values())


STORY = (
    enrolment("a", *ACTIVE, dropped_out("03-02")),
    enrolment("a", enrolled("03-01"), spell=2),
    placement("a", practice("03-05"), hours_reported("02-01", "02-10", 60)),
    placement("b", job("02-01")),
    late("import", person="c"),
    folded("placement", "opening", "op-1", OPENING),
    placement("c", opening="op-1"),
    placement("d", opening="op-1"),
)


@settings(deadline=None, max_examples=30)
@given(st.permutations([fact for part in STORY for fact in part]))
def test_the_order_of_the_facts_changes_no_finding(facts):
    found = findings(caseload(facts), as_of("05-10"))
    assert found == findings(caseload(*STORY), as_of("05-10"))
    assert [(it.code, it.count) for it in found] == [
        ("WAGE_HOURS_UNKNOWN", 1),
        ("PLACED_NOT_ENROLLED", 1),
        ("EMPLOYMENT_AFTER_END", 1),
        ("OVERLAPPING_ENROLMENTS", 1),
        ("WAGE_HOURS_WITHOUT_PLACEMENT", 1),
        ("MISSING_END", 1),
        ("LATE_IMPORT", 2),
        ("OPENING_OVERFILLED", 1),
    ]
