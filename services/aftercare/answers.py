"""What each party said to aftercare (svar på tilbuddet), and which of its answers holds on a day."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias, assert_never, get_args

from services.aftercare.events import (
    AftercareAccepted,
    AftercareDeclined,
    AftercareWithdrawn,
    Party,
)
from shared.errors import NotPossible

Answer: TypeAlias = AftercareAccepted | AftercareDeclined | AftercareWithdrawn

PARTIES: tuple[Party, ...] = get_args(Party)


def answered_on(answer: Answer) -> date:
    """The day of an answer."""
    match answer:
        case AftercareAccepted(accepted_on=day):
            return day
        case AftercareDeclined(declined_on=day):
            return day
        case AftercareWithdrawn(withdrawn_on=day):
            return day
        case _:
            assert_never(answer)


def holding(answers: Sequence[Answer], party: Party, day: date = date.max) -> Answer | None:
    """The party's answer that holds on the day: the latest, of equals the one recorded last."""
    known = [it for it in answers if it.party == party and answered_on(it) <= day]
    return max(reversed(known), key=answered_on, default=None)


def refusal(answers: Sequence[Answer], party: Party, day: date = date.max) -> date | None:
    """Since when the party, by its answer that holds on the day, wants no aftercare."""
    answer = holding(answers, party, day)
    if answer is None or isinstance(answer, AftercareAccepted):
        return None
    return answered_on(answer)


def accepting(answers: Sequence[Answer], day: date) -> frozenset[Party]:
    """The parties whose answer that holds on the day is yes."""
    return frozenset(
        party for party in PARTIES if isinstance(holding(answers, party, day), AftercareAccepted)
    )


def permit_answer(answers: Sequence[Answer], answer: Answer) -> None:
    """The same is not answered again on another day; only who said yes can withdraw."""
    before = holding(answers, answer.party, answered_on(answer))
    if before is not None and type(before) is type(answer):
        raise NotPossible(f"the {answer.party} answered so already, on {answered_on(before)}")
    if isinstance(answer, AftercareWithdrawn) and not isinstance(before, AftercareAccepted):
        raise NotPossible(
            f"the {answer.party} has not accepted by {answer.withdrawn_on}", "$.withdrawn_on"
        )
