"""Which definition of a programme is in force: for every view that folds intake's programmes."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from services.intake.events import ProgrammeOpened, ProgrammeRevised
from services.intake.events.definition import Definition
from shared.envelope import Recorded
from shared.facts import Fact


class DefinitionFact(Fact, frozen=True, kw_only=True):
    """From this day on, the programme is measured by this definition (JSON of a Definition)."""

    programme: str
    definition_version: int
    checksum: str
    effective_from: date
    definition: str

    def decoded(self) -> Definition:
        """The definition itself."""
        return _decoded(self.definition)


@lru_cache(maxsize=64)
def _decoded(text: str) -> Definition:
    """Asked for with every command; there are few of them."""
    return msgspec.json.decode(text, type=Definition)


def fold(programme: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """One fact for each definition that was ever given."""
    for recorded in history:
        match recorded.event:
            case ProgrammeOpened() | ProgrammeRevised() as event:
                yield DefinitionFact(
                    programme=programme,
                    definition_version=event.definition_version,
                    checksum=event.checksum,
                    effective_from=event.effective_from,
                    definition=msgspec.json.encode(event.definition).decode(),
                )


def effective_on(facts: Iterable[DefinitionFact], day: date) -> DefinitionFact | None:
    """The highest version effective on the day; None if none is yet.

    A version that reaches further back than the one before replaces it from there on.
    """
    begun = [fact for fact in facts if fact.effective_from <= day]
    return max(begun, key=lambda fact: fact.definition_version, default=None)


def in_force(facts: Iterable[DefinitionFact], day: date) -> Definition | None:
    """What commands are checked by: the definition effective on the day, or else the first one.

    First is the one that takes effect first, of several on one day the one that will hold then.
    """
    known = list(facts)
    first = min(
        known, key=lambda fact: (fact.effective_from, -fact.definition_version), default=None
    )
    chosen = effective_on(known, day) or first
    return None if chosen is None else chosen.decoded()
