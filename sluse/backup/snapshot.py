"""JetStream's own snapshots: a stream with its consumers, downloaded to a file and uploaded again."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from shared.bus import Bus, NoAnswer, header
from shared.errors import SluseError
from sluse.backup.manifest import private_file

CHUNK = 128 * 1024
CHUNK_SECONDS = 10.0
LAST_SECONDS = 600.0  # the server reads all of it before it answers
_END = ("", "204")  # of a stream without messages it says nothing at all


class SnapshotFailed(SluseError):
    """The server did not send all of a stream, or did not take it."""

    code = "SNAPSHOT"


class State(Struct, frozen=True):
    """A stream's messages: how many, and where they begin and end."""

    messages: int
    first_seq: int
    last_seq: int


class Snapshot(Struct, frozen=True):
    """What was downloaded: the stream's configuration and state when it began, and the file."""

    config: dict[str, Any]
    state: dict[str, Any]
    size: int
    sha256: str

    @property
    def position(self) -> int:
        """The last position that is in it for certain; what came meanwhile may be, too."""
        return int(self.state["last_seq"])


class _Begun(Struct):
    config: dict[str, Any]
    state: dict[str, Any]


class _Taken(Struct):
    deliver_subject: str


class _Problem(Struct):
    description: str = ""


class _Created(Struct):
    state: State | None = None
    error: _Problem | None = None


async def download(bus: Bus, stream: str, path: Path) -> Snapshot:
    """Write the stream, checked by the server, to a file; it is there whole or not at all."""
    inbox = bus.client.new_inbox()
    chunks: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await bus.client.subscribe(inbox, cb=chunks.put)
    part = path.with_suffix(".part")
    try:
        asked = {"deliver_subject": inbox, "no_consumers": False, "jsck": True, "chunk_size": CHUNK}
        answer = await bus.api(f"STREAM.SNAPSHOT.{stream}", asked, timeout=CHUNK_SECONDS)
        size, sha256 = await _write(bus, chunks, part)
        part.rename(path)
    finally:
        await subscription.unsubscribe()
        part.unlink(missing_ok=True)
    begun = msgspec.json.decode(answer, type=_Begun)
    return Snapshot(begun.config, begun.state, size, sha256)


async def _write(bus: Bus, chunks: "asyncio.Queue[Msg]", path: Path) -> tuple[int, str]:
    """Each chunk is acknowledged, so the server sends no faster than the disk takes it."""
    digest = hashlib.sha256()
    size = 0
    with private_file(path) as file:
        while True:
            try:
                async with asyncio.timeout(CHUNK_SECONDS):
                    chunk = await chunks.get()
            except TimeoutError:
                raise SnapshotFailed(f"no more than {size} bytes came") from None
            if not chunk.data:
                break
            file.write(chunk.data)
            digest.update(chunk.data)
            size += len(chunk.data)
            if chunk.reply:
                await bus.publish(chunk.reply, b"")
        if header(chunk, "Status") not in _END:
            why = f"{header(chunk, 'Status')} {header(chunk, 'Description')}".strip()
            raise SnapshotFailed(f"the server stopped after {size} bytes: {why}")
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


async def upload(
    bus: Bus, stream: str, config: Mapping[str, Any], state: Mapping[str, Any], path: Path
) -> State:
    """Make the stream from a file, under this configuration; what it holds then.

    Raises ApiError if the server refuses (a stream of this name is there), SnapshotFailed if it
    cannot make it of the file.
    """
    request = {"config": config, "state": state}
    answer = await bus.api(f"STREAM.RESTORE.{stream}", request, timeout=CHUNK_SECONDS)
    to = msgspec.json.decode(answer, type=_Taken).deliver_subject
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                _refuse_if_refused(stream, (await bus.request(to, chunk, CHUNK_SECONDS)).data)
        created = _refuse_if_refused(stream, (await bus.request(to, b"", LAST_SECONDS)).data)
    except NoAnswer:
        raise SnapshotFailed(f"{stream}: the server no longer takes it") from None
    if created is None or created.state is None:
        raise SnapshotFailed(f"{stream}: the server does not say what it made of it")
    return created.state


def _refuse_if_refused(stream: str, answer: bytes) -> _Created | None:
    created = msgspec.json.decode(answer, type=_Created) if answer else None
    if created is not None and created.error is not None:
        raise SnapshotFailed(f"{stream}: {created.error.description}")
    return created
