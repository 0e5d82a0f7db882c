"""Erasures that a restored stream has lost: taken from the read models' log before these go."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
import structlog
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events import ErasureRefused, ErasureRequested, PersonErased
from shared.backoff import Backoff
from shared.bus import Bus, NoAnswer
from shared.correction.effective import standing
from shared.envelope import Recorded
from shared.errors import BusAway
from shared.generation import Generation
from shared.projection import BeforeForsaking
from shared.subjects import erasures_subject

TIMEOUT_SECONDS = 12.0
AT_ONCE = 100
POSITIONS_AT_ONCE = 5000
"""A statement that looked at all persons' events would take longer than one may, again and again."""
ERASURES = (ErasureRequested, ErasureRefused, PersonErased)

log = structlog.get_logger()


class Settled(Struct, frozen=True):
    """What intake says of the erasures that it was told of; not ok: tell it again."""

    ok: bool


def apply_again(bus: Bus) -> BeforeForsaking:
    """Have intake erase again whom the streams have forgotten to be erased; waits until it has.

    All that the log knows to hold is told: what stands in the stream still is not recorded twice.
    """

    async def before_forsaking(generation: Generation) -> None:
        async with generation.engine.connect() as db:
            erasures = await _erasures(db, generation)
        for start in range(0, len(erasures), AT_ONCE):
            await _tell(bus, erasures[start : start + AT_ONCE])
        log.info("erasures_applied_again", events=len(erasures))

    return before_forsaking


async def _erasures(db: AsyncConnection, generation: Generation) -> Sequence[Recorded]:
    """Requests, refusals and erasures that were not retracted, in order."""
    persons = await _persons(db, generation)
    histories = await generation.log.histories(db, persons, generation.vocabularies)
    found: list[Recorded] = []
    for history in histories.values():
        retracted = standing(history).retracted
        found += [
            record
            for record in history
            if isinstance(record.event, ERASURES) and record.envelope.id not in retracted
        ]
    return sorted(found, key=lambda record: record.position)


async def _persons(db: AsyncConnection, generation: Generation) -> Sequence[str]:
    """The subjects of those whose events speak of an erasure."""
    t = generation.log.table.c
    speaks = sa.or_(*(t.body.contains(event.__name__) for event in ERASURES))
    query = sa.select(t.subject).where(
        t.stream == INTAKE.stream, t.subject.like("intake.person.%"), speaks
    )
    subjects: set[str] = set()
    for after in range(0, generation.positions[INTAKE.stream], POSITIONS_AT_ONCE):
        there = t.position.between(after + 1, after + POSITIONS_AT_ONCE)
        subjects.update(await db.scalars(query.where(there)))
    return sorted(subjects)


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
