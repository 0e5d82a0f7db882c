"""Erasures that a restored stream has lost: taken from the read models' log before these go."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import ErasureRequested, PersonErased
from shared.backoff import Backoff
from shared.bus import Bus, NoAnswer
from shared.envelope import Recorded
from shared.errors import BusAway
from shared.generation import Generation
from shared.projection import BeforeForsaking
from shared.subjects import erasures_subject

TIMEOUT_SECONDS = 12.0
AT_ONCE = 100

log = structlog.get_logger()


class Settled(Struct, frozen=True):
    """What intake says of the erasures that it was told of; not ok: tell it again."""

    ok: bool


def apply_again(bus: Bus) -> BeforeForsaking:
    """Have intake erase again whom the streams have forgotten to be erased; waits until it has.

    All that the log knows is told: what stands in the stream still is not recorded twice.
    """

    async def before_forsaking(generation: Generation) -> None:
        async with generation.engine.connect() as db:
            erasures = await _erasures(db, generation)
        for start in range(0, len(erasures), AT_ONCE):
            await _tell(bus, erasures[start : start + AT_ONCE])
        log.info("erasures_applied_again", events=len(erasures))

    return before_forsaking


async def _erasures(db: AsyncConnection, generation: Generation) -> Sequence[Recorded]:
    events = generation.log.table
    subjects = sa.select(events.c.subject).where(
        events.c.stream == INTAKE.stream,
        events.c.subject.like("intake.person.%"),
        events.c.body.like(f"%{PersonErased.__name__}%"),
    )
    erased = [row.subject for row in await db.execute(subjects.distinct())]
    histories = await generation.log.histories(db, erased, generation.vocabularies)
    found = [
        record
        for history in histories.values()
        for record in history
        if isinstance(record.event, ErasureRequested | PersonErased)
    ]
    return sorted(found, key=lambda record: record.position)


async def _tell(bus: Bus, erasures: Sequence[Recorded]) -> None:
    body = msgspec.json.encode([record.envelope for record in erasures])
    backoff = Backoff()
    while True:
        try:
            answer = await bus.request(erasures_subject(INTAKE.service), body, TIMEOUT_SECONDS)
            if msgspec.json.decode(answer.data, type=Settled).ok:
                return
        except (NoAnswer, BusAway):
            log.warning("erasures_wait_for_intake", events=len(erasures))
        await backoff.wait()
