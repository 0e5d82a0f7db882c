"""What would betray a person is refused before anything of it is kept or logged."""

import re
from datetime import date
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aftercare.plan import OfferAftercare
from services.intake.enrolment import EnrolParticipant
from services.intake.person import RegisterPerson
from services.placement.company_commands import HandOverRelation, RegisterCompany
from shared.command import Command
from shared.errors import PiiInEvent
from shared.handling import context_of
from shared.identifiers import looks_like_cpr, refuse_identity
from tests.any_command import KINDS, Leaf, any_command, leaves

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


def texts(kind: type[Command]) -> list[Leaf]:
    """All that the command says in letters and digits of the caller's own."""
    found = leaves(kind, any_command(kind, DAY))
    return [it for it in found if isinstance(it.type, msgspec.inspect.StrType)]


def patterns(leaf: Leaf) -> str:
    """The pattern that the text must have; empty if it may be anything."""
    assert isinstance(leaf.type, msgspec.inspect.StrType)
    return leaf.type.pattern or ""


def refusal_of(kind: type[Command], leaf: Leaf, text: str) -> str:
    """The path of the refusal."""
    body = leaf.put(any_command(kind, DAY), text)
    with pytest.raises(PiiInEvent) as refusal:
        refuse_identity(msgspec.convert(body, kind))
    return refusal.value.path


@pytest.mark.parametrize("kind", [kind for _, kind in KINDS])
def test_no_command_of_any_kind_takes_an_identity_in_any_of_its_texts(kind: type[Command]) -> None:
    for leaf in texts(kind):
        if not patterns(leaf):
            for identity in ("010190-1234", "Ring 12 34 56 78", "+4512345678", "a@example.dk"):
                assert refusal_of(kind, leaf, identity) == leaf.path
        elif leaf.keys[0] != "p_number" and re.search(patterns(leaf), "0101901234"):
            assert refusal_of(kind, leaf, "0101901234") == leaf.path


def test_free_text_is_all_that_has_no_pattern() -> None:
    free = {
        (kind.__name__, str(leaf.keys[0]))
        for _, kind in KINDS
        for leaf in texts(kind)
        if not patterns(leaf)
    }
    assert free == {
        ("RegisterCompany", "name"),
        ("OpenProgramme", "definition"),
        ("ReviseProgramme", "definition"),
        ("IssueReport", "moment"),
    }


def test_a_role_of_eight_digits_is_a_code_and_no_phone_number() -> None:
    refuse_identity(
        HandOverRelation(
            command_id="c",
            company="cvr12345678",
            handed_from="12345678",
            handed_to="87654321",
            on=DAY,
        )
    )


# modulus 11: the digits times 4 3 2 7 6 5 4 3 2 1; of the first the sum is 88, of the second 84
@pytest.mark.parametrize("number", ["010190-1238", "010190-1234"])
def test_a_cpr_number_is_known_by_its_date_whatever_its_check_digit(number: str) -> None:
    assert looks_like_cpr(number)
    assert looks_like_cpr(number.replace("-", ""))
    assert looks_like_cpr(number.replace("-", " "))
    assert looks_like_cpr(number.replace("-", " - "))
    assert looks_like_cpr(number.replace("-", "–"))


@pytest.mark.parametrize("number", ["320190-1234", "011390-1234", "300290-1234", "0001901234"])
def test_ten_digits_of_no_date_are_no_cpr_number(number: str) -> None:
    assert not looks_like_cpr(number)
    refuse_identity(RegisterPerson(command_id=number, person_ref=number))


@pytest.mark.parametrize("text", ["Jens Hansen 010190-1234", "010190-1234", "x" * 129, "", "a b"])
def test_a_correlation_id_that_is_none_is_dropped(text: str) -> None:
    assert context_of(text, "").correlation_id == ""


def test_a_trace_that_is_none_is_dropped() -> None:
    good = f"00-{'a' * 32}-{'b' * 16}-01"
    assert context_of("c-1", good).traceparent == good
    assert context_of("c-1", "x" * 2000).traceparent == ""
    assert context_of("c-1", good).correlation_id == "c-1"
