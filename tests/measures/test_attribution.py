"""Whose outcomes a programme counts when people go on in another, or turn out to be one person."""

import pytest
from msgspec.structs import replace

from services.intake.events import PersonMergeReverted, PersonRegistered, PersonsMerged
from services.placement.events import CompanyRegistered, CooperationLevelRecorded
from services.reporting.attribution import counts_under
from services.reporting.enrolment_facts import EnrolmentFact
from tests.measures.recorded_streams import Streams, streams
from tests.measures.stories import (
    PROGRAMME,
    agreement,
    began,
    completed,
    enrolled,
    enrolment,
    hours_reported,
    job,
    on,
    referral,
    the,
    transferred,
)


def enrolment_in(programme, spell, *events):
    story = enrolment("anna", enrolled("01-10"), *events, spell=spell, programme=programme)
    return the(EnrolmentFact, story)


FIRST = enrolment_in("engen", 1, transferred("03-01", "havnen", "anna-e2"))
SECOND = enrolment_in("havnen", 2, transferred("05-01", "skoven", "anna-e3"))
THIRD = enrolment_in("skoven", 3)


def under(attribution, day, own, *elsewhere):
    return counts_under([own], elsewhere, attribution, on(day))


def test_what_was_placed_in_a_programme_counts_there_if_the_active_one_counts():
    assert under("active", "06-01", SECOND, FIRST, THIRD) == {"anna-e2": "anna-e2"}


def test_of_a_chain_of_transfers_the_last_programme_counts_everything():
    assert under("last", "06-01", THIRD, FIRST, SECOND) == {
        "anna-e1": "anna-e3",
        "anna-e2": "anna-e3",
        "anna-e3": "anna-e3",
    }
    assert under("last", "06-01", SECOND, FIRST, THIRD) == {}
    assert under("last", "06-01", FIRST, SECOND, THIRD) == {}


def test_a_transfer_counts_from_its_day():
    assert under("last", "04-30", SECOND, FIRST, THIRD) == {
        "anna-e1": "anna-e2",
        "anna-e2": "anna-e2",
    }
    assert under("last", "04-30", THIRD, FIRST, SECOND) == {"anna-e3": "anna-e3"}


def test_a_transfer_to_what_nobody_knows_yet_leaves_the_outcomes_where_they_are():
    assert under("last", "06-01", SECOND, FIRST) == {"anna-e1": "anna-e2", "anna-e2": "anna-e2"}


@pytest.mark.parametrize("own", [FIRST, SECOND, THIRD])
def test_every_programme_of_the_chain_counts_everything_if_both_count(own):
    elsewhere = [fact for fact in (FIRST, SECOND, THIRD) if fact is not own]
    assert under("both", "06-01", own, *elsewhere) == dict.fromkeys(
        ("anna-e1", "anna-e2", "anna-e3"), own.enrolment
    )


def test_another_enrolment_without_a_transfer_is_none_of_the_chain():
    apart = replace(THIRD, enrolment="anna-e9")
    assert under("both", "02-01", SECOND, apart) == {"anna-e2": "anna-e2"}


def test_transfers_in_a_ring_come_to_an_end():
    back = replace(SECOND, to_programme="engen", linked_enrolment="anna-e1")
    for attribution in ("last", "both"):
        found = under(attribution, "06-01", back, FIRST)
        assert found.get("anna-e2", "anna-e2") == "anna-e2"


async def anna_goes_on(told: Streams) -> None:
    """From havnen to skoven; she had found a job while in havnen, which reports her hours."""
    await told.record(
        "intake",
        "enrolment",
        "anna-e1",
        referral("anna"),
        enrolled("01-10"),
        began("01-11"),
        transferred("05-01", "skoven", "anna-e2"),
    )
    await told.record(
        "intake",
        "enrolment",
        "anna-e2",
        referral("anna", "05-01", "skoven"),
        enrolled("05-01"),
        completed("09-01"),
    )
    await told.record(
        "placement",
        "placement",
        "anna-brod",
        agreement("anna"),
        job("04-01"),
        hours_reported("04-01", "04-30", 6000),
    )


def counted(caseload):
    """The jobs, each under its enrolment, and how many reports of paid hours."""
    return [(fact.placement, fact.enrolment) for fact in caseload.strands], len(
        caseload.wage_reports
    )


@pytest.mark.parametrize(
    ("attribution", "in_havnen", "in_skoven"),
    [
        ("active", ([("anna-brod", "anna-e1")], 1), ([], 0)),
        ("last", ([], 0), ([("anna-brod", "anna-e2")], 1)),
        ("both", ([("anna-brod", "anna-e1")], 1), ([("anna-brod", "anna-e2")], 1)),
    ],
)
async def test_the_job_of_a_transferred_person_counts_where_the_definition_says(
    attribution, in_havnen, in_skoven, tmp_path
):
    async with streams(tmp_path) as told:
        await anna_goes_on(told)
        assert counted(await told.caseload("havnen", attribution=attribution)) == in_havnen
        assert counted(await told.caseload("skoven", attribution=attribution)) == in_skoven


async def test_the_enrolments_of_the_same_people_elsewhere_are_known(tmp_path):
    async with streams(tmp_path) as told:
        await anna_goes_on(told)
        whole = await told.caseload("havnen")
        assert [fact.enrolment for fact in whole.enrolments] == ["anna-e1"]
        assert [fact.enrolment for fact in whole.elsewhere] == ["anna-e2"]


async def test_a_merged_person_is_the_survivor_at_every_moment_of_the_merge(tmp_path):
    async with streams(tmp_path) as told:
        await told.record("intake", "enrolment", "anne-e1", referral("anne"), enrolled("01-10"))
        await told.record(
            "intake", "enrolment", "anna-e1", referral("anna", "06-01", "skoven"), enrolled("06-01")
        )
        await told.record("placement", "placement", "anne-brod", agreement("anne"), job("04-01"))
        await told.record(
            "intake",
            "person",
            "anna",
            PersonRegistered(person_ref="anna"),
            PersonsMerged(merged_ref="anne", evidence="same"),
            PersonMergeReverted(merged_ref="anne", evidence="other"),
        )
        before = await told.caseload("havnen", at={"INTAKE": 5})
        merged = await told.caseload("havnen", at={"INTAKE": 6})
        reverted = await told.caseload("havnen", at={"INTAKE": 7})
        assert list(before.people) == list(reverted.people) == ["anne"]
        assert list(merged.people) == ["anna"]
        assert [fact.person_ref for fact in merged.strands] == ["anna"]
        assert before.elsewhere == reverted.elsewhere == ()
        assert [fact.enrolment for fact in merged.elsewhere] == ["anna-e1"]


async def test_what_is_said_of_a_company_without_a_programme_counts_for_each(tmp_path):
    async with streams(tmp_path) as told:
        await told.record(
            "placement",
            "company",
            "cvr12345678",
            CompanyRegistered(cvr="12345678", name="Brødrene", sector="retail"),
            *(
                CooperationLevelRecorded(
                    on=on("03-01"), level=level, is_baseline=False, programme=programme
                )
                for level, programme in ((1, PROGRAMME), (2, None), (3, "skoven"))
            ),
        )
        whole = await told.caseload(PROGRAMME)
        assert sorted(fact.level for fact in whole.levels) == [1, 2]
