"""One import from its first row to its last: every row is accepted, unchanged, or rejected alone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias
from zlib import crc32

import msgspec
from msgspec import Struct

from shared.bus import Bus
from shared.command import Command, Problem
from shared.errors import BusAway, Refused
from shared.subjects import SERVICES, stream_of
from sluse.importing import rows
from sluse.importing.kinds import Step
from sluse.importing.known import Known
from sluse.importing.rejects import Reject, rejected, write
from sluse.importing.rows import Sheet, Wrong, wrong
from sluse.importing.table import Row
from sluse.sending import Sender, services

AT_ONCE = 32

Outcome: TypeAlias = Literal["accepted", "unchanged"]
Asked: TypeAlias = Sequence[tuple[Step, Command]]


class Summary(Struct, frozen=True, kw_only=True):
    """What became of the rows; `accepted` in a dry run are those that would be sent."""

    rows: int
    accepted: int
    unchanged: int
    rejected: int
    rejects_file: str


class Import:
    """Sends the rows of one sheet; the same command twice only once."""

    def __init__(self, bus: Bus, sheet: Sheet, at: datetime, *, dry_run: bool) -> None:
        self._bus = bus
        self._sheet = sheet
        self._sender = Sender(bus)
        self._known = Known(bus, sheet.way.source, at)
        self._dry_run = dry_run
        self._before: Mapping[str, int] = {}
        self._sent: set[str] = set()

    async def run(self, rejects_file: Path, advance: Callable[[], None]) -> Summary:
        """Every row once, those of one entity in their order; the bad ones go to a file."""
        write(rejects_file, self._sheet, ())  # if that is not possible, better now than afterwards
        self._before = {s: await self._bus.last_position(stream_of(s)) for s in SERVICES}
        await self._known.prepare(self._sheet.kind)
        lanes: list[list[Row]] = [[] for _ in range(AT_ONCE)]
        for row in self._sheet.table.rows:
            lanes[self._lane(row)].append(row)
        tasks = [asyncio.create_task(self._lane_of(lane, advance)) for lane in lanes if lane]
        try:
            done = [outcome for lane in await asyncio.gather(*tasks) for outcome in lane]
        finally:
            for task in tasks:
                task.cancel()
        bad = sorted((it for it in done if isinstance(it, Reject)), key=lambda it: it.row.number)
        write(rejects_file, self._sheet, bad)
        return Summary(
            rows=len(done),
            accepted=done.count("accepted"),
            unchanged=done.count("unchanged"),
            rejected=len(bad),
            rejects_file=str(rejects_file),
        )

    def _lane(self, row: Row) -> int:
        """The same for all rows about one thing, as far as the row's own numbers tell."""
        names = (self._sheet.kind.key, "placement", "plan", "p_number", "cvr")
        columns = [self._sheet.columns[name] for name in names if name in self._sheet.columns]
        said = next((row.cells[at] for at in columns if row.cells[at]), "")
        return crc32(said.encode()) % AT_ONCE

    async def _lane_of(
        self, lane: Sequence[Row], advance: Callable[[], None]
    ) -> list[Outcome | Reject]:
        done: list[Outcome | Reject] = []
        for row in lane:
            try:
                done.append(await self._carry_out(row))
            except Wrong as error:
                done.append(rejected(self._sheet, row, error))
            advance()
        return done

    async def _carry_out(self, row: Row) -> Outcome:
        """Nothing of a row is sent before all of it has been looked at."""
        asked = await self._asked(row)
        if self._dry_run:
            return "accepted"
        news = [await self._is_new(step, command) for step, command in asked]
        return "accepted" if any(news) else "unchanged"

    async def _asked(self, row: Row) -> Asked:
        said = rows.values(self._sheet, row)
        try:
            about = await self._known.about(self._sheet.kind, said)
        except Refused as error:
            raise wrong(error) from None
        asked = rows.commands(self._sheet, said, about.ids)
        for step, command in asked:
            try:
                await self._known.check(command, about)
            except Refused as error:
                raise wrong(error, step) from None
        return asked

    async def _is_new(self, step: Step, command: Command) -> bool:
        """Send it; whether something was recorded that was not before this import."""
        if command.command_id in self._sent:
            return False
        reply = await self._sender.send(msgspec.json.encode(command))
        if reply.error is not None:
            if _is_known(reply.error):
                return False
            if reply.error.code == BusAway.code:
                raise BusAway
            raise wrong(reply.error, step)
        self._sent.add(command.command_id)
        position = self._before[services()[type(command).__name__]]
        return bool(reply.events) and (reply.position or 0) > position


def _is_known(problem: Problem) -> bool:
    """The id is made of all that is said but the file's date: it came before, in another file."""
    return (problem.code, problem.path) == ("CONFLICT", "$.command_id")
