"""Programme definitions as files: found, checked, applied."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from services.intake.events.definition import Definition, checksum_of
from services.intake.events.definition_check import problems
from services.intake.programme import OpenProgramme, ReviseProgramme
from shared.command import Problem, Reply, invalid_field
from shared.errors import SluseError
from shared.identifiers import derived_id
from sluse.sending import Sender

DIRECTORY = Path(__file__).parent.parent / "programmes"


class BadDefinition(SluseError):
    """A definition file that cannot be applied, and everything that is wrong with it."""

    code = "BAD_DEFINITION"

    def __init__(self, file: Path, found: list[Problem]) -> None:
        lines = [f"{file}: {problem.path or 'file'}: {problem.message}" for problem in found]
        super().__init__("\n".join(lines))
        self.problems = found


class Applied(Struct, frozen=True):
    """What became of a definition: opened, revised or unchanged."""

    programme: str
    version: int
    checksum: str
    outcome: str


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


async def apply(definition: Definition, sender: Sender) -> Applied | Reply:
    """Open the programme, or revise it; a refusal comes back as it is."""
    checksum = checksum_of(definition)
    key = definition.key
    reply = await sender.send(
        msgspec.json.encode(
            OpenProgramme(
                command_id=derived_id("open", key, checksum), programme=key, definition=definition
            )
        )
    )
    outcome = "opened"
    if reply.error is not None and reply.error.code == "STATE":
        outcome = "revised"
        revise = ReviseProgramme(
            command_id=derived_id("revise", key, checksum), programme=key, definition=definition
        )
        reply = await sender.send(msgspec.json.encode(revise))
    if reply.error is not None:
        return reply
    return Applied(key, definition.version, checksum, outcome if reply.events else "unchanged")
