"""What is true of a match: which enrolment an opening was proposed for."""

from collections.abc import Iterable, Sequence

from services.placement.events import MatchProposed
from shared.envelope import Recorded
from shared.facts import Fact


class MatchFact(Fact, frozen=True, kw_only=True):
    """An opening was proposed for somebody enrolled, whatever the parties answered."""

    INDEXED = ("enrolment",)

    match: str
    enrolment: str
    opening: str


def fold(match: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The proposal; nothing without it."""
    for recorded in history:
        match recorded.event:
            case MatchProposed(enrolment=enrolment, opening=opening):
                yield MatchFact(match=match, enrolment=enrolment, opening=opening)
