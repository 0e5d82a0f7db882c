"""What was agreed may be agreed anew: other contacts, another day, none at all, and an end."""

from datetime import date, datetime

import pytest
from msgspec.structs import replace

from services.aftercare import plan
from services.aftercare.events import (
    AftercareClosed,
    AftercarePlanRevised,
    AftercareWithdrawn,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    Party,
    PlanEvent,
    Touchpoint,
    UpskillingOffered,
    UpskillingTaken,
)
from services.aftercare.plan_commands import (
    CloseAftercare,
    OfferUpskilling,
    PlanCommand,
    RescheduleFollowUp,
    ReviseAftercarePlan,
    TakeUpskilling,
    WaiveFollowUp,
    WithdrawAftercare,
)
from tests.rules.given import folded
from tests.rules.test_plan import (
    AGREED,
    CITIZEN,
    CITIZEN_MONTH,
    CITIZEN_WEEK,
    COMPANY,
    COMPANY_MONTH,
    MISSED,
    OFFERED,
    PARTIES,
    RUNNING,
    THE_DAY_AFTER,
    THIS,
    accept,
    accepted,
    after,
    agree,
    day,
    decline,
    declined,
    held,
    hold,
    miss,
)

LATER_VISIT = Touchpoint("citizen_week", "citizen", "P3W", 3)  # due 22 May, 19 to 25
LATER_MISSED = FollowUpMissed(touchpoint="citizen_week", due_on=day(22))
BEFORE_THE_OFFER = date(2022, 4, 30)


def withdraw(party: Party, on: date) -> WithdrawAftercare:
    return WithdrawAftercare(**THIS, party=party, withdrawn_on=on)


def withdrawn(party: Party, on: date) -> AftercareWithdrawn:
    return AftercareWithdrawn(party=party, withdrawn_on=on)


def revise(on: date, *touchpoints: Touchpoint) -> ReviseAftercarePlan:
    return ReviseAftercarePlan(
        **THIS, revised_on=on, anchor_on=day(1), touchpoints=tuple(touchpoints)
    )


def revised(on: date, *touchpoints: Touchpoint) -> AftercarePlanRevised:
    return AftercarePlanRevised(
        placement="pl-1", revised_on=on, anchor_on=day(1), touchpoints=tuple(touchpoints)
    )


def reschedule(touchpoint: str, to: date, on: date) -> RescheduleFollowUp:
    return RescheduleFollowUp(**THIS, touchpoint=touchpoint, new_due_on=to, rescheduled_on=on)


def rescheduled(touchpoint: str, to: date, on: date) -> FollowUpRescheduled:
    return FollowUpRescheduled(touchpoint=touchpoint, new_due_on=to, rescheduled_on=on)


def waive(touchpoint: str, on: date) -> WaiveFollowUp:
    return WaiveFollowUp(**THIS, touchpoint=touchpoint, waived_on=on, reason="other")


def waived(touchpoint: str, on: date) -> FollowUpWaived:
    return FollowUpWaived(touchpoint=touchpoint, waived_on=on, reason="other")


def offer_course(to: Party, on: date) -> OfferUpskilling:
    return OfferUpskilling(**THIS, to=to, course="forklift", weeks=2, offered_on=on)


def course_offered(to: Party, on: date) -> UpskillingOffered:
    return UpskillingOffered(to=to, course="forklift", weeks=2, offered_on=on)


def take_course(to: Party, on: date) -> TakeUpskilling:
    return TakeUpskilling(**THIS, to=to, course="forklift", weeks=2, taken_on=on)


def course_taken(to: Party, on: date) -> UpskillingTaken:
    return UpskillingTaken(to=to, course="forklift", weeks=2, taken_on=on)


def close(on: date) -> CloseAftercare:
    return CloseAftercare(**THIS, closed_on=on, reason="job_found")


def closed(on: date) -> AftercareClosed:
    return AftercareClosed(closed_on=on, reason="job_found")


def due(*history: PlanEvent) -> dict[str, date]:
    """The touchpoints that are due after this, each with its day."""
    return {it.touchpoint.id: it.due_on for it in plan.due(folded(plan, history))}


ALL_DUE = {"citizen_week": day(8), "citizen_month": date(2022, 6, 1)} | {
    "company_month": date(2022, 6, 1)
}


@pytest.mark.parametrize(
    "command",
    [
        withdraw("citizen", day(2)),
        revise(day(5), CITIZEN_WEEK),
        reschedule("citizen_week", day(9), day(5)),
        waive("citizen_week", day(5)),
        offer_course("citizen", day(5)),
        take_course("citizen", day(5)),
        close(day(5)),
    ],
)
def test_nothing_of_this_comes_before_the_offer(command: PlanCommand) -> None:
    after().when(command).refused("STATE")


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_that_accepted_may_withdraw(party: Party) -> None:
    history = (OFFERED, CITIZEN, COMPANY)
    after(*history).when(withdraw(party, day(2))).then(withdrawn(party, day(2)))
    after(*history).when(withdraw(party, day(6))).then(withdrawn(party, day(6)))
    after(*history, withdrawn(party, day(6))).when(accept(party, day(7))).then(
        accepted(party, day(7))
    )


def test_only_who_has_accepted_by_then_can_withdraw() -> None:
    after(OFFERED).when(withdraw("citizen", day(2))).refused("STATE", "$.withdrawn_on")
    after(OFFERED, COMPANY).when(withdraw("citizen", day(2))).refused("STATE", "$.withdrawn_on")
    after(OFFERED, accepted("citizen", day(4))).when(withdraw("citizen", day(3))).refused(
        "STATE", "$.withdrawn_on"
    )
    after(OFFERED, CITIZEN, declined("citizen", day(4))).when(withdraw("citizen", day(5))).refused(
        "STATE", "$.withdrawn_on"
    )


def test_a_party_withdraws_once() -> None:
    history = (OFFERED, CITIZEN, withdrawn("citizen", day(4)))
    after(*history).when(withdraw("citizen", day(4))).then()
    after(*history).when(withdraw("citizen", day(5))).refused("STATE")


def test_there_is_no_basis_for_asking_the_company_about_a_citizen_who_withdrew() -> None:
    history = (*RUNNING, withdrawn("citizen", day(6)))
    after(*history).when(hold(None, "company", day(6))).refused("NO_BASIS", "$.party")
    after(*history).when(hold(None, "company", day(5))).then(held(None, "company", day(5)))


@pytest.mark.parametrize("no", [withdrawn, declined])
def test_nothing_of_a_party_is_due_once_it_wants_no_aftercare(no: object) -> None:
    assert callable(no)
    assert due(*RUNNING) == ALL_DUE
    assert due(*RUNNING, no("citizen", day(6))) == {"company_month": date(2022, 6, 1)}
    assert due(*RUNNING, no("citizen", day(6)), accepted("citizen", day(7))) == ALL_DUE
    after(*RUNNING, no("citizen", day(6)), at=THE_DAY_AFTER).when(
        miss("citizen_week", day(8))
    ).refused("STATE", "$.touchpoint")


def test_a_plan_may_run_with_the_citizen_alone() -> None:
    history = (OFFERED, CITIZEN, declined("company", day(2)))
    after(*history).when(agree()).then(replace(AGREED, touchpoints=(CITIZEN_WEEK, CITIZEN_MONTH)))


def test_a_plan_is_revised_as_often_as_needed() -> None:
    after(*RUNNING).when(revise(day(5), LATER_VISIT)).then(revised(day(5), LATER_VISIT))
    history = (*RUNNING, revised(day(5), LATER_VISIT))
    after(*history).when(revise(day(5), CITIZEN_MONTH)).then(revised(day(5), CITIZEN_MONTH))
    assert due(*history) == {"citizen_week": day(22)}
    assert due(*history, revised(day(5), CITIZEN_MONTH)) == {"citizen_month": date(2022, 6, 1)}


def test_a_revision_registered_late_does_not_replace_a_newer_one() -> None:
    history = (*RUNNING, revised(day(6), LATER_VISIT))
    after(*history).when(revise(day(5))).then(revised(day(5)))
    assert due(*history, revised(day(5))) == {"citizen_week": day(22)}


def test_only_a_plan_that_was_agreed_is_revised() -> None:
    after(OFFERED, CITIZEN).when(revise(day(5), CITIZEN_WEEK)).refused("STATE", "$.revised_on")
    after(*RUNNING).when(revise(day(2), CITIZEN_WEEK)).refused("STATE", "$.revised_on")


def test_a_revision_agrees_on_contacts_as_the_agreement_did() -> None:
    after(*RUNNING, withdrawn("company", day(4))).when(revise(day(5), COMPANY_MONTH)).refused(
        "STATE", "$.touchpoints[0].party"
    )
    after(*RUNNING).when(revise(day(5), CITIZEN_WEEK, LATER_VISIT)).refused(
        "INVALID_FIELD", "$.touchpoints[1].id"
    )
    nobody = (*RUNNING, withdrawn("company", day(4)), withdrawn("citizen", day(4)))
    after(*nobody).when(revise(day(5))).refused("STATE")


def test_what_was_held_stays_held_under_a_revised_plan() -> None:
    history = (*RUNNING, held("citizen_week", "citizen", day(9)))
    assert due(*history, revised(day(10), LATER_VISIT)) == {}
    after(*history, revised(day(10), LATER_VISIT)).when(
        hold("citizen_week", "citizen", day(22))
    ).refused("STATE", "$.touchpoint")


def test_a_contact_that_a_revision_left_out_may_be_registered_late() -> None:
    history = (*RUNNING, revised(day(10), CITIZEN_MONTH))
    after(*history).when(hold("citizen_week", "citizen", day(9))).then(
        held("citizen_week", "citizen", day(9))
    )
    after(*history).when(hold("citizen_week", "citizen", day(10))).refused(
        "INVALID_FIELD", "$.touchpoint"
    )
    after(*history).when(miss("citizen_week", day(8))).refused("INVALID_FIELD", "$.touchpoint")


def test_what_was_missed_of_the_old_plan_is_due_anew_in_the_revised_one() -> None:
    history = (*RUNNING, MISSED, revised(day(27), LATER_VISIT))
    assert due(*history) == {"citizen_week": day(22)}
    after(*history).when(hold("citizen_week", "citizen", day(28))).then(
        held("citizen_week", "citizen", day(28))
    )
    after(*history).when(miss("citizen_week", day(8))).then()
    after(*history).when(miss("citizen_week", day(22))).then(LATER_MISSED)


def test_a_contact_is_rescheduled_and_its_window_moves_along() -> None:
    after(*RUNNING).when(reschedule("citizen_week", day(22), day(6))).then(
        rescheduled("citizen_week", day(22), day(6))
    )
    history = (*RUNNING, rescheduled("citizen_week", day(22), day(6)))
    assert due(*history) == ALL_DUE | {"citizen_week": day(22)}
    after(*history, at=THE_DAY_AFTER).when(miss("citizen_week", day(8))).refused(
        "INVALID_FIELD", "$.due_on"
    )
    after(*history, at=THE_DAY_AFTER).when(miss("citizen_week", day(22))).refused(
        "STATE", "$.due_on"
    )
    after(*history).when(miss("citizen_week", day(22))).then(LATER_MISSED)
    after(*history, LATER_MISSED).when(hold("citizen_week", "citizen", day(19))).then(
        held("citizen_week", "citizen", day(19))
    )
    after(*history, LATER_MISSED).when(hold("citizen_week", "citizen", day(11))).refused(
        "STATE", "$.held_on"
    )


def test_the_last_day_agreed_on_for_a_contact_holds() -> None:
    history = (*RUNNING, rescheduled("citizen_week", day(22), day(6)))
    earlier = rescheduled("citizen_week", day(10), day(5))
    again = rescheduled("citizen_week", day(15), day(7))
    assert due(*history, earlier)["citizen_week"] == day(22)
    assert due(*history, again)["citizen_week"] == day(15)
    assert due(*history, revised(day(7), CITIZEN_WEEK)) == {"citizen_week": day(8)}


def test_a_contact_is_not_rescheduled_into_the_past() -> None:
    after(*RUNNING).when(reschedule("citizen_week", day(5), day(6))).refused(
        "STATE", "$.new_due_on"
    )


def test_a_contact_is_waived_and_no_longer_due() -> None:
    after(*RUNNING).when(waive("citizen_week", day(6))).then(waived("citizen_week", day(6)))
    history = (*RUNNING, waived("citizen_week", day(6)))
    assert "citizen_week" not in due(*history)
    after(*history).when(miss("citizen_week", day(8))).refused("STATE", "$.touchpoint")
    assert due(*history, revised(day(7), CITIZEN_WEEK)) == {"citizen_week": day(8)}


def test_a_waived_contact_that_was_held_before_may_be_registered_late() -> None:
    history = (*RUNNING, waived("citizen_week", day(6)))
    after(*history).when(hold("citizen_week", "citizen", day(5))).then(
        held("citizen_week", "citizen", day(5))
    )
    after(*history).when(hold("citizen_week", "citizen", day(6))).refused("STATE", "$.touchpoint")
    after(*history).when(hold(None, "citizen", day(6))).then(held(None, "citizen", day(6)))


@pytest.mark.parametrize(
    "outcome",
    [held("citizen_week", "citizen", day(9)), MISSED, waived("citizen_week", day(6))],
)
def test_a_contact_that_came_to_something_is_neither_rescheduled_nor_waived(
    outcome: PlanEvent,
) -> None:
    after(*RUNNING, outcome).when(reschedule("citizen_week", day(28), day(27))).refused(
        "STATE", "$.touchpoint"
    )
    after(*RUNNING, outcome).when(waive("citizen_week", day(27))).refused("STATE", "$.touchpoint")


def test_what_is_rescheduled_or_waived_is_a_touchpoint_of_the_plan() -> None:
    for history in ((OFFERED, CITIZEN), RUNNING):
        after(*history).when(reschedule("easter", day(9), day(6))).refused(
            "INVALID_FIELD", "$.touchpoint"
        )
        after(*history).when(waive("easter", day(6))).refused("INVALID_FIELD", "$.touchpoint")


@pytest.mark.parametrize("party", PARTIES)
def test_a_course_is_taken_once_it_was_offered(party: Party) -> None:
    after(OFFERED).when(offer_course(party, day(5))).then(course_offered(party, day(5)))
    history = (OFFERED, course_offered(party, day(5)))
    after(*history).when(take_course(party, day(5))).then(course_taken(party, day(5)))
    after(*history).when(take_course(party, day(4))).refused("STATE", "$.course")
    after(*history, course_taken(party, day(5))).when(take_course(party, day(6))).refused(
        "STATE", "$.course"
    )


def test_a_course_offered_to_one_is_not_taken_by_the_other() -> None:
    after(OFFERED, course_offered("company", day(5))).when(take_course("citizen", day(5))).refused(
        "STATE", "$.course"
    )


def test_aftercare_is_closed_once_and_nothing_is_due_after_that() -> None:
    after(*RUNNING).when(close(day(20))).then(closed(day(20)))
    history = (*RUNNING, closed(day(20)))
    assert due(*history) == {}
    after(*history).when(close(day(19))).refused("STATE", "$.closed_on")
    after(*history).when(close(day(21))).refused("STATE", "$.closed_on")
    after(*history).when(miss("citizen_week", day(8))).refused("STATE")


def test_aftercare_is_not_closed_before_what_happened_in_it() -> None:
    after(*RUNNING, held(None, "citizen", day(9))).when(close(day(8))).refused(
        "STATE", "$.closed_on"
    )
    after(OFFERED).when(close(BEFORE_THE_OFFER)).refused("STATE", "$.closed_on")


def test_a_miss_is_no_happening_that_a_closing_would_have_to_wait_for() -> None:
    after(*RUNNING, LATER_MISSED).when(close(day(10))).then(closed(day(10)))


def test_what_happened_before_the_closing_may_be_recorded_after_it() -> None:
    history = (*RUNNING, course_offered("citizen", day(5)), closed(day(20)))
    for command, event in (
        (withdraw("citizen", day(20)), withdrawn("citizen", day(20))),
        (hold("citizen_week", "citizen", day(9)), held("citizen_week", "citizen", day(9))),
        (revise(day(20), LATER_VISIT), revised(day(20), LATER_VISIT)),
        (waive("citizen_week", day(20)), waived("citizen_week", day(20))),
        (take_course("citizen", day(20)), course_taken("citizen", day(20))),
    ):
        after(*history).when(command).then(event)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (withdraw("citizen", day(21)), "$.withdrawn_on"),
        (decline("citizen", day(21)), "$.declined_on"),
        (revise(day(21), LATER_VISIT), "$.revised_on"),
        (hold("citizen_week", "citizen", day(21)), "$.held_on"),
        (reschedule("citizen_week", day(28), day(21)), "$.rescheduled_on"),
        (waive("citizen_week", day(21)), "$.waived_on"),
        (offer_course("citizen", day(21)), "$.offered_on"),
        (take_course("citizen", day(21)), "$.taken_on"),
    ],
)
def test_nothing_happens_after_the_closing(command: PlanCommand, path: str) -> None:
    after(*RUNNING, closed(day(20))).when(command).refused("STATE", path)


def test_a_corrected_anchor_is_not_held_up_by_what_was_missed_before() -> None:
    anchored_later = replace(AGREED, anchor_on=day(10))
    history = (OFFERED, CITIZEN, COMPANY, anchored_later)
    plan.permit(folded(plan, history), MISSED)
    assert due(*history, MISSED)["citizen_week"] == day(17)


def test_the_clock_waits_for_the_grace_of_the_day_that_holds() -> None:
    late = datetime.fromisoformat("2022-06-09T00:00+02:00")
    history = (*RUNNING, rescheduled("citizen_week", day(22), day(6)))
    after(*history, at=late).when(miss("citizen_week", day(22))).then(LATER_MISSED)
