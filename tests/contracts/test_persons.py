"""Persons that are merged or forgotten, seen by the enrolments that are of them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.intake.app import running
from shared.command import Reply
from shared.settings import Settings
from tests.contracts.casework import (
    PROGRAMME,
    Send,
    enrolment_of,
    new,
    open_programme,
    referral,
    referred,
    registered,
    sent,
    to,
)


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Send]:
    async with running(settings) as desk:
        send = to(desk)
        await open_programme(send)
        yield send


def merge(survivor: str, merged: str) -> dict[str, object]:
    return new("MergePersons", person_ref=survivor, merged_ref=merged, evidence="register_check")


def revert(survivor: str, merged: str) -> dict[str, object]:
    return new("RevertPersonMerge", person_ref=survivor, merged_ref=merged, evidence="wrong_person")


def refusal(reply: Reply) -> tuple[str, str]:
    assert reply.error is not None, reply
    return reply.error.code, reply.error.path


async def test_chains_and_cycles_of_merges_are_refused_until_they_are_reverted(
    intake: Send,
) -> None:
    first, second, third = [await registered(intake) for _ in range(3)]
    await sent(intake, merge(first, second))

    assert refusal(await intake(merge(second, first))) == ("INVALID_FIELD", "$.merged_ref")
    assert refusal(await intake(merge(second, third))) == ("STATE", "$.person_ref")
    assert refusal(await intake(merge(third, first))) == ("INVALID_FIELD", "$.merged_ref")
    assert refusal(await intake(merge(third, second))) == ("INVALID_FIELD", "$.merged_ref")

    await sent(intake, revert(first, second))
    await sent(intake, merge(third, second))
    await sent(intake, merge(third, first))


async def test_who_is_not_registered_is_not_merged(intake: Send) -> None:
    someone = await registered(intake)

    reply = await intake(merge(someone, str(uuid4())))

    assert refusal(reply) == ("INVALID_FIELD", "$.merged_ref")


async def test_two_records_of_one_person_have_one_seat(intake: Send) -> None:
    survivor, merged = await registered(intake), await registered(intake)
    of_both = await referred(intake, survivor), await referred(intake, merged)
    await sent(intake, merge(survivor, merged))
    assert refusal(await intake(referral(merged, str(uuid4())))) == (
        "INVALID_FIELD",
        "$.person_ref",
    )

    await sent(intake, enrolment_of(of_both[1]))
    assert refusal(await intake(enrolment_of(of_both[0]))) == ("ALREADY_ENROLLED", "")

    end = new(
        "RecordNeverStarted",
        enrolment=of_both[1],
        decided_on="2021-05-08",
        reason="no_show",
        late_reason="import",
    )
    await sent(intake, end)
    back = {**enrolment_of(of_both[0], "2021-06-01"), "previous_enrolment": of_both[1]}
    await sent(intake, back)


async def test_a_seat_taken_before_a_merge_is_the_survivors_too(intake: Send) -> None:
    survivor, merged = await registered(intake), await registered(intake)
    own, of_the_other = await referred(intake, survivor), await referred(intake, merged)
    await sent(intake, enrolment_of(of_the_other))
    await sent(intake, merge(survivor, merged))
    again = await referred(intake, survivor)

    for enrolment in (own, again):
        assert refusal(await intake(enrolment_of(enrolment))) == ("ALREADY_ENROLLED", "")

    await sent(intake, revert(survivor, merged))
    await sent(intake, enrolment_of(own))


async def test_a_person_goes_on_in_an_enrolment_of_their_own(intake: Send) -> None:
    someone, other = await registered(intake), await registered(intake)
    own, next_one = await referred(intake, someone), await referred(intake, someone)
    of_the_other = await referred(intake, other)
    start = new(
        "StartParticipation", enrolment=own, first_attended_on="2021-05-03", late_reason="import"
    )
    await sent(intake, enrolment_of(own))
    await sent(intake, start)

    def transfer(linked: str) -> dict[str, object]:
        return new(
            "TransferParticipant",
            enrolment=own,
            transferred_on="2021-06-01",
            to_programme=PROGRAMME,
            linked_enrolment=linked,
            clock_carried=True,
            late_reason="import",
        )

    for wrong in (of_the_other, own, str(uuid4())):
        reply = await intake(transfer(wrong))
        assert refusal(reply) == ("INVALID_FIELD", "$.linked_enrolment")
    await sent(intake, transfer(next_one))
    await sent(intake, enrolment_of(next_one, "2021-06-01"))


async def test_a_forgotten_person_is_neither_referred_nor_enrolled(intake: Send) -> None:
    someone = await registered(intake)
    enrolment = await referred(intake, someone)
    await sent(intake, new("RequestErasure", person_ref=someone, requested_on="2021-05-01"))
    await sent(
        intake,
        new(
            "ErasePerson",
            person_ref=someone,
            erased_on="2021-05-02",
            retention_code="P1825D",
            basis="retention_ended",
        ),
    )

    assert refusal(await intake(referral(someone, str(uuid4())))) == ("ERASED", "$.person_ref")
    assert refusal(await intake(enrolment_of(enrolment))) == ("ERASED", "")
    move = new("ChangeResidence", person_ref=someone, area=None, from_on="2021-05-03")
    assert refusal(await intake(move)) == ("ERASED", "")


async def test_the_end_of_a_programme_is_a_day_and_a_code_like_others(intake: Send) -> None:
    indicator = new(
        "RecordExternalIndicator",
        programme=PROGRAMME,
        indicator="happiness",
        value=3,
        on="2021-05-02",
    )
    late = {**indicator, "late_reason": "import"}

    assert refusal(await intake(indicator)) == ("INVALID_FIELD", "$.indicator")
    assert refusal(await intake({**indicator, "indicator": "safety"})) == ("LATE", "$.on")
    await sent(intake, {**late, "indicator": "safety"})
    future = new("CloseProgramme", programme=PROGRAMME, closed_on="2199-01-01", outcome="closed")
    assert refusal(await intake(future)) == ("FUTURE_DATE", "$.closed_on")
    unknown = {**late, "programme": "nowhere"}
    assert refusal(await intake(unknown)) == ("STATE", "")


def correction(subject: str, event_id: str, **data: object) -> dict[str, object]:
    return new("CorrectEvent", subject=subject, event_id=event_id, data=data, reason="wrong")


def event_of(reply: Reply) -> str:
    assert reply.events is not None
    return reply.events[-1].id


async def test_a_correction_names_only_what_is_known_too(intake: Send) -> None:
    someone, other = await registered(intake), await registered(intake)
    own, of_the_other = await referred(intake, someone), await referred(intake, other)
    enrolled = event_of(await sent(intake, enrolment_of(own)))
    attended = await sent(
        intake,
        new(
            "RecordAttendance",
            enrolment=own,
            week="2021-W18",
            planned_days=3,
            attended_days=2,
            late_reason="import",
        ),
    )
    merged = await sent(intake, merge(someone, other))

    def of_the_enrolment(event_id: str, **data: object) -> dict[str, object]:
        return correction(f"intake.enrolment.{own}", event_id, **data)

    for data, path in (
        ({"previous_enrolment": str(uuid4())}, "$.data.previous_enrolment"),
        ({"merged_into": other}, "$.data.merged_into"),
    ):
        reply = await intake(of_the_enrolment(enrolled, start_on="2021-05-02", **data))
        assert refusal(reply) == ("INVALID_FIELD", path)
    week = {"week": "2199-W01", "planned_days": 3, "attended_days": 2}
    reply = await intake(of_the_enrolment(event_of(attended), **week))
    assert refusal(reply) == ("FUTURE_DATE", "$.data.week")
    stranger = correction(
        f"intake.person.{someone}", event_of(merged), merged_ref=str(uuid4()), evidence="wrong"
    )
    assert refusal(await intake(stranger)) == ("INVALID_FIELD", "$.data.merged_ref")

    # once the two are one person, the other's enrolment may be the one before
    better = {"start_on": "2021-05-02", "previous_enrolment": of_the_other}
    await sent(intake, of_the_enrolment(enrolled, **better))
