"""A person is registered once, by a reference."""

import msgspec
import pytest

from services.intake import person
from services.intake.events import PersonRegistered
from services.intake.person import RegisterPerson
from shared.identifiers import derived_id
from tests.rules.given import given

REGISTERED = PersonRegistered(person_ref="p-1", birth_year=1980, area="ikast")


def register(**changes: object) -> RegisterPerson:
    fields = {"command_id": "c", "person_ref": "p-1", "birth_year": 1980, "area": "ikast"}
    return RegisterPerson(**(fields | changes))


def test_a_person_is_registered() -> None:
    given(person).when(register()).then(REGISTERED)


def test_a_person_may_be_registered_by_nothing_but_a_reference() -> None:
    given(person).when(RegisterPerson(command_id="c", person_ref="p-1")).then(
        PersonRegistered(person_ref="p-1")
    )


def test_a_person_without_a_reference_gets_one_that_the_same_command_gets_again() -> None:
    command = RegisterPerson(command_id="c")
    assert derived_id("c") == person.entity_id(command)
    given(person).when(command).then(PersonRegistered(person_ref=derived_id("c")))


def test_registering_the_same_again_changes_nothing() -> None:
    given(person, REGISTERED).when(register(command_id="d")).then()


def test_other_data_under_the_same_reference_are_refused() -> None:
    given(person, REGISTERED).when(register(birth_year=1981)).refused("STATE")
    given(person, REGISTERED).when(register(area=None)).refused("STATE")


@pytest.mark.parametrize("year", [1899, 2101])
def test_a_birth_year_is_within_living_memory(year: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="birth_year"):
        msgspec.convert(
            {"type": "RegisterPerson", "command_id": "c", "birth_year": year}, RegisterPerson
        )


def test_a_person_needs_no_claim() -> None:
    assert list(person.claims("p-1", person.INITIAL, REGISTERED)) == []
