"""Folding: what the next events of entities change in the facts; writes nothing itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.correction.effective import effective
from shared.envelope import Recorded
from shared.errors import UnknownEventType
from shared.event_log import EventLog
from shared.fact_table import Changes, FactTable
from shared.facts import Fact, Fold
from shared.parking import Poison
from shared.plan import Plan
from shared.recent import Recent
from shared.subjects import stream_of

REMEMBERED = 50_000  # events, decoded, of the entities folded last


class Entity(Struct, frozen=True):
    """An entity's events so far and the facts that they make."""

    records: tuple[Recorded, ...]
    facts: frozenset[Fact]


class Folding:
    """The entities folded last, and how the next events of any entity are folded."""

    def __init__(
        self, plan: Plan, log: EventLog, tables: Mapping[type[Fact], FactTable[Any]]
    ) -> None:
        self._plan = plan
        self._log = log
        self._tables = tables
        self._vocabularies = {v.stream: v for v in plan.vocabularies}
        self._cache: Recent[Entity] = Recent(REMEMBERED)

    async def fold(
        self, db: AsyncConnection, records: Iterable[Recorded], changes: Changes
    ) -> dict[str, Entity]:
        """Gather what one stream's next events change; the entities as they are then."""
        by_entity: dict[str, list[Recorded]] = {}
        for record in records:
            if self._plan.fold_of(record) is not None:
                by_entity.setdefault(record.envelope.subject, []).append(record)
        folded = await self._known(db, by_entity)
        for subject, new in by_entity.items():
            entity = folded[subject]
            for record in new:
                entity = self.step(entity, record, changes)
            folded[subject] = entity
        return folded

    def remember(self, folded: Mapping[str, Entity]) -> None:
        """They are committed: the next events go on from here."""
        for subject, entity in folded.items():
            self._cache.keep(subject, entity, len(entity.records))

    def forget(self) -> None:
        """Somebody else may have gone on meanwhile: only the log knows."""
        self._cache = Recent(REMEMBERED)

    def forget_entity(self, subject: str) -> None:
        """Its events are other ones from here on: some are left out."""
        self._cache.forget(subject)

    def step(self, entity: Entity, record: Recorded, changes: Changes) -> Entity:
        """The entity after one more event, and what that changes; raises Poison if it can't be folded."""
        subject = record.envelope.subject
        fold = self._plan.fold_of(record)
        if fold is None:
            return Entity((*entity.records, record), entity.facts)
        later = self._folded(subject, fold, (*entity.records, record))
        for fact in entity.facts - later.facts:
            changes.close(self._tables[type(fact)], subject, record.position, fact)
        for fact in later.facts - entity.facts:
            changes.open(self._tables[type(fact)], subject, record.position, fact)
        return later

    async def _known(
        self, db: AsyncConnection, by_entity: Mapping[str, list[Recorded]]
    ) -> dict[str, Entity]:
        """The entities as they stood before these events: from the cache, else from the log."""
        known = {s: it for s in by_entity if (it := self._cache.get(s)) is not None}
        missing = [s for s in by_entity if s not in known]
        stored = await self._log.histories(db, missing, self._vocabularies)
        for subject in missing:
            fold = self._plan.fold_of(by_entity[subject][0])
            if fold is not None:
                known[subject] = self._folded(subject, fold, stored.get(subject, ()))
        return known

    def _folded(self, subject: str, fold: Fold, records: tuple[Recorded, ...]) -> Entity:
        service, _, entity_id = subject.split(".", 2)
        try:
            holding = effective(records, self._vocabularies[stream_of(service)])
            return Entity(records, frozenset(fold(entity_id, holding)))
        except UnknownEventType:  # a newer writer, not a poison event
            raise
        except Exception as error:  # whatever a fold fails with speaks against its events
            raise Poison(type(error).__name__) from error
