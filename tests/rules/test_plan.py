"""Aftercare is voluntary: offered to both, agreed with those who accept, contact by contact."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from services.aftercare import plan
from services.aftercare.events import (
    AftercareAccepted,
    AftercareDeclined,
    AftercareOffered,
    AftercarePlanAgreed,
    FollowUpCompleted,
    FollowUpMissed,
    Party,
    PlanEvent,
    Touchpoint,
)
from services.aftercare.known import Known
from services.aftercare.plan_commands import (
    AcceptAftercare,
    AgreeAftercarePlan,
    CompleteFollowUp,
    DeclineAftercare,
    MissFollowUp,
    OfferAftercare,
    PlanCommand,
)
from shared.identifiers import derived_id
from tests.definitions import DEFINITION
from tests.rules.given import NOW, Given, given

KNOWN = Known(DEFINITION)
PARTIES = get_args(Party)
THIS = {"command_id": "c", "plan": "a-1"}


def day(number: int) -> date:
    return date(2022, 5, number)


OFFERED = AftercareOffered(
    placement="pl-1",
    enrolment="e-1",
    person_ref="p-1",
    programme="jobsporet",
    company="cvr12345678",
    offered_on=day(1),
    anchor_on=day(1),
)
CITIZEN_WEEK = Touchpoint("citizen_week", "citizen", "P7D", 3)  # due 8 May, 5 to 11
CITIZEN_MONTH = Touchpoint("citizen_month", "citizen", "P1M", 7)
COMPANY_MONTH = Touchpoint("company_month", "company", "P1M", 7)  # due 1 June
WINDOW_AND_GRACE_END = datetime(2022, 5, 25, 21, 59, tzinfo=UTC)  # still 25 May in Denmark
THE_DAY_AFTER = datetime(2022, 5, 25, 22, 0, tzinfo=UTC)  # 26 May in Denmark


def accepted(party: Party, on: date) -> AftercareAccepted:
    return AftercareAccepted(party=party, accepted_on=on)


def declined(party: Party, on: date) -> AftercareDeclined:
    return AftercareDeclined(party=party, declined_on=on)


def agreed(*touchpoints: Touchpoint) -> AftercarePlanAgreed:
    return AftercarePlanAgreed(
        placement="pl-1", agreed_on=day(3), anchor_on=day(1), touchpoints=touchpoints
    )


CITIZEN = accepted("citizen", day(2))
COMPANY = accepted("company", day(2))
AGREED = agreed(CITIZEN_WEEK, CITIZEN_MONTH, COMPANY_MONTH)
RUNNING = (OFFERED, CITIZEN, COMPANY, AGREED)
MISSED = FollowUpMissed(touchpoint="citizen_week", due_on=day(8))


def held(touchpoint: str | None, party: Party, on: date) -> FollowUpCompleted:
    return FollowUpCompleted(
        touchpoint=touchpoint,
        party=party,
        channel="phone",
        held_on=on,
        employment_state="employed_same",
        weekly_minutes=1200,
    )


def offer(**changes: object) -> OfferAftercare:
    fields = {
        "placement": "pl-1",
        "enrolment": "e-1",
        "person_ref": "p-1",
        "programme": "jobsporet",
        "company": "cvr12345678",
        "offered_on": day(1),
        "anchor_on": day(1),
    }
    return OfferAftercare(**(THIS | fields | changes))


def accept(party: Party, on: date) -> AcceptAftercare:
    return AcceptAftercare(**THIS, party=party, accepted_on=on)


def decline(party: Party, on: date) -> DeclineAftercare:
    return DeclineAftercare(**THIS, party=party, declined_on=on)


def agree(*touchpoints: Touchpoint) -> AgreeAftercarePlan:
    return AgreeAftercarePlan(
        **THIS, agreed_on=day(3), anchor_on=day(1), touchpoints=touchpoints or None
    )


def hold(touchpoint: str | None, party: Party, on: date) -> CompleteFollowUp:
    return CompleteFollowUp(
        **THIS,
        touchpoint=touchpoint,
        party=party,
        channel="phone",
        held_on=on,
        employment_state="employed_same",
        weekly_minutes=1200,
    )


def miss(touchpoint: str, due_on: date) -> MissFollowUp:
    return MissFollowUp(**THIS, touchpoint=touchpoint, due_on=due_on)


def after(*history: PlanEvent, known: Known = KNOWN, at: datetime = NOW) -> Given:
    return given(plan, *history, known=known, at=at)


def test_aftercare_is_offered_once() -> None:
    after().when(offer()).then(OFFERED)
    after(OFFERED).when(offer()).then()
    after(OFFERED).when(offer(enrolment="e-2")).refused("STATE")
    after(OFFERED).when(offer(anchor_on=day(2))).refused("STATE")


def test_an_offer_that_stands_may_be_made_again_on_another_day() -> None:
    after(OFFERED).when(offer(offered_on=day(2))).then()
    after(OFFERED, known=Known(DEFINITION, placed=False)).when(offer(offered_on=day(2))).then()


def test_aftercare_is_offered_for_a_placement_that_is_known() -> None:
    after(known=Known(DEFINITION, placed=False)).when(offer()).refused(
        "INVALID_FIELD", "$.placement"
    )


def test_aftercare_is_offered_within_a_programme() -> None:
    after(known=Known()).when(offer()).refused("INVALID_FIELD", "$.programme")


def test_an_offer_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert plan.entity_id(offer(plan=None)) == derived_id("c")
    assert plan.entity_id(accept("citizen", day(2))) == "a-1"


@pytest.mark.parametrize(
    "command",
    [
        accept("citizen", day(2)),
        decline("citizen", day(2)),
        agree(),
        hold(None, "citizen", day(8)),
        miss("citizen_week", day(8)),
    ],
)
def test_nothing_comes_before_the_offer(command: PlanCommand) -> None:
    after().when(command).refused("STATE")


@pytest.mark.parametrize("party", PARTIES)
def test_each_party_accepts_or_declines(party: Party) -> None:
    after(OFFERED).when(accept(party, day(2))).then(accepted(party, day(2)))
    after(OFFERED).when(decline(party, day(2))).then(declined(party, day(2)))


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_may_change_its_mind_even_on_one_day(party: Party) -> None:
    no, yes = declined(party, day(2)), accepted(party, day(2))
    after(OFFERED, no).when(accept(party, day(2))).then(yes)
    after(OFFERED, yes).when(decline(party, day(2))).then(no)
    after(OFFERED, no, yes).when(decline(party, day(3))).then(declined(party, day(3)))


@pytest.mark.parametrize("party", PARTIES)
def test_an_answer_said_again_does_not_come_back_once_a_later_one_holds(party: Party) -> None:
    no, yes = declined(party, day(2)), accepted(party, day(2))
    after(OFFERED, yes, no).when(accept(party, day(2))).then()
    after(OFFERED, no, yes).when(decline(party, day(2))).then()


def test_the_same_answer_of_another_day_is_refused() -> None:
    after(OFFERED, CITIZEN).when(accept("citizen", day(4))).refused("STATE")
    after(OFFERED, declined("citizen", day(2))).when(decline("citizen", day(4))).refused("STATE")


def test_one_party_does_not_answer_for_the_other() -> None:
    after(OFFERED, CITIZEN).when(accept("company", day(2))).then(COMPANY)


def test_nobody_answers_before_the_offer_was_made() -> None:
    early = date(2022, 4, 30)
    after(OFFERED).when(accept("citizen", early)).refused("STATE", "$.accepted_on")
    after(OFFERED).when(decline("citizen", early)).refused("STATE", "$.declined_on")


def test_an_older_answer_registered_late_does_not_replace_a_newer_one() -> None:
    newer = accepted("citizen", day(3))
    older = declined("citizen", day(2))
    after(OFFERED, newer).when(decline("citizen", day(2))).then(older)
    after(OFFERED, newer, older).when(agree(CITIZEN_WEEK)).then(agreed(CITIZEN_WEEK))


def test_without_touchpoints_the_programmes_are_agreed_for_those_who_accepted() -> None:
    after(OFFERED, CITIZEN, COMPANY).when(agree()).then(AGREED)
    after(OFFERED, CITIZEN).when(agree()).then(agreed(CITIZEN_WEEK, CITIZEN_MONTH))
    after(OFFERED, COMPANY, declined("citizen", day(2))).when(agree()).then(agreed(COMPANY_MONTH))


def test_touchpoints_may_be_agreed_per_case() -> None:
    three_months = Touchpoint("three_months", "citizen", "P3M", 14)
    after(OFFERED, CITIZEN).when(agree(three_months)).then(agreed(three_months))


def test_a_plan_needs_somebody_who_accepted() -> None:
    after(OFFERED).when(agree()).refused("STATE")
    after(OFFERED, declined("citizen", day(2))).when(agree()).refused("STATE")
    after(OFFERED, CITIZEN, declined("citizen", day(3))).when(agree()).refused("STATE")


def test_an_acceptance_of_a_later_day_is_no_ground_for_a_plan() -> None:
    after(OFFERED, accepted("citizen", day(4))).when(agree()).refused("STATE")


def test_a_touchpoint_is_with_a_party_that_accepted() -> None:
    after(OFFERED, CITIZEN).when(agree(CITIZEN_WEEK, COMPANY_MONTH)).refused(
        "STATE", "$.touchpoints[1].party"
    )


def test_a_touchpoint_has_an_id_of_its_own() -> None:
    after(OFFERED, CITIZEN).when(agree(CITIZEN_WEEK, CITIZEN_WEEK)).refused(
        "INVALID_FIELD", "$.touchpoints[1].id"
    )


def test_no_plan_is_agreed_before_the_offer() -> None:
    early = AgreeAftercarePlan(**THIS, agreed_on=date(2022, 4, 30), anchor_on=day(1))
    after(OFFERED, CITIZEN).when(early).refused("STATE", "$.agreed_on")


def test_a_plan_is_agreed_once() -> None:
    after(*RUNNING).when(agree()).then()
    after(*RUNNING).when(agree(CITIZEN_WEEK)).refused("STATE")


def test_a_plan_waits_for_a_programme_that_is_not_known_here_yet() -> None:
    after(OFFERED, CITIZEN, known=Known()).when(agree()).refused("NOT_YET")
    after(*RUNNING, known=Known()).when(miss("citizen_week", day(8))).refused("NOT_YET")


def test_a_contact_completes_its_touchpoint() -> None:
    after(*RUNNING).when(hold("citizen_week", "citizen", day(9))).then(
        held("citizen_week", "citizen", day(9))
    )


def test_a_contact_outside_the_window_is_a_contact_too() -> None:
    after(*RUNNING).when(hold("citizen_week", "citizen", day(20))).then(
        held("citizen_week", "citizen", day(20))
    )


def test_a_contact_needs_neither_touchpoint_nor_plan() -> None:
    after(OFFERED).when(hold(None, "citizen", day(9))).then(held(None, "citizen", day(9)))
    after(*RUNNING, held(None, "citizen", day(9))).when(hold(None, "citizen", day(10))).then(
        held(None, "citizen", day(10))
    )


def test_a_touchpoint_is_one_of_the_plans() -> None:
    for history in ((OFFERED, CITIZEN), RUNNING):
        after(*history).when(hold("easter", "citizen", day(9))).refused(
            "INVALID_FIELD", "$.touchpoint"
        )
        after(*history).when(miss("easter", day(9))).refused("INVALID_FIELD", "$.touchpoint")


def test_a_touchpoint_is_completed_with_the_party_it_was_agreed_with() -> None:
    after(*RUNNING).when(hold("citizen_week", "company", day(9))).refused(
        "INVALID_FIELD", "$.party"
    )


def test_a_touchpoint_is_completed_once() -> None:
    done = held("citizen_week", "citizen", day(9))
    after(*RUNNING, done).when(hold("citizen_week", "citizen", day(9))).then()
    after(*RUNNING, done).when(hold("citizen_week", "citizen", day(10))).refused(
        "STATE", "$.touchpoint"
    )


@pytest.mark.parametrize("touchpoint", [None, "company_month"])
def test_there_is_no_basis_for_asking_the_company_about_a_citizen_who_declined(
    touchpoint: str | None,
) -> None:
    after(*RUNNING, declined("citizen", day(6))).when(hold(touchpoint, "company", day(6))).refused(
        "NO_BASIS", "$.party"
    )


def test_what_the_company_said_before_the_citizen_declined_may_be_recorded() -> None:
    after(*RUNNING, declined("citizen", day(6))).when(hold(None, "company", day(5))).then(
        held(None, "company", day(5))
    )


def test_the_company_may_be_asked_again_when_the_citizen_has_accepted_after_all() -> None:
    history = (OFFERED, COMPANY, declined("citizen", day(2)), accepted("citizen", day(6)))
    after(*history).when(hold(None, "company", day(6))).then(held(None, "company", day(6)))
    after(*history).when(hold(None, "company", day(5))).refused("NO_BASIS", "$.party")


def test_a_contact_about_the_companys_general_questions_needs_nothing_of_the_citizen() -> None:
    history = (OFFERED, COMPANY, declined("citizen", day(2)), agreed(COMPANY_MONTH))
    general = replace(
        hold("company_month", "company", day(20)), employment_state="unknown", weekly_minutes=None
    )
    after(*history).when(general).then(
        FollowUpCompleted(
            touchpoint="company_month",
            party="company",
            channel="phone",
            held_on=day(20),
            employment_state="unknown",
        )
    )
    after(*history).when(replace(general, weekly_minutes=0)).refused("NO_BASIS", "$.party")
    after(*history).when(replace(general, employment_state="not_employed")).refused(
        "NO_BASIS", "$.party"
    )


def test_what_the_citizen_says_needs_no_other_basis_than_saying_it() -> None:
    after(OFFERED, declined("citizen", day(2))).when(hold(None, "citizen", day(9))).then(
        held(None, "citizen", day(9))
    )


def test_a_follow_up_is_missed_the_day_after_its_window_and_the_grace() -> None:
    command = miss("citizen_week", day(8))
    after(*RUNNING, at=WINDOW_AND_GRACE_END).when(command).refused("STATE", "$.due_on")
    after(*RUNNING, at=THE_DAY_AFTER).when(command).then(MISSED)


def test_what_was_missed_was_due_on_its_due_day() -> None:
    after(*RUNNING).when(miss("citizen_week", day(9))).refused("INVALID_FIELD", "$.due_on")


def test_a_completed_follow_up_is_not_missed() -> None:
    after(*RUNNING, held("citizen_week", "citizen", day(9))).when(
        miss("citizen_week", day(8))
    ).refused("STATE", "$.touchpoint")


@pytest.mark.parametrize("on", [day(5), day(11)])
def test_a_missed_follow_up_that_was_held_in_its_window_is_completed(on: date) -> None:
    after(*RUNNING, MISSED).when(hold("citizen_week", "citizen", on)).then(
        held("citizen_week", "citizen", on)
    )
    after(*RUNNING, MISSED, held("citizen_week", "citizen", on)).when(
        miss("citizen_week", day(8))
    ).then()


@pytest.mark.parametrize("on", [day(4), day(12)])
def test_a_contact_outside_the_window_does_not_undo_that_it_was_missed(on: date) -> None:
    after(*RUNNING, MISSED).when(hold("citizen_week", "citizen", on)).refused("STATE", "$.held_on")


def test_a_plan_needs_no_claim() -> None:
    assert list(plan.claims("a-1", plan.INITIAL, OFFERED)) == []
