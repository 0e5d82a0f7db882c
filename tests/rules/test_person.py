"""A person is registered once by a reference, moves, is merged with another, and may be forgotten."""

from datetime import date

import msgspec
import pytest

from services.intake import person
from services.intake.events import (
    ErasureRefused,
    ErasureRequested,
    PersonErased,
    PersonEvent,
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ResidenceChanged,
)
from services.intake.person import (
    ChangeResidence,
    ErasePerson,
    MergePersons,
    Person,
    PersonCommand,
    RefuseErasure,
    RegisterPerson,
    RequestErasure,
    RevertPersonMerge,
)
from shared.claim import Release, Take
from shared.errors import SluseError
from shared.identifiers import derived_id
from tests.rules.given import Given, folded, given


def day(number: int) -> date:
    return date(2022, 3, number)


REGISTERED = PersonRegistered(person_ref="p-1", birth_year=1980, area="ikast")
MOVED = ResidenceChanged(area="brande", from_on=day(1))
MERGED = PersonsMerged(merged_ref="p-2", evidence="register_check")
REVERTED = PersonMergeReverted(merged_ref="p-2", evidence="wrong_person")
REQUESTED = ErasureRequested(requested_on=day(5))
REFUSED = ErasureRefused(refused_on=day(9), reason="duty_to_keep_records")
ERASED = PersonErased(erased_on=day(9), retention_code="P1825D", basis="retention_ended")

ANOTHER = Person(person_ref="p-2")


def register(**changes: object) -> RegisterPerson:
    fields = {"command_id": "c", "person_ref": "p-1", "birth_year": 1980, "area": "ikast"}
    return RegisterPerson(**(fields | changes))


def move(area: str | None = "brande", on: date = MOVED.from_on) -> ChangeResidence:
    return ChangeResidence(command_id="c", person_ref="p-1", area=area, from_on=on)


def merge(merged_ref: str = "p-2", evidence: str = "register_check") -> MergePersons:
    return MergePersons(command_id="c", person_ref="p-1", merged_ref=merged_ref, evidence=evidence)


def revert(merged_ref: str = "p-2") -> RevertPersonMerge:
    return RevertPersonMerge(
        command_id="c", person_ref="p-1", merged_ref=merged_ref, evidence="wrong_person"
    )


def request(on: date = REQUESTED.requested_on) -> RequestErasure:
    return RequestErasure(command_id="c", person_ref="p-1", requested_on=on)


def refuse(on: date = REFUSED.refused_on) -> RefuseErasure:
    return RefuseErasure(
        command_id="c", person_ref="p-1", refused_on=on, reason="duty_to_keep_records"
    )


def erase(on: date = ERASED.erased_on, retention_code: str = "P1825D") -> ErasePerson:
    return ErasePerson(
        command_id="c",
        person_ref="p-1",
        erased_on=on,
        retention_code=retention_code,
        basis="retention_ended",
    )


def after(*history: PersonEvent, merged: Person = ANOTHER) -> Given:
    return given(person, *history, known=merged)


def test_a_person_is_registered() -> None:
    after().when(register()).then(REGISTERED)


def test_a_person_may_be_registered_by_nothing_but_a_reference() -> None:
    after().when(RegisterPerson(command_id="c", person_ref="p-1")).then(
        PersonRegistered(person_ref="p-1")
    )


def test_a_person_without_a_reference_gets_one_that_the_same_command_gets_again() -> None:
    command = RegisterPerson(command_id="c")
    assert derived_id("c") == person.entity_id(command)
    after().when(command).then(PersonRegistered(person_ref=derived_id("c")))


def test_registering_the_same_again_changes_nothing() -> None:
    after(REGISTERED).when(register(command_id="d")).then()
    after(REGISTERED, MOVED).when(register(command_id="d")).then()


def test_other_data_under_the_same_reference_are_refused() -> None:
    after(REGISTERED).when(register(birth_year=1981)).refused("STATE")
    after(REGISTERED).when(register(area=None)).refused("STATE")


@pytest.mark.parametrize("year", [1899, 2101])
def test_a_birth_year_is_within_living_memory(year: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="birth_year"):
        msgspec.convert(
            {"type": "RegisterPerson", "command_id": "c", "birth_year": year}, RegisterPerson
        )


@pytest.mark.parametrize("command", [move(), merge(), revert(), request(), refuse(), erase()])
def test_of_somebody_who_is_not_registered_nothing_is_recorded(command: PersonCommand) -> None:
    after().when(command).refused("STATE")


def test_a_person_moves_also_to_nobody_knows_where() -> None:
    after(REGISTERED).when(move()).then(MOVED)
    after(REGISTERED, MOVED).when(move(None, day(8))).then(
        ResidenceChanged(area=None, from_on=day(8))
    )


def test_a_move_may_be_registered_after_a_later_one() -> None:
    earlier = ResidenceChanged(area="ikast", from_on=date(2022, 2, 1))
    after(REGISTERED, MOVED).when(move("ikast", date(2022, 2, 1))).then(earlier)
    after(REGISTERED, MOVED, earlier).when(move()).then()


def test_nobody_moves_to_two_areas_on_one_day() -> None:
    after(REGISTERED, MOVED).when(move("ikast")).refused("STATE", "$.area")


def test_two_records_of_one_person_are_merged() -> None:
    after(REGISTERED).when(merge()).then(MERGED)


def test_a_merge_may_be_reverted_and_made_again() -> None:
    after(REGISTERED, MERGED).when(revert()).then(REVERTED)
    after(REGISTERED, MERGED, REVERTED).when(merge()).then(MERGED)
    after(REGISTERED, MERGED, REVERTED, MERGED).when(revert()).then(REVERTED)


def test_what_is_merged_already_is_not_merged_by_other_evidence() -> None:
    after(REGISTERED, MERGED).when(merge(evidence="caseworker")).refused("STATE", "$.merged_ref")


def test_only_a_merge_is_reverted() -> None:
    after(REGISTERED).when(revert()).refused("STATE", "$.merged_ref")
    after(REGISTERED, MERGED).when(revert("p-3")).refused("STATE", "$.merged_ref")


def test_a_person_is_not_merged_with_itself() -> None:
    after(REGISTERED).when(merge("p-1")).refused("INVALID_FIELD", "$.merged_ref")


def test_only_a_registered_record_is_merged() -> None:
    unknown = after(REGISTERED, merged=person.INITIAL).when(merge())
    unknown.refused("INVALID_FIELD", "$.merged_ref")


def test_a_forgotten_record_is_not_merged() -> None:
    gone = Person(person_ref="p-2", erasure="erased", erasure_on=day(1))
    after(REGISTERED, merged=gone).when(merge()).refused("ERASED", "$.merged_ref")


def claimed(event: PersonEvent, *history: PersonEvent) -> list[tuple[str, str, str, str]]:
    claims = person.claims("p-1", folded(person, history), event)
    return [(type(it).__name__, it.name, it.key, it.holder) for it in claims]


def test_who_survives_a_merge_holds_the_alias_and_its_own_name() -> None:
    """So a record that has aliases becomes no alias, and no alias has aliases."""
    assert claimed(MERGED, REGISTERED) == [
        ("Take", "alias", "p-2", "p-1"),
        ("Take", "alias", "p-1", "p-1"),
    ]


def test_who_holds_a_name_of_a_merge_already_is_said_by_the_field() -> None:
    of_the_other, of_itself = person.claims("p-1", folded(person, [REGISTERED]), MERGED)
    assert isinstance(of_the_other, Take)
    assert isinstance(of_itself, Take)
    assert _code_and_path(of_the_other.otherwise) == ("INVALID_FIELD", "$.merged_ref")
    assert _code_and_path(of_itself.otherwise) == ("STATE", "$.person_ref")


def _code_and_path(refusal: SluseError) -> tuple[str, str]:
    return refusal.code, refusal.path


def test_a_reverted_merge_gives_the_names_back() -> None:
    both = [Release("alias", "p-2", "p-1"), Release("alias", "p-1", "p-1")]
    merged = folded(person, [REGISTERED, MERGED])
    assert list(person.claims("p-1", merged, REVERTED)) == both


def test_a_person_keeps_its_own_name_as_long_as_it_has_an_alias() -> None:
    third = PersonsMerged(merged_ref="p-3", evidence="register_check")
    assert claimed(REVERTED, REGISTERED, MERGED, third) == [("Release", "alias", "p-2", "p-1")]


@pytest.mark.parametrize("event", [REGISTERED, MOVED, REQUESTED, REFUSED, ERASED])
def test_nothing_else_needs_a_claim(event: PersonEvent) -> None:
    assert claimed(event, REGISTERED, MERGED) == []


def test_a_person_asks_to_be_forgotten_and_is_answered() -> None:
    after(REGISTERED).when(request()).then(REQUESTED)
    after(REGISTERED, REQUESTED).when(refuse()).then(REFUSED)
    after(REGISTERED, REQUESTED).when(erase()).then(ERASED)


def test_an_answer_follows_a_request() -> None:
    after(REGISTERED).when(refuse()).refused("STATE")
    after(REGISTERED).when(erase()).refused("STATE")
    after(REGISTERED, REQUESTED).when(refuse(day(4))).refused("STATE")
    after(REGISTERED, REQUESTED).when(erase(day(4))).refused("STATE")
    after(REGISTERED, REQUESTED, REFUSED).when(erase()).refused("STATE")


def test_a_request_waits_for_its_answer() -> None:
    after(REGISTERED, REQUESTED).when(request(day(6))).refused("STATE")


def test_who_was_refused_may_ask_again_and_is_answered_again() -> None:
    again = ErasureRequested(requested_on=day(9))
    after(REGISTERED, REQUESTED, REFUSED).when(request(day(8))).refused("STATE")
    after(REGISTERED, REQUESTED, REFUSED).when(request(day(9))).then(again)
    after(REGISTERED, REQUESTED, REFUSED, again).when(refuse()).then(REFUSED)
    after(REGISTERED, REQUESTED, REFUSED, again).when(erase()).then(ERASED)


def test_who_asks_again_on_the_day_of_the_refusal_waits_for_an_answer_again() -> None:
    asked, answered = ErasureRequested(requested_on=day(9)), REFUSED
    after(REGISTERED, asked, answered).when(request(day(9))).then(asked)
    after(REGISTERED, asked, answered, asked).when(refuse()).then(answered)
    after(REGISTERED, asked, answered, asked).when(erase()).then(ERASED)


def test_a_request_that_was_answered_on_a_later_day_is_no_new_one() -> None:
    after(REGISTERED, REQUESTED, REFUSED).when(request()).then()


@pytest.mark.parametrize(
    "command",
    [register(), move(), move("ikast", day(20)), merge(), revert(), request(), refuse()],
)
def test_of_an_erased_person_nothing_more_is_recorded(command: PersonCommand) -> None:
    after(REGISTERED, MOVED, REQUESTED, ERASED).when(command).refused("ERASED")


def test_an_erasure_may_be_said_again_but_not_otherwise() -> None:
    history = (REGISTERED, REQUESTED, ERASED)
    after(*history).when(erase()).then()
    after(*history).when(erase(retention_code="P5Y")).refused("ERASED")


def test_of_an_erased_person_only_the_erasure_itself_may_be_put_right() -> None:
    erased = folded(person, [REGISTERED, MOVED, REQUESTED, ERASED])
    person.refuse_erased(ERASED, erased)
    for event in (REGISTERED, MOVED, REQUESTED):
        with pytest.raises(person.Erased):
            person.refuse_erased(event, erased)
