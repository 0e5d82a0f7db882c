"""Finding the poison event in a batch that failed, and parking its entity: nothing else waits."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from shared.database import is_away
from shared.envelope import Recorded
from shared.parking import ATTEMPTS, cause_of, is_poison

log = structlog.get_logger()


class Target(Protocol):
    """What applies a stream's events, each call in one transaction."""

    @property
    def positions(self) -> dict[str, int]:
        """Up to where each stream is applied."""

    async def apply(self, stream: str, records: Sequence[Recorded], /) -> None:
        """Fold the next events, all or none."""

    async def tried(self, record: Recorded, /) -> int:
        """Count that an event failed; how often it has."""

    async def park(self, record: Recorded, error: str, attempts: int, /) -> None:
        """Let the event's entity wait, and go on after it."""


async def apply_in_spite(target: Target, stream: str, records: Sequence[Recorded]) -> None:
    """Apply events; if that fails they are applied one by one, and what fails is parked.

    Raises what is no event's fault: a database that is away, another writer, an event of a newer
    one. Called again with the same events it goes on where it stopped.
    """
    left = [record for record in records if record.position > target.positions[stream]]
    if not left:
        return
    try:
        await target.apply(stream, left)
    except Exception as error:
        if is_away(error) or not is_poison(error):
            raise
        for record in left:
            await _alone(target, stream, record)


async def _alone(target: Target, stream: str, record: Recorded) -> None:
    while True:
        try:
            await target.apply(stream, [record])
            return
        except Exception as error:
            if is_away(error) or not is_poison(error):
                raise
            cause = cause_of(error)
        attempts = await target.tried(record)
        if attempts >= ATTEMPTS:
            await target.park(record, cause, attempts)
            log.error(
                "entity_parked",
                stream=stream,
                position=record.position,
                event_type=record.envelope.type,
                error=cause,
                attempts=attempts,
            )
            return
