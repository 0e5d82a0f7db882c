"""Issued reports: given out through their door, and computed again from the streams alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from uuid import uuid4

import msgspec
from msgspec import Struct

from services.reporting import reports
from services.reporting.changes import ChangesAnswer
from services.reporting.events import VOCABULARY, ReportIssued
from services.reporting.facts import PLAN
from services.reporting.reader import Reader
from services.reporting.report import IssueReport
from shared import moment
from shared.bus import Bus
from shared.command import Reply
from shared.errors import SluseError
from shared.event_store import EventStore
from shared.view import following
from sluse.sending import Sender

LONGEST_SECONDS = 3600.0


class NotFolded(SluseError):
    """The streams cannot be folded to their end."""

    code = "NOT_FOLDED"


class Difference(Struct, frozen=True):
    """One thing that the report says otherwise than its recomputation."""

    path: str
    reported: object
    recomputed: object


class Verified(Struct, frozen=True, kw_only=True):
    """Whether the report, computed again from the streams, says the same."""

    report: str
    programme: str
    valid_on: date
    moment: str
    digest: str
    recomputed_digest: str
    outcome: Literal["equal", "different"]
    differences: list[Difference]


async def issue(
    sender: Sender, programme: str, valid_on: date, known: str | None, report_id: str | None
) -> Reply:
    """Give out the figures of a day; without a moment, as they are known now."""
    command = IssueReport(
        command_id=str(uuid4()),
        report=report_id,
        programme=programme,
        valid_on=valid_on,
        moment=known,
    )
    return await sender.send(msgspec.json.encode(command))


async def verify(bus: Bus, report_id: str) -> Verified:
    """Fold all streams anew and compute the report again, by the measures that it names."""
    async with _folded(bus) as reader:
        _, _, issued = await reports.issued_as(EventStore(bus, VOCABULARY), report_id)
        again = await reports.again(reader, issued, moment.parse_positions(issued.moment))
    differences = list(_differences(issued, again))
    return Verified(
        report=report_id,
        programme=issued.programme,
        valid_on=issued.valid_on,
        moment=issued.moment,
        digest=issued.digest,
        recomputed_digest=again.digest,
        outcome="different" if differences else "equal",
        differences=differences,
    )


async def difference(bus: Bus, report_id: str) -> ChangesAnswer:
    """What is different today from what the report said, and which events did it."""
    async with _folded(bus) as reader:
        return await reports.difference(EventStore(bus, VOCABULARY), reader, report_id)


@asynccontextmanager
async def _folded(bus: Bus) -> AsyncIterator[Reader]:
    """A fold of all streams from their beginning, in a database that goes with the block."""
    with TemporaryDirectory(prefix="sluse-") as directory:
        url = f"sqlite+aiosqlite:///{Path(directory) / 'fold.db'}"
        async with following(PLAN, url, bus) as projection:
            whole = await projection.caught_up(bus, LONGEST_SECONDS)
            if not whole:
                raise NotFolded("; ".join(projection.stopped.values()) or "it takes too long")
            yield Reader(projection, bus, LONGEST_SECONDS)


def _differences(reported: ReportIssued, recomputed: ReportIssued) -> list[Difference]:
    """Every leaf that differs, with its path."""
    was, now = (_leaves(msgspec.to_builtins(it), "$") for it in (reported, recomputed))
    return [
        Difference(path, was.get(path), now.get(path))
        for path in sorted({**was, **now})
        if was.get(path) != now.get(path)
    ]


def _leaves(value: object, path: str) -> dict[str, object]:
    match value:
        case dict():
            parts = {f"{path}.{name}": item for name, item in value.items()}
        case list() | tuple():
            parts = {f"{path}[{index}]": item for index, item in enumerate(value)}
        case _:
            return {path: value}
    return {leaf: it for name, item in parts.items() for leaf, it in _leaves(item, name).items()}
