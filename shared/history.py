"""Whether what a generation has folded still stands in its streams, or they were restored since."""

import asyncio
from contextlib import aclosing

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import generation_control as control
from shared.backoff import Backoff
from shared.bus import Bus
from shared.epoch import FIRST, Epoch, epoch_of
from shared.errors import OtherHistory, StreamShorter
from shared.event_log import EventLog, microseconds
from shared.stream_reader import read

SHORTER_SECONDS = 5.0  # a cluster's new leader may not have looked at its own files yet


class History:
    """The epochs in which a generation has read its streams.

    `forsaken`: why nobody may be answered from it any more; empty if all is well.
    """

    def __init__(self, projection: str, generation: int, log: EventLog) -> None:
        self.epochs: dict[str, str] = {}
        self.forsaken = ""
        self._projection = projection
        self._generation = generation
        self._log = log

    async def load(self, db: AsyncConnection) -> None:
        """Read the epochs; their writer may be another process."""
        self.epochs = await control.epochs(db, self._projection, self._generation)

    async def keep(self, db: AsyncConnection, stream: str, epoch: str) -> None:
        """The stream is read in this epoch from now on."""
        await control.keep_epoch(db, self._projection, self._generation, stream, epoch)
        self.epochs[stream] = epoch

    async def stands(self, engine: AsyncEngine, bus: Bus, stream: str, position: int) -> str | None:
        """The stream's epoch, if it is another one than was kept but all up to the position stands.

        Raises OtherHistory if it does not: another epoch goes another way before the position, the
        stream stays shorter, or another event stands where the last one was kept.
        """
        async with engine.connect() as db:
            await self.load(db)
            newest = await self._log.last_kept(db, stream, position)
        epoch = await self._epoch(bus, stream, position)
        if newest is not None:
            await _refuse_another(bus, stream, *newest)
        return None if epoch == self.epochs.get(stream) else epoch

    async def saw(self, engine: AsyncEngine, stream: str, epoch: Epoch, position: int) -> None:
        """Notice a restore also where another process writes, and before its reader does."""
        if epoch.id == self.epochs.get(stream):
            return
        async with engine.connect() as db:
            await self.load(db)
        if not epoch.goes_on(self.epochs.get(stream, ""), position):
            self.forsaken = _said(stream, position, self.epochs.get(stream, ""), epoch)

    async def _epoch(self, bus: Bus, stream: str, position: int) -> str:
        deadline = asyncio.get_running_loop().time() + SHORTER_SECONDS
        backoff = Backoff()
        while True:
            epoch, last = await epoch_of(bus, stream)
            known = self.epochs.get(stream, "")
            if not epoch.goes_on(known, position):
                raise OtherHistory(_said(stream, position, known, epoch))
            if last >= position:
                return epoch.id
            if asyncio.get_running_loop().time() > deadline:
                raise StreamShorter(stream, position, last)
            await backoff.wait()


def _said(stream: str, position: int, known: str, epoch: Epoch) -> str:
    return (
        f"{stream}: read up to {position} in epoch {known or FIRST}; now it is {epoch.id}, "
        f"which is the same as {epoch.of or FIRST} up to {epoch.after}"
    )


async def _refuse_another(bus: Bus, stream: str, position: int, recorded_us: int) -> None:
    async with aclosing(read(bus, stream, position - 1)) as reading:
        async for messages in reading:
            if microseconds(messages[0].recorded_at) != recorded_us:
                raise OtherHistory(f"{stream}: another event stands at {position} than was read")
            return
