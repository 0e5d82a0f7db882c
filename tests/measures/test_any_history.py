"""No history is refused by a fold, whichever part of it holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aftercare.events import (
    AftercareAccepted,
    AftercareClosed,
    AftercareOffered,
    AftercarePlanAgreed,
    AftercarePlanRevised,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    ProblemActionTaken,
    ProblemResolved,
    Touchpoint,
)
from services.intake.events import (
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ResidenceChanged,
)
from services.placement.events import (
    AgreementEnded,
)
from shared.facts import Fact
from tests.measures.stories import (
    agreement,
    enrolled,
    folded,
    follow_up,
    hours_reported,
    job,
    job_ended,
    on,
    practice,
    referral,
    transferred,
    wage_hours,
)
from tests.measures.test_company_facts import COMPANY, level
from tests.measures.test_problem_facts import RAISED
from tests.measures.test_progress_facts import attended, lives_on, paused, resumed

OFFER = AftercareOffered(
    placement="anna-brod",
    enrolment="anna-e1",
    person_ref="anna",
    programme="havnen",
    company="brod",
    offered_on=on("01-31"),
    anchor_on=on("01-31"),
)

STORIES = {
    ("intake", "enrolment"): (
        referral("anna"),
        enrolled("01-10"),
        paused("02-01"),
        resumed("02-15"),
        attended("2022-W53", 5, 5),
        lives_on("sickness", "03-01", "02-01"),
        transferred("05-01", "skoven", "anna-e2"),
    ),
    ("intake", "person"): (
        PersonRegistered(person_ref="anna"),
        PersonsMerged(merged_ref="anne", evidence="same_cpr"),
        PersonMergeReverted(merged_ref="anne", evidence="other"),
        ResidenceChanged(area="by", from_on=on("02-01")),
    ),
    ("placement", "placement"): (
        agreement("anna"),
        practice("02-01"),
        wage_hours("02-10"),
        hours_reported("02-01", "02-28", 600),
        job("03-01"),
        job_ended("04-01"),
    ),
    ("placement", "company"): (
        COMPANY,
        level("01-01", 1),
        AgreementEnded(kind="k", parties=(), from_on=on("01-01"), to_on=on("02-01")),
    ),
    ("aftercare", "plan"): (
        OFFER,
        AftercareAccepted(party="citizen", accepted_on=on("02-01")),
        AftercarePlanAgreed(
            placement="anna-brod",
            agreed_on=on("02-02"),
            anchor_on=on("01-31"),
            touchpoints=(Touchpoint("m1", "citizen", "P1M", 5),),
        ),
        FollowUpRescheduled(touchpoint="m1", new_due_on=on("03-10"), rescheduled_on=on("02-20")),
        follow_up("03-09", "employed_same", "m1"),
        FollowUpWaived(touchpoint="m1", waived_on=on("03-12"), reason="other"),
        FollowUpMissed(touchpoint="m1", due_on=on("03-10")),
        AftercarePlanRevised(
            placement="anna-brod", revised_on=on("03-20"), anchor_on=on("01-31"), touchpoints=()
        ),
        AftercareClosed(closed_on=on("05-01"), reason="other"),
    ),
    ("aftercare", "problem"): (
        RAISED,
        ProblemActionTaken(action="call", acted_on=on("03-09")),
        ProblemResolved(resolved_on=on("03-20"), outcome="solved"),
    ),
}
"""Not all of them legal: a fold doesn't refuse."""


@pytest.mark.parametrize(("service", "entity"), STORIES)
@settings(deadline=None)
@given(data=st.data())
def test_no_subset_of_a_history_is_refused(service, entity, data):
    events = STORIES[service, entity]
    kept = data.draw(st.lists(st.sampled_from(range(len(events))), unique=True).map(sorted))
    facts = folded(service, entity, "x-1", *(events[index] for index in kept))
    assert all(isinstance(fact, Fact) for fact in facts)
    if 0 not in kept:
        assert facts == [] or entity == "person"
