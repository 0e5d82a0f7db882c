"""A company is known by its number, once; it is bound by links, agreements and people."""

from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from services.placement import company
from services.placement.company_commands import (
    CompanyCommand,
    EndAgreement,
    HandOverRelation,
    LinkCompany,
    RecordCooperationLevel,
    RegisterCompany,
    ReportBarrier,
    ResolveBarrier,
    SignAgreement,
    SuggestCompany,
    UnlinkCompany,
)
from services.placement.events import (
    AgreementEnded,
    AgreementSigned,
    BarrierReported,
    BarrierResolved,
    CompanyEvent,
    CompanyLinked,
    CompanyRegistered,
    CompanySuggested,
    CompanyUnlinked,
    CooperationLevelRecorded,
    RelationHandedOver,
)
from services.placement.known import Known
from shared.identifiers import looks_like_cpr
from tests.definitions import DEFINITION
from tests.rules.given import Given, given

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


def day(number: int) -> date:
    return date(2022, 3, number)


THIS = {"command_id": "c", "company": "cvr12345678"}
KNOWN = Known(DEFINITION)
BOTH = ("municipality", "company")

LINKED = CompanyLinked(link="supplier_of", whom="housing", from_on=day(5))
UNLINKED = CompanyUnlinked(link="supplier_of", whom="housing", to_on=day(20))
HANDED_OVER = RelationHandedOver(handed_from="first_contact", handed_to="mentor", on=day(5))
BASELINE = CooperationLevelRecorded(on=day(5), level=1, is_baseline=True, programme="jobsporet")
SIGNED = AgreementSigned(kind="cooperation", parties=BOTH, from_on=day(5), programme="jobsporet")
AGREEMENT_ENDED = AgreementEnded(kind="cooperation", parties=BOTH, from_on=day(5), to_on=day(20))
BARRIER = BarrierReported(barrier="transport", reported_on=day(5))
NO_BARRIER = BarrierResolved(barrier="transport", resolved_on=day(20))
SUGGESTED = CompanySuggested(suggested_by="task_force", company="cvr12345678", on=day(5))


def link(on: date) -> LinkCompany:
    return LinkCompany(**THIS, link="supplier_of", whom="housing", from_on=on)


def unlink(on: date, whom: str = "housing") -> UnlinkCompany:
    return UnlinkCompany(**THIS, link="supplier_of", whom=whom, to_on=on)


def hand_over(giver: str, taker: str, on: date) -> HandOverRelation:
    return HandOverRelation(**THIS, handed_from=giver, handed_to=taker, on=on)


def level(on: date, level: int, programme: str | None = "jobsporet") -> RecordCooperationLevel:
    return RecordCooperationLevel(**THIS, on=on, level=level, is_baseline=True, programme=programme)


def sign(**changes: object) -> SignAgreement:
    fields = {"kind": "cooperation", "parties": BOTH, "from_on": day(5), "programme": "jobsporet"}
    return SignAgreement(**(THIS | fields | changes))


def end_agreement(to_on: date, **changes: object) -> EndAgreement:
    fields = {"kind": "cooperation", "parties": BOTH, "from_on": day(5), "to_on": to_on}
    return EndAgreement(**(THIS | fields | changes))


def report(on: date) -> ReportBarrier:
    return ReportBarrier(**THIS, barrier="transport", reported_on=on)


def resolve(on: date) -> ResolveBarrier:
    return ResolveBarrier(**THIS, barrier="transport", resolved_on=on)


def suggest() -> SuggestCompany:
    return SuggestCompany(**THIS, suggested_by="task_force", on=day(5))


def known_company(*history: CompanyEvent, known: Known = KNOWN) -> Given:
    return given(company, BAKERY, *history, known=known)


def test_the_number_of_employees_may_be_known() -> None:
    given(company).when(register(employees=12)).then(replace(BAKERY, employees=12))


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ((), link(day(5)), LINKED),
        ((LINKED,), unlink(day(20)), UNLINKED),
        ((), hand_over("first_contact", "mentor", day(5)), HANDED_OVER),
        ((), level(day(5), 1), BASELINE),
        ((), sign(), SIGNED),
        ((SIGNED,), end_agreement(day(20)), AGREEMENT_ENDED),
        ((), report(day(5)), BARRIER),
        ((BARRIER,), resolve(day(20)), NO_BARRIER),
        ((), suggest(), SUGGESTED),
    ],
)
def test_what_binds_a_company_and_what_stands_in_the_way_is_recorded(
    history: tuple[CompanyEvent, ...], command: CompanyCommand, event: CompanyEvent
) -> None:
    known_company(*history).when(command).then(event)


@pytest.mark.parametrize(
    "command",
    [
        link(day(5)),
        unlink(day(20)),
        hand_over("first_contact", "mentor", day(5)),
        level(day(5), 1),
        sign(),
        end_agreement(day(20)),
        report(day(5)),
        resolve(day(20)),
        suggest(),
    ],
)
def test_what_has_been_said_may_be_said_again(command: CompanyCommand) -> None:
    all_of_it = (LINKED, HANDED_OVER, BASELINE, SIGNED, BARRIER, SUGGESTED)
    ends = (UNLINKED, AGREEMENT_ENDED, NO_BARRIER)
    known_company(*all_of_it, *ends).when(command).then()


@pytest.mark.parametrize(
    "command",
    [
        link(day(5)),
        unlink(day(20)),
        hand_over("first_contact", "mentor", day(5)),
        level(day(5), 1),
        sign(),
        end_agreement(day(20)),
        report(day(5)),
        resolve(day(20)),
    ],
)
def test_nothing_is_recorded_of_a_company_that_is_not_registered(command: CompanyCommand) -> None:
    given(company, known=KNOWN).when(command).refused("STATE", "$.company")


def test_a_company_may_be_suggested_before_it_is_registered() -> None:
    given(company).when(suggest()).then(SUGGESTED)
    given(company, SUGGESTED).when(register()).then(BAKERY)


@pytest.mark.parametrize("name", ["the-bakery", "cvr123", "p12345678", "cvr12345678\n"])
def test_a_suggestion_names_the_company_by_its_number(name: str) -> None:
    body = msgspec.to_builtins(suggest()) | {"company": name}
    with pytest.raises(msgspec.ValidationError, match="company"):
        msgspec.convert(body, SuggestCompany)


def test_a_company_is_linked_once_at_a_time() -> None:
    known_company(LINKED).when(link(day(8))).refused("STATE")
    known_company(LINKED, UNLINKED).when(link(day(20))).refused("STATE", "$.from_on")
    known_company(LINKED, UNLINKED).when(link(day(21))).then(replace(LINKED, from_on=day(21)))


def test_an_earlier_link_may_be_registered_after_a_later_one() -> None:
    known_company(LINKED, UNLINKED).when(link(day(1))).then(replace(LINKED, from_on=day(1)))


def test_a_company_is_unlinked_from_what_it_is_linked_to_and_not_before() -> None:
    known_company().when(unlink(day(20))).refused("STATE")
    known_company(LINKED).when(unlink(day(20), whom="another")).refused("STATE")
    known_company(LINKED).when(unlink(day(4))).refused("STATE", "$.to_on")
    known_company(LINKED, UNLINKED).when(unlink(day(21))).refused("STATE")


def test_a_relation_is_handed_over_by_who_has_it() -> None:
    on = hand_over("mentor", "job_carver", day(10))
    known_company(HANDED_OVER).when(on).then(
        RelationHandedOver(handed_from="mentor", handed_to="job_carver", on=day(10))
    )
    other = hand_over("first_contact", "job_carver", day(10))
    known_company(HANDED_OVER).when(other).refused("STATE", "$.from")


def test_an_earlier_hand_over_may_be_registered_after_a_later_one() -> None:
    known_company(HANDED_OVER).when(hand_over("founder", "first_contact", day(1))).then(
        RelationHandedOver(handed_from="founder", handed_to="first_contact", on=day(1))
    )


def test_nobody_hands_a_relation_over_to_themselves() -> None:
    known_company().when(hand_over("mentor", "mentor", day(5))).refused("INVALID_FIELD", "$.to")


def test_the_roles_of_a_hand_over_are_called_from_and_to() -> None:
    body = {"type": "HandOverRelation", **THIS, "from": "a", "to": "b", "on": "2022-03-05"}
    assert msgspec.convert(body, HandOverRelation) == hand_over("a", "b", day(5))


def test_there_is_one_level_of_cooperation_a_day() -> None:
    known_company(BASELINE).when(level(day(5), 2)).refused("STATE", "$.level")
    known_company(BASELINE).when(level(day(6), 2)).then(replace(BASELINE, on=day(6), level=2))


def test_a_level_may_be_said_to_be_the_baseline_on_its_day() -> None:
    plain = replace(BASELINE, is_baseline=False)
    known_company(plain).when(level(day(5), 1)).then(BASELINE)


def test_each_programme_has_a_level_of_its_own() -> None:
    known_company(BASELINE).when(level(day(5), 2, programme=None)).then(
        replace(BASELINE, level=2, programme=None)
    )


@pytest.mark.parametrize("command", [level(day(5), 1), sign()])
def test_what_is_said_for_a_programme_is_said_for_an_open_one(command: CompanyCommand) -> None:
    known_company(known=Known()).when(command).refused("INVALID_FIELD", "$.programme")


def test_an_agreement_of_no_programme_is_signed_too() -> None:
    known_company(known=Known()).when(sign(programme=None)).then(replace(SIGNED, programme=None))


def test_an_agreement_is_told_by_kind_parties_and_first_day() -> None:
    known_company(SIGNED).when(sign(to_on=day(30))).refused("STATE")
    known_company(SIGNED).when(sign(parties=("company", "municipality"))).refused("STATE")
    known_company(SIGNED).when(sign(from_on=day(6))).then(replace(SIGNED, from_on=day(6)))
    known_company(SIGNED).when(sign(kind="hiring")).then(replace(SIGNED, kind="hiring"))


def test_an_agreement_has_parties_and_does_not_end_before_it_begins() -> None:
    known_company().when(sign(parties=())).refused("INVALID_FIELD", "$.parties")
    known_company().when(sign(to_on=day(4))).refused("STATE", "$.to_on")
    known_company().when(sign(to_on=day(5))).then(replace(SIGNED, to_on=day(5)))


def test_an_agreement_that_was_signed_ends_once() -> None:
    known_company().when(end_agreement(day(20))).refused("STATE")
    known_company(SIGNED).when(end_agreement(day(20), from_on=day(6))).refused("STATE")
    known_company(SIGNED).when(end_agreement(day(4))).refused("STATE", "$.to_on")
    known_company(SIGNED, AGREEMENT_ENDED).when(end_agreement(day(21))).refused("STATE")


def test_an_agreement_may_end_before_it_was_to() -> None:
    planned = replace(SIGNED, to_on=day(30))
    known_company(planned).when(end_agreement(day(20))).then(AGREEMENT_ENDED)


def test_a_barrier_is_open_once_and_resolved_once() -> None:
    known_company(BARRIER).when(report(day(8))).refused("STATE")
    known_company(BARRIER, NO_BARRIER).when(report(day(21))).then(
        replace(BARRIER, reported_on=day(21))
    )
    known_company().when(resolve(day(20))).refused("STATE")
    known_company(BARRIER).when(resolve(day(4))).refused("STATE", "$.resolved_on")
    known_company(BARRIER, NO_BARRIER).when(resolve(day(21))).refused("STATE")
