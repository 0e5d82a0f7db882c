"""What would betray a person is refused before anything of it is kept or logged."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aftercare.plan import OfferAftercare
from services.intake.enrolment import EnrolParticipant
from services.intake.person import RegisterPerson
from services.placement.company import RegisterCompany
from shared.command import Command
from shared.errors import PiiInEvent
from shared.handling import context_of
from shared.identifiers import refuse_identity

DAY = date(2026, 1, 5)


def company(name: str, p_number: str | None = None) -> RegisterCompany:
    return RegisterCompany(
        command_id="c", cvr="12345678", p_number=p_number, name=name, sector="retail"
    )


def offer(company_id: str) -> OfferAftercare:
    return OfferAftercare(
        command_id="c",
        placement="pl",
        enrolment="e",
        person_ref="p",
        programme="x",
        company=company_id,
        offered_on=DAY,
        anchor_on=DAY,
    )


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (RegisterPerson(command_id="010190-1234"), "$.command_id"),
        (RegisterPerson(command_id="c", person_ref="0101901234"), "$.person_ref"),
        (offer("010190-1234"), "$.company"),
        (company("Jens, 010190 1234"), "$.name"),
        (company("jens@example.dk"), "$.name"),
        (company("Ring +45 12 34 56 78"), "$.name"),
        (company("12345678"), "$.name"),
    ],
)
def test_what_betrays_a_person_is_refused_wherever_it_stands(command: Command, path: str) -> None:
    with pytest.raises(PiiInEvent) as refusal:
        refuse_identity(command)
    assert refusal.value.path == path


def test_numbers_of_companies_are_none_of_persons() -> None:
    refuse_identity(company("Bageren", p_number="0101901234"))
    refuse_identity(offer("p0101901234"))


@given(st.uuids(), st.uuids())
def test_a_uuid_is_never_taken_for_a_number_of_a_person(one: UUID, other: UUID) -> None:
    refuse_identity(
        EnrolParticipant(
            command_id=str(one), enrolment=str(one), start_on=DAY, previous_enrolment=str(other)
        )
    )


def test_a_uuid_of_digits_alone_is_an_id_too() -> None:
    digits = "12345678-1234-4234-8234-123456789012"
    refuse_identity(
        EnrolParticipant(
            command_id=digits, enrolment=digits, start_on=DAY, previous_enrolment=digits
        )
    )


@pytest.mark.parametrize("text", ["Jens Hansen 010190-1234", "010190-1234", "x" * 129, "", "a b"])
def test_a_correlation_id_that_is_none_is_dropped(text: str) -> None:
    assert context_of(text, "").correlation_id == ""


def test_a_trace_that_is_none_is_dropped() -> None:
    good = f"00-{'a' * 32}-{'b' * 16}-01"
    assert context_of("c-1", good).traceparent == good
    assert context_of("c-1", "x" * 2000).traceparent == ""
    assert context_of("c-1", good).correlation_id == "c-1"
