"""Demo histories: files of commands, recorded through the real doors."""

import hashlib
import io
from pathlib import Path

from services.intake.events.definition import checksum_of
from shared.command import Reply
from shared.errors import SluseError
from shared.identifiers import derived_id
from sluse import programmes
from sluse.data_directory import DataDirectory
from sluse.sending import Sender


class NoDemo(SluseError):
    """There is no demo of this name."""

    code = "NO_DEMO"


class DemoRefused(SluseError):
    """A line of the demo was refused: the file or the code is wrong."""

    code = "DEMO_REFUSED"


def history_of(key: str) -> Path:
    """The file of commands of a programme's demo."""
    path = programmes.DIRECTORY / "demo" / f"{key}.ndjson"
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.ndjson"))
        raise NoDemo(f"there is no demo {key!r}; there is: {', '.join(known)}")
    return path


def is_recorded(key: str, directory: DataDirectory) -> bool:
    """Whether this history has been recorded to its end."""
    return directory.demo_done(key, _checksum(history_of(key).read_bytes()))


def _checksum(history: bytes) -> str:
    return hashlib.sha256(history).hexdigest()


async def load(key: str, directory: DataDirectory, sender: Sender) -> int:
    """Record a programme and its history; how many commands were sent.

    Interrupted at any point it starts from the beginning: what is recorded answers as before.
    """
    history = history_of(key).read_bytes()
    definition = programmes.read(programmes.DIRECTORY / f"{key}.toml")
    checksum = _checksum(history)
    # The same id at every start, so that an interrupted history is the same as an undisturbed one.
    opening = derived_id("demo", key, checksum_of(definition))
    applied = await programmes.apply(definition, sender, opening)
    if isinstance(applied, Reply):
        raise DemoRefused(f"{key}: the definition was refused: {applied.error}")
    if directory.demo_done(key, checksum):
        return 0
    sent = 0
    async for answer, _ in sender.send_lines(io.BytesIO(history)):
        if answer.error is not None:
            raise DemoRefused(f"{key}: line {answer.line}: {answer.error}")
        sent += 1
    directory.mark_demo(key, checksum)
    return sent
