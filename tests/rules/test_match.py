"""A match is proposed for reasons that are computed, and answered by three parties."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.placement import match
from services.placement.events import MatchAnswered, MatchProposed, MatchReason
from services.placement.events.fit import Opening
from services.placement.known import EnrolledPerson, Known
from services.placement.match import AnswerMatch, ProposeMatch
from shared.identifiers import derived_id
from tests.definitions import DEFINITION
from tests.rules.given import folded, given


def day(number: int) -> date:
    return date(2022, 3, number)


PERSON = EnrolledPerson("e-1", "p-1", "jobsporet", "ikast", day(1))
OPENING = Opening(
    opening="o-1",
    company="cvr12345678",
    kind="small_job",
    weekly_minutes_min=300,
    weekly_minutes_max=600,
    sector="retail",
    requirements=("cv",),
    seats_left=1,
)
KNOWN = Known(DEFINITION, PERSON, opening=OPENING, activities=frozenset({"cv"}))
PROPOSED = MatchProposed(
    enrolment="e-1",
    opening="o-1",
    reasons=(MatchReason("kind", 3, "wished"), MatchReason("requirements", 1, "cv")),
    score=4,
    proposed_on=day(10),
)


def propose(**changes: object) -> ProposeMatch:
    fields: dict[str, object] = {
        "command_id": "c",
        "match": "m-1",
        "enrolment": "e-1",
        "opening": "o-1",
        "proposed_on": day(10),
        "kinds": ("small_job",),
    }
    return ProposeMatch(**(fields | changes))


def answer(party: str, says: str, on: date, reason: str | None = None) -> AnswerMatch:
    return AnswerMatch(
        command_id="c", match="m-1", party=party, answer=says, answered_on=on, reason=reason
    )


def answered(party: str, says: str, on: date, reason: str | None = None) -> MatchAnswered:
    return MatchAnswered(party=party, answer=says, answered_on=on, reason=reason)


def test_a_proposal_stores_why_it_was_made() -> None:
    given(match, known=KNOWN).when(propose()).then(PROPOSED)


def test_without_wishes_only_the_facts_speak() -> None:
    given(match, known=KNOWN).when(propose(kinds=())).then(
        replace(PROPOSED, reasons=(MatchReason("requirements", 1, "cv"),), score=1)
    )


def test_proposing_the_same_again_changes_nothing_though_the_seat_is_taken_by_now() -> None:
    taken = replace(KNOWN, opening=replace(OPENING, seats_left=0))
    given(match, PROPOSED, known=taken).when(propose(command_id="d")).then()


def test_another_match_under_the_same_id_is_refused() -> None:
    given(match, PROPOSED, known=KNOWN).when(propose(proposed_on=day(11))).refused("STATE")


def test_who_is_not_enrolled_is_not_matched() -> None:
    nobody = replace(KNOWN, enrolled=None)
    given(match, known=nobody).when(propose()).refused("STATE", "$.enrolment")


def test_an_opening_that_nobody_reported_is_not_proposed() -> None:
    nothing = replace(KNOWN, opening=None)
    given(match, known=nothing).when(propose()).refused("INVALID_FIELD", "$.opening")


@pytest.mark.parametrize(
    "opening",
    [
        replace(OPENING, seats_left=0),
        replace(OPENING, withdrawn_on=day(9)),
        replace(OPENING, programme="another"),
        replace(OPENING, kind="full_time"),
    ],
)
def test_an_opening_that_is_not_to_be_had_is_not_proposed(opening: Opening) -> None:
    known = replace(KNOWN, opening=opening)
    given(match, known=known).when(propose()).refused("STATE", "$.opening")


@pytest.mark.parametrize("party", ["citizen", "company", "authority"])
@pytest.mark.parametrize("says", ["accepted", "declined"])
def test_each_party_answers(party: str, says: str) -> None:
    given(match, PROPOSED).when(answer(party, says, day(12), "transport")).then(
        answered(party, says, day(12), "transport")
    )


def test_what_was_not_proposed_is_not_answered() -> None:
    given(match).when(answer("citizen", "accepted", day(12))).refused("STATE", "$.match")


def test_nobody_answers_before_the_proposal() -> None:
    given(match, PROPOSED).when(answer("citizen", "accepted", day(9))).refused(
        "STATE", "$.answered_on"
    )


def test_an_answer_said_again_of_the_same_day_changes_nothing() -> None:
    yes = answered("citizen", "accepted", day(12))
    given(match, PROPOSED, yes).when(answer("citizen", "accepted", day(12))).then()
    given(match, PROPOSED, yes).when(answer("company", "accepted", day(14))).then(
        answered("company", "accepted", day(14))
    )


def test_an_answer_of_another_day_stands_when_one_of_between_is_told_later() -> None:
    yes, again = answered("citizen", "accepted", day(12)), answered("citizen", "accepted", day(16))
    no = answered("citizen", "declined", day(14))
    given(match, PROPOSED, yes).when(answer("citizen", "accepted", day(16))).then(again)
    assert not folded(match, [PROPOSED, yes, again, no]).is_declined()


def test_a_party_may_think_otherwise() -> None:
    yes, no = answered("citizen", "accepted", day(12)), answered("citizen", "declined", day(14))
    given(match, PROPOSED, yes).when(answer("citizen", "declined", day(14))).then(no)
    given(match, PROPOSED, yes, no).when(answer("citizen", "accepted", day(15))).then(
        answered("citizen", "accepted", day(15))
    )


def test_the_last_answer_of_a_party_holds_in_whatever_order_they_were_recorded() -> None:
    yes, no = answered("company", "accepted", day(12)), answered("company", "declined", day(14))
    assert not folded(match, [PROPOSED]).is_declined()
    assert not folded(match, [PROPOSED, yes]).is_declined()
    assert folded(match, [PROPOSED, yes, no]).is_declined()
    assert folded(match, [PROPOSED, no, yes]).is_declined()
    again = answered("company", "accepted", day(14))
    assert not folded(match, [PROPOSED, no, again]).is_declined()


def test_one_no_declines_the_match() -> None:
    yes, no = answered("citizen", "accepted", day(12)), answered("authority", "declined", day(12))
    assert folded(match, [PROPOSED, no, yes]).is_declined()


def test_a_match_without_an_id_gets_one_that_the_same_command_gets_again() -> None:
    assert match.entity_id(propose(match=None)) == derived_id("c")
    assert match.entity_id(answer("citizen", "accepted", day(12))) == "m-1"


def test_a_match_needs_no_claim() -> None:
    assert list(match.claims("m-1", match.INITIAL, PROPOSED)) == []
