"""A company is known by its number, once."""

import msgspec
import pytest

from services.placement import company
from services.placement.company import RegisterCompany
from services.placement.events import CompanyRegistered
from shared.identifiers import looks_like_cpr
from tests.rules.given import given

BAKERY = CompanyRegistered(cvr="12345678", name="Bageriet", sector="retail", area="ikast")


def register(**changes: object) -> RegisterCompany:
    fields = {
        "command_id": "c",
        "cvr": "12345678",
        "name": "Bageriet",
        "sector": "retail",
        "area": "ikast",
    }
    return RegisterCompany(**(fields | changes))


def test_a_company_is_registered() -> None:
    given(company).when(register()).then(BAKERY)


def test_registering_the_same_again_changes_nothing() -> None:
    given(company, BAKERY).when(register(command_id="d")).then()


def test_other_data_under_the_same_number_are_refused() -> None:
    given(company, BAKERY).when(register(name="Slagteren")).refused("STATE")


def test_a_company_is_known_by_its_cvr_number() -> None:
    assert company.entity_id(register()) == "cvr12345678"


def test_a_production_unit_is_a_company_of_its_own() -> None:
    assert company.entity_id(register(p_number="1012345678")) == "p1012345678"


def test_no_production_unit_looks_like_a_person() -> None:
    assert looks_like_cpr("0101901234")
    assert not looks_like_cpr(company.entity_id(register(p_number="0101901234")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cvr", "1234567"),
        ("cvr", "123456789"),
        ("cvr", "12345678\n"),
        ("cvr", "1234567x"),
        ("p_number", "12345678"),
        ("p_number", "1234567890\n"),
        ("name", ""),
        ("name", "x" * 201),
        ("sector", "Retail trade"),
    ],
)
def test_numbers_names_and_codes_have_their_shape(field: str, value: str) -> None:
    body = msgspec.to_builtins(register()) | {field: value}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(body, RegisterCompany)


def test_a_company_needs_no_claim() -> None:
    assert list(company.claims("cvr12345678", company.INITIAL, BAKERY)) == []
