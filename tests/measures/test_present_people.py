"""Whose the aftercare, the hours and the problems are, once a placement is another person's."""

from msgspec.structs import replace

from services.aftercare.events import (
    AftercareAccepted,
    AftercareOffered,
    AftercarePlanAgreed,
    ProblemRaised,
    Touchpoint,
)
from services.intake.events import (
    AttendanceRecorded,
    PersonRegistered,
    PersonsMerged,
    ProgrammeOpened,
)
from services.intake.events.definition import checksum_of
from services.placement.events import PlacementPersonChanged
from services.reporting.changes import changes
from services.reporting.measures.retention import measure
from services.reporting.reader import Question, Reader
from tests.measures.recorded_streams import Streams, streams
from tests.measures.stories import (
    DEFINITION,
    PROGRAMME,
    RETAINED,
    agreement,
    as_of,
    began,
    enrolled,
    follow_up,
    hours_reported,
    job,
    on,
    referral,
)

OFFER = AftercareOffered(
    placement="a-brod",
    enrolment="a-e1",
    person_ref="a",
    programme=PROGRAMME,
    company="brod",
    offered_on=on("02-01"),
    anchor_on=on("02-01"),
)
PLAN = AftercarePlanAgreed(
    placement="a-brod",
    anchor_on=on("02-01"),
    touchpoints=(Touchpoint(id="week", party="citizen", offset="P7D", window_days=3),),
    agreed_on=on("02-01"),
)
PROBLEM = ProblemRaised(
    placement="a-brod",
    enrolment="a-e1",
    person_ref="a",
    programme=PROGRAMME,
    company="brod",
    raised_by="company",
    category="attendance",
    severity=2,
    raised_on=on("03-01"),
)
WEEK = AttendanceRecorded(week="2022-W10", planned_days=5, attended_days=5)


async def referred_for_the_wrong_person(told: Streams, right: str) -> None:
    """All that hangs on the job was recorded of `a`, whose referral was corrected afterwards."""
    referred = referral(right)
    await told.record("intake", "enrolment", "a-e1", referred, enrolled("01-10"), began("01-11"))
    await told.record(
        "placement",
        "placement",
        "a-brod",
        agreement("a"),
        job("02-01"),
        hours_reported("02-01", "02-28", 600),
        PlacementPersonChanged(person_ref=right),
    )
    await told.record(
        "aftercare",
        "plan",
        "a-brod-plan",
        OFFER,
        AftercareAccepted(party="citizen", accepted_on=on("02-01")),
        PLAN,
        follow_up("06-15", "employed_same"),
    )
    await told.record("aftercare", "problem", "a-late", PROBLEM)


async def test_all_that_is_told_of_a_placement_is_told_of_its_present_person(tmp_path):
    async with streams(tmp_path) as told:
        await referred_for_the_wrong_person(told, "b")
        found = await told.caseload(PROGRAMME)
        facts = (
            *found.placed,
            *found.strands,
            *found.wage_reports,
            *found.plans,
            *found.answers,
            *found.touchpoints,
            *found.follow_ups,
            *found.problems,
            *found.registrations,
        )
        assert len({type(fact) for fact in facts}) == 11
        assert {fact.person_ref for fact in facts} == {"b"}
        assert list(found.people) == ["b"]


async def test_the_present_person_is_the_one_who_survives_a_merge(tmp_path):
    async with streams(tmp_path) as told:
        await referred_for_the_wrong_person(told, "b")
        merged = PersonsMerged(merged_ref="b", evidence="same")
        await told.record("intake", "person", "c", PersonRegistered(person_ref="c"), merged)
        found = await told.caseload(PROGRAMME)
        assert {fact.person_ref for fact in (*found.follow_ups, *found.touchpoints)} == {"c"}


async def test_a_follow_up_is_evidence_for_the_person_whose_job_it_is_about(tmp_path):
    async with streams(tmp_path) as told:
        await referred_for_the_wrong_person(told, "b")
        found = await told.caseload(PROGRAMME)
        # Six months from 1 February: more than 90 days after the hours of February.
        figure = measure(found, replace(RETAINED, months=6), as_of("09-01"))
        assert (figure.counted, figure.denominator, figure.unknown) == (("b",), 1, 0)


async def test_a_follow_up_recorded_of_another_person_is_named_as_the_cause(tmp_path):
    definition = replace(DEFINITION, goals=(replace(RETAINED, months=6),))
    opened = ProgrammeOpened(
        programme=PROGRAMME,
        definition=definition,
        definition_version=1,
        checksum=checksum_of(definition),
        effective_from=definition.effective_from,
    )
    async with streams(tmp_path) as told:
        await told.record("intake", "programme", PROGRAMME, opened)
        await referred_for_the_wrong_person(told, "b")
        first = dict(told.projection.positions)
        await told.record("aftercare", "plan", "a-brod-plan", follow_up("04-01", "not_employed"))
        # what else is said of b explains nothing
        await told.record("intake", "enrolment", "a-e1", WEEK)
        second = dict(told.projection.positions)
        reader = Reader(told.projection, None, 1.0)
        days = (Question(on("09-01"), first), Question(on("09-01"), second))
        [goal] = (await changes(reader, PROGRAMME, *days)).goals
        assert goal.left == ("b",)
        assert "FollowUpCompleted" in [cause.type for cause in goal.causes]
