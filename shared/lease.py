"""The lease of a generation: one writer at a time, and a token that whoever writes must still have.

No clock is compared: a holder counts a beat, and whoever sees the same beat for too long on its own
watch takes over by raising the token, if beat and token are still what it saw.
"""

import math
import secrets
import time
from collections.abc import Callable

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import SluseError
from shared.generation_control import GENERATION, GenerationRow

BEAT_SECONDS = 1.0
LOOK_SECONDS = 1.0  # between two looks: more is no evidence of a holder's silence


class Fenced(SluseError):
    """Somebody else writes now: what this writer was about to commit is not committed."""

    code = "FENCED"


class Lease(Struct, frozen=True):
    """The right to write a generation, until somebody else has a higher token."""

    projection: str
    generation: int
    holder: str
    token: int


class _Seen(Struct):
    """What was seen last of a holder, and for how many seconds we have looked at it in vain."""

    token: int
    beat: int
    looked_at: float
    patience: float
    silent: float = 0.0
    term: float = 0.0


class Watch:
    """How long each generation's holder has given no sign of life, by this process's own watch."""

    def __init__(
        self,
        patience: float,
        *,
        stall: float = math.inf,
        first: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience` in seconds; `first`: that for a holder who was there before us.

        `stall`: for how long a holder may fold nothing while events wait. `clock` in seconds: it
        only goes forward.
        """
        self.holder = secrets.token_hex(8)
        self._clock = clock
        self._patience = patience
        self._stall = stall
        self._first = patience if first is None else first
        self._seen: dict[int, _Seen] = {}

    def may_take(self, row: GenerationRow, *, stands_still: bool = False) -> bool:
        """Whether nobody holds it, we did ourselves, or the holder has been silent for too long.

        Or if it stands still under this holder: we may be a newer version that can go on.
        """
        now = self._clock()
        seen = self._seen.get(row.generation)
        if seen is None:
            seen = _Seen(row.token, row.beat, looked_at=now, patience=self._first)
            self._seen[row.generation] = seen
        # only while we looked, too: if this process was paused, it knows nothing of the time
        since = min(now - seen.looked_at, LOOK_SECONDS)
        seen.looked_at = now
        seen.term += since
        seen.silent += since
        if (row.token, row.beat) != (seen.token, seen.beat):
            seen.silent, seen.patience = 0.0, self._patience
            if row.token != seen.token:
                seen.term = 0.0
            seen.token, seen.beat = row.token, row.beat
        return (
            row.holder in ("", self.holder)
            or seen.silent >= seen.patience
            or (stands_still and seen.term >= self._stall)
        )

    def lives(self, row: GenerationRow) -> bool:
        """Whether somebody holds it, as far as we have seen."""
        return not self.may_take(row)


async def take(db: AsyncConnection, row: GenerationRow, holder: str) -> Lease | None:
    """Become the holder; None if it is not any more as it was seen."""
    g = GENERATION.c
    taken = await db.execute(
        sa.update(GENERATION)
        .where(
            g.projection == row.projection,
            g.generation == row.generation,
            g.token == row.token,
            g.beat == row.beat,
            g.state != "dropped",
        )
        .values(holder=holder, token=g.token + 1, beat=g.beat + 1)
    )
    if taken.rowcount != 1:
        return None
    return Lease(row.projection, row.generation, holder, row.token + 1)


async def renew(db: AsyncConnection, lease: Lease) -> None:
    """Give a sign of life, and keep everybody else from taking over until the transaction ends.

    The first statement of every commit: Fenced if the lease is not ours any more.
    """
    if not await _update(db, lease, beat=GENERATION.c.beat + 1):
        raise Fenced(f"{lease.projection}: somebody else writes generation {lease.generation}")


async def release(db: AsyncConnection, lease: Lease) -> None:
    """Let the next one take over at once; nothing if it has done so already."""
    await _update(db, lease, holder="")


async def _update(db: AsyncConnection, lease: Lease, **values: object) -> bool:
    g = GENERATION.c
    updated = await db.execute(
        sa.update(GENERATION)
        .where(
            g.projection == lease.projection,
            g.generation == lease.generation,
            g.token == lease.token,
            g.holder == lease.holder,
        )
        .values(**values)
    )
    return updated.rowcount == 1
