"""Streams as they are recorded, and projected as reporting projects them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from services.reporting.caseload import Caseload
from services.reporting.facts import PLAN
from services.reporting.programme_facts import AtMoment, caseload_of
from shared.database import opened
from shared.envelope import Event
from shared.projection import Projection
from tests.measures.stories import DEFINITION, on, recorded


class Streams:
    """What is recorded, entity by entity, in the order of the calls."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection

    async def record(self, service: str, entity: str, entity_id: str, *events: Event) -> None:
        """The stream's next events, all of one entity."""
        first = self.projection.positions[service.upper()] + 1
        records = recorded(service, entity, entity_id, events, first=first)
        await self.projection.apply(service.upper(), records)

    async def caseload(
        self,
        programme: str,
        day: str = "12-01",
        attribution: Literal["active", "last", "both"] = "active",
        at: Mapping[str, int] | None = None,
    ) -> Caseload:
        """What a programme is answered from; `at`: positions of some streams, else the last."""
        definition = replace(DEFINITION, key=programme, attribution=attribution)
        positions = {**self.projection.positions, **(at or {})}
        async with self.projection.reading() as db:
            moment = AtMoment(db, self.projection.tables, positions)
            return await caseload_of(moment, programme, definition, on(day))


@asynccontextmanager
async def streams(tmp_path: Path) -> AsyncIterator[Streams]:
    """Empty ones, for as long as the block runs."""
    async with opened(f"sqlite+aiosqlite:///{tmp_path}/rows.db") as engine:
        projection = Projection(PLAN, engine)
        await projection.prepare()
        yield Streams(projection)
