"""Taking a backup, also under load: each stream after what is derived from it."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.bus import Bus
from shared.clock import now
from shared.epoch import epoch_in
from shared.errors import SluseError
from shared.version import own_version
from sluse.backup import manifest
from sluse.backup.contents import content
from sluse.backup.manifest import Contradiction, Manifest, StreamEntry
from sluse.backup.snapshot import Snapshot, download

LIST_SECONDS = 10.0


class NotEmpty(SluseError):
    """A backup is written into a directory of its own."""

    code = "NOT_EMPTY"

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is not empty: give a directory of its own")


class _Page(Struct):
    total: int
    limit: int


P = TypeVar("P", bound=_Page)


class _Names(_Page, kw_only=True):
    streams: list[str] | None = None


class _Reached(Struct):
    stream_seq: int


class _ConsumerConfig(Struct):
    durable_name: str = ""


class Consumer(Struct):
    """A consumer as the server lists it."""

    name: str
    config: _ConsumerConfig
    delivered: _Reached
    ack_floor: _Reached

    @property
    def is_durable(self) -> bool:
        """Whether it outlives its reader."""
        return bool(self.config.durable_name)


class _Consumers(_Page, kw_only=True):
    consumers: list[Consumer] | None = None


async def take(
    bus: Bus, directory: Path, said: Callable[[StreamEntry], object] = lambda entry: None
) -> Manifest:
    """Back up all streams into an empty directory; `said` is told of each as it is written.

    Raises NotEmpty, SnapshotFailed, or what the bus raises: then there is no manifest, and so no
    backup. Contradiction: the set is whole, but the streams themselves contradict each other.
    """
    _prepare(directory)
    begun_at = now()
    streams = manifest.in_order(await stream_names(bus))
    if missing := sorted(set(manifest.ORDER) - set(streams)):
        raise Contradiction(f"the bus has no stream {', '.join(missing)}")
    # What is settled before anything is taken has left its traces in what is derived from it.
    floors = {stream: await _floors(bus, stream) for stream in streams}
    entries: list[StreamEntry] = []
    for stream in streams:
        began = now()
        snapshot = await download(bus, stream, directory / f"{stream}.snapshot")
        entries.append(_entry(stream, snapshot, began, floors[stream]))
        said(entries[-1])
    taken = Manifest(
        sluse=own_version(),
        server=str(bus.client.connected_server_version),
        begun_at=begun_at,
        ended_at=now(),
        streams=await _with_contents(bus, entries),
    )
    manifest.write(directory, taken)
    return manifest.read(directory)


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise NotEmpty(directory)


def _entry(stream: str, snapshot: Snapshot, began: datetime, floors: dict[str, int]) -> StreamEntry:
    metadata: dict[str, str] = snapshot.config.get("metadata", {})
    return StreamEntry(
        stream=stream,
        file=f"{stream}.snapshot",
        size=snapshot.size,
        sha256=snapshot.sha256,
        position=snapshot.position,
        content="",
        epoch=epoch_in(metadata).id,
        begun_at=began,
        ended_at=now(),
        names={},
        unexplained=0,
        floors=floors,
        config=snapshot.config,
        state=snapshot.state,
    )


async def _with_contents(bus: Bus, entries: list[StreamEntry]) -> tuple[StreamEntry, ...]:
    """With checksums over the messages, and with the positions of the sources that they name.

    Read in the order taken: whatever an event follows from stands in a stream that comes later.
    """
    names = {entry.stream: dict(entry.names) for entry in entries}
    causes: dict[str, set[str]] = {}
    contents: dict[str, str] = {}
    for entry in entries:
        wanted = frozenset(it for ids in causes.values() for it in ids)
        found = await content(bus, entry.stream, entry.position, wanted)
        contents[entry.stream] = found.sha256
        for derived, ids in causes.items():
            positions = [found.positions[it] for it in ids & found.positions.keys()]
            _raise(names[derived], entry.stream, max(positions, default=0))
            ids.difference_update(found.positions)
        causes[entry.stream] = found.causes
        for source, position in found.names.items():
            _raise(names[entry.stream], source, position)
    return tuple(
        replace(
            entry,
            content=contents[entry.stream],
            names=names[entry.stream],
            unexplained=len(causes[entry.stream]),
        )
        for entry in entries
    )


def _raise(names: dict[str, int], stream: str, position: int) -> None:
    if position:
        names[stream] = max(position, names.get(stream, 0))


async def stream_names(bus: Bus) -> list[str]:
    """All streams on the bus."""
    pages = [page async for page in _pages(bus, "STREAM.NAMES", _Names)]
    return [name for page in pages for name in page.streams or ()]


async def consumers(bus: Bus, stream: str) -> list[Consumer]:
    """All consumers of a stream."""
    pages = [page async for page in _pages(bus, f"CONSUMER.LIST.{stream}", _Consumers)]
    return [consumer for page in pages for consumer in page.consumers or ()]


async def _pages(bus: Bus, call: str, kind: type[P]) -> AsyncIterator[P]:
    offset = 0
    while True:
        page = msgspec.json.decode(await bus.api(call, {"offset": offset}, LIST_SECONDS), type=kind)
        yield page
        offset += page.limit
        if offset >= page.total:
            return


async def _floors(bus: Bus, stream: str) -> dict[str, int]:
    return {
        it.name: it.ack_floor.stream_seq for it in await consumers(bus, stream) if it.is_durable
    }
