"""What a backup holds, and what may not be in one: its files, positions and how they hang together."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Raw, Struct

from shared.errors import SluseError

NAME = "manifest.json"
FORMAT = 1
PUBLIC = "PUBLIC_"
ORDER = ("REPORTS", "OPERATIONS", "AFTERCARE", "PLACEMENT", "INTAKE")
"""After the public streams; whatever is derived before what it is derived from."""


class Contradiction(SluseError):
    """A backup that cannot be restored as it is; the message names everything that is wrong."""

    code = "BACKUP_CONTRADICTS_ITSELF"


class StreamEntry(Struct, frozen=True, kw_only=True):
    """A stream in the backup.

    `position`: the last one that is in it for certain. `content`: SHA-256 over all messages up to
    it. `names`: the highest position in each other stream that its events speak of or follow from.
    `unexplained`: how many events to which sluse reacted here stand in no stream of the backup.
    `floors`: consumer to the position up to which it had settled everything when the backup began.
    """

    stream: str
    file: str
    size: int
    sha256: str
    position: int
    content: str
    epoch: str
    begun_at: datetime
    ended_at: datetime
    names: dict[str, int]
    unexplained: int
    floors: dict[str, int]
    config: dict[str, Any]
    state: dict[str, Any]


class Manifest(Struct, frozen=True, kw_only=True):
    """A whole backup: written last, so a set without it is none. `streams` in the order taken."""

    format: int = FORMAT
    sluse: str
    server: str
    begun_at: datetime
    ended_at: datetime
    streams: tuple[StreamEntry, ...]

    def positions(self) -> dict[str, int]:
        """Stream to the last position that the backup holds for certain."""
        return {entry.stream: entry.position for entry in self.streams}


class _Sealed(Struct):
    sha256: str
    manifest: Raw


def in_order(streams: list[str]) -> list[str]:
    """The order in which streams are backed up; they are restored in the opposite one."""
    public = sorted(stream for stream in streams if stream.startswith(PUBLIC))
    return [*public, *(stream for stream in ORDER if stream in streams)]


def sha256_of(path: Path) -> str:
    """The file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def private_file(path: Path) -> BinaryIO:
    """A new file that only its owner may read: it holds what is recorded of people."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write(directory: Path, manifest: Manifest) -> None:
    """Write it sealed with its own checksum: there whole or not at all, also after a power cut."""
    content = msgspec.json.encode(manifest)
    sealed = _Sealed(hashlib.sha256(content).hexdigest(), Raw(content))
    part = directory / f"{NAME}.part"
    with private_file(part) as file:
        file.write(msgspec.json.encode(sealed))
        file.flush()
        os.fsync(file.fileno())
    part.rename(directory / NAME)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(directory: Path) -> Manifest:
    """The backup's manifest, once it and all its files say the same; else Contradiction."""
    try:
        sealed = msgspec.json.decode((directory / NAME).read_bytes(), type=_Sealed)
    except FileNotFoundError:
        raise Contradiction(f"{directory} has no {NAME}: it is not a whole backup") from None
    except msgspec.MsgspecError as error:
        raise Contradiction(f"{NAME} cannot be read: {error}") from None
    if hashlib.sha256(sealed.manifest).hexdigest() != sealed.sha256:
        raise Contradiction(f"{NAME} is not what was written: its checksum is another one")
    try:
        manifest = msgspec.json.decode(sealed.manifest, type=Manifest)
    except msgspec.MsgspecError as error:
        raise Contradiction(f"{NAME} cannot be read: {error}") from None
    wrong = [*_contradictions(manifest), *_damages(directory, manifest)]
    if wrong:
        raise Contradiction("; ".join(wrong))
    return manifest


def _contradictions(manifest: Manifest) -> Iterator[str]:
    if manifest.format != FORMAT:
        yield f"its format is {manifest.format}, this version reads {FORMAT}"
    positions = manifest.positions()
    for missing in sorted(set(ORDER) - positions.keys()):
        yield f"{missing} is not in it"
    for entry in manifest.streams:
        for source, position in sorted(entry.names.items()):
            if position > positions.get(source, 0):
                yield (
                    f"{entry.stream} speaks of {source} {position}, "
                    f"which ends at {positions.get(source, 0)}"
                )
        if entry.unexplained:
            yield (
                f"{entry.stream} follows from {entry.unexplained} events that stand in no stream"
            )
    yield from _out_of_order(manifest)


def _out_of_order(manifest: Manifest) -> Iterator[str]:
    """A stream taken before another was finished may be behind what is derived from it."""
    taken = [entry.stream for entry in manifest.streams]
    if taken != in_order(taken):
        yield f"its streams were taken in the order {', '.join(taken)}"
    for earlier, later in zip(manifest.streams, manifest.streams[1:], strict=False):
        if later.begun_at < earlier.ended_at:
            yield f"{later.stream} was begun before {earlier.stream} was finished"


def _damages(directory: Path, manifest: Manifest) -> Iterator[str]:
    for entry in manifest.streams:
        path = directory / Path(entry.file).name
        if not path.is_file():
            yield f"{entry.file} is missing"
        elif path.stat().st_size != entry.size:
            yield f"{entry.file} has {path.stat().st_size} bytes instead of {entry.size}"
        elif sha256_of(path) != entry.sha256:
            yield f"{entry.file} is damaged: its checksum is another one"
