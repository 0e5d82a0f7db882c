"""Programme definitions as files: found, checked, applied."""

import tomllib
from datetime import date
from pathlib import Path
from uuid import uuid4

import msgspec
from msgspec import Struct

from services.intake.events.definition import Definition, checksum_of
from services.intake.events.definition_check import problems
from services.intake.programme import OpenProgramme, ReviseProgramme
from shared.clock import plus_months
from shared.command import Problem, Reply, invalid_field
from shared.errors import SluseError
from sluse.sending import Sender

DIRECTORY = Path(__file__).parent.parent / "programmes"
TEMPLATE = Path(__file__).with_name("programme_template.toml")


class BadDefinition(SluseError):
    """A definition file that cannot be applied, and everything that is wrong with it."""

    code = "BAD_DEFINITION"

    def __init__(self, file: Path, found: list[Problem]) -> None:
        lines = [f"{file}: {problem.path or 'file'}: {problem.message}" for problem in found]
        super().__init__("\n".join(lines))
        self.problems = found


class FileExists(SluseError):
    """A file is never written over."""

    code = "FILE_EXISTS"

    def __init__(self, file: Path) -> None:
        super().__init__(f"{file} is there already")


class Applied(Struct, frozen=True):
    """What became of a definition: opened, revised or unchanged."""

    programme: str
    version: int
    checksum: str
    outcome: str


def template(key: str, first_month: date) -> str:
    """A commented definition to begin with, of a programme of three years from that month."""
    start, end = f"{first_month:%Y-%m}", f"{plus_months(first_month, 35):%Y-%m}"
    text = TEMPLATE.read_text(encoding="utf-8")
    for word, becomes in (
        ("EFFECTIVE_FROM", f"{first_month:%Y-%m-01}"),
        ("START", start),
        ("END", end),
        ('"KEY"', f'"{key}"'),
    ):
        text = text.replace(word, becomes)
    return text


def write_new(file: Path, key: str, first_month: date) -> Definition:
    """Write the template, and what it says; nothing stays if the key cannot be one."""
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(template(key, first_month))
    except FileExistsError:
        raise FileExists(file) from None
    try:
        return read(file)
    except BadDefinition:
        file.unlink()
        raise


def read(file: Path) -> Definition:
    """The definition in a TOML file; BadDefinition says what is wrong and where."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        definition = msgspec.convert(content, Definition)
    except OSError as error:
        raise BadDefinition(file, [Problem("FILE", error.strerror or str(error))]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDefinition(file, [Problem("TOML", str(error))]) from None
    except msgspec.ValidationError as error:
        refusal = invalid_field(error)
        raise BadDefinition(file, [Problem(refusal.code, refusal.message, refusal.path)]) from None
    found = [Problem("INVALID_FIELD", why, path) for path, why in problems(definition)]
    if found:
        raise BadDefinition(file, found)
    return definition


async def apply(
    definition: Definition, sender: Sender, command_id: str | None = None
) -> Applied | Reply:
    """Open the programme, or revise it; a refusal comes back as it is.

    Without a command id each time under a new one: what is in force decides whether anything
    changes, not what was sent once before.
    """
    key = definition.key
    opening = OpenProgramme(
        command_id=command_id or str(uuid4()), programme=key, definition=definition
    )
    reply = await sender.send(msgspec.json.encode(opening))
    outcome = "opened"
    if reply.error is not None and reply.error.code == "STATE":
        revision = ReviseProgramme(command_id=str(uuid4()), programme=key, definition=definition)
        reply = await sender.send(msgspec.json.encode(revision))
        outcome = "revised"
    if reply.error is not None:
        return reply
    return Applied(
        programme=key,
        version=definition.version,
        checksum=checksum_of(definition),
        outcome=outcome if reply.events else "unchanged",
    )
