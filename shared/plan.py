"""A plan: which streams a projection follows, and the folds that make its facts."""

from collections.abc import Mapping

from msgspec import Struct

from shared.envelope import Recorded, Vocabulary
from shared.facts import Fact, Fold


class Plan(Struct, frozen=True):
    """What a projection is: a name, a version to raise with every change of a fold, the folds.

    `folds`: (service, entity) to the fold of its entities; the events of entities without a fold
    move the position and, if `keeps_all`, are kept in the log.
    """

    name: str
    version: int
    vocabularies: tuple[Vocabulary, ...]
    facts: tuple[type[Fact], ...]
    folds: Mapping[tuple[str, str], Fold]
    keeps_all: bool = False

    def fold_of(self, record: Recorded) -> Fold | None:
        """The fold of the event's entity; None if nothing is made of it."""
        service, entity, _ = record.envelope.subject.split(".", 2)
        return self.folds.get((service, entity))

    def keeps(self, record: Recorded) -> bool:
        """Whether the event is kept in the log."""
        return self.keeps_all or self.fold_of(record) is not None
