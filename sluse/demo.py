"""Demo histories: files of commands, recorded through the real doors."""

import asyncio
import hashlib
import io
from collections.abc import Iterable

from services.intake.events.definition import checksum_of
from shared.command import Reply
from shared.errors import SluseError
from shared.identifiers import derived_id
from sluse import programmes
from sluse.data_directory import DataDirectory
from sluse.sending import Sender
from sluse.simulation.today import today_demo

DIRECTORY = programmes.DIRECTORY / "demo"

ALL = "all"
"""What is said of several programmes at once: a history of its own, told after theirs."""

TODAY = "today"
"""A programme that runs now, simulated up to yesterday: the next day goes on where it stopped."""


class NoDemo(SluseError):
    """There is no demo of this name."""

    code = "NO_DEMO"


class DemoRefused(SluseError):
    """A line of the demo was refused: the file or the code is wrong."""

    code = "DEMO_REFUSED"


def chosen(keys: Iterable[str]) -> tuple[str, ...]:
    """The demos asked for, in the order of their telling; `all` is every programme's and its own."""
    known = {file.stem for file in DIRECTORY.glob("*.ndjson")}
    asked = dict.fromkeys(keys)
    for key in asked:
        if key not in {*known, TODAY}:
            raise NoDemo(
                f"there is no demo {key!r}; there is: {', '.join(sorted({*known, TODAY}))}"
            )
    if ALL not in asked:
        return tuple(asked)
    return (*sorted(known - {ALL}), ALL, *(key for key in asked if key == TODAY))


def history_of(key: str) -> bytes:
    """The commands of a demo, one a line."""
    if key == TODAY:
        _, bodies = today_demo()
        return b"\n".join(bodies)
    return (DIRECTORY / f"{key}.ndjson").read_bytes()


def is_recorded(key: str, directory: DataDirectory) -> bool:
    """Whether this history has been recorded to its end."""
    return directory.demo_done(key, _checksum(history_of(key)))


def _checksum(history: bytes) -> str:
    return hashlib.sha256(history).hexdigest()


async def load(key: str, directory: DataDirectory, sender: Sender) -> int:
    """Record a programme and its history; how many commands were sent.

    Interrupted at any point it starts from the beginning: what is recorded answers as before.
    """
    history = await asyncio.to_thread(history_of, key)
    checksum = _checksum(history)
    if key != ALL:
        await _open(key, sender)
    if directory.demo_done(key, checksum):
        return 0
    sent = 0
    async for answer, _ in sender.send_lines(io.BytesIO(history)):
        if answer.error is not None:
            hint = "; if another version has recorded it here, --fresh starts over"
            raise DemoRefused(f"{key}: line {answer.line}: {answer.error}{hint}")
        sent += 1
    directory.mark_demo(key, checksum)
    return sent


async def _open(key: str, sender: Sender) -> None:
    if key == TODAY:
        definition, _ = today_demo()
    else:
        definition = programmes.read(programmes.DIRECTORY / f"{key}.toml")
    # The same id at every start, so that an interrupted history is the same as an undisturbed one.
    opening = derived_id("demo", key, checksum_of(definition))
    applied = await programmes.apply(definition, sender, opening)
    if isinstance(applied, Reply):
        raise DemoRefused(f"{key}: the definition was refused: {applied.error}")
