"""A command and its answer: one body and one reply, whichever door it comes through."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from shared.envelope import Event
from shared.errors import (
    FutureDate,
    InvalidField,
    MalformedJson,
    Refused,
    SluseError,
    UnknownField,
)
from shared.identifiers import Code, CommandId, leaves

LARGEST_BODY = 262_144
CLOCKS_DIFFER = timedelta(minutes=5)

E = TypeVar("E", bound=Event)

# What the same command, sent again, may well be answered otherwise.
SEND_AGAIN = frozenset(
    {"NOT_YET", "OUTCOME_UNKNOWN", "BUS_AWAY", "DATABASE_AWAY", "NOT_STORED", "INTERNAL"}
)

Origin = Literal["import", "simulation"]


class Command(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag=True,
):
    """What every command carries beside its own fields.

    `registered_at` is for imports and simulations alone: when somebody registered it at its source.
    """

    command_id: CommandId
    expected_position: Annotated[int, Meta(ge=0)] | None = None
    late_reason: Code | None = None
    origin: Origin | None = None
    registered_at: Annotated[datetime, Meta(tz=True)] | None = None


def said_by(command: Command, kind: type[E], **more: object) -> E:
    """The event of a kind that says what the command says, by the names of the fields.

    `more`: what the command leaves open, or what is meant by what it says.
    """
    names = set(kind.__struct_fields__) & set(command.__struct_fields__)
    fields = {name: getattr(command, name) for name in names} | more
    return kind(**fields)


class EventRef(Struct, frozen=True):
    """A recorded event, as a reply names it."""

    id: str
    type: str


class Warning(Struct, frozen=True):
    """Something that was accepted and should be looked at."""

    code: str
    message: str


class Problem(Struct, frozen=True):
    """What was wrong and where: `path` is a JSONPath into the command, or empty."""

    code: str
    message: str
    path: str = ""


class Reply(Struct, frozen=True, omit_defaults=True):
    """The answer to a command; `position` is the entity's last one in the service's own stream."""

    ok: bool
    position: int | None = None
    events: list[EventRef] | None = None
    warnings: list[Warning] | None = None
    error: Problem | None = None


def accepted(position: int, events: list[EventRef], warnings: list[Warning]) -> Reply:
    """The answer to a command that holds now."""
    return Reply(ok=True, position=position, events=events, warnings=warnings)


def refused(error: SluseError) -> Reply:
    """The answer to a command that was not carried out."""
    return Reply(ok=False, error=Problem(error.code, error.message, error.path))


_METADATA = frozenset({"command_id"})
_deterministic = msgspec.json.Encoder(order="sorted")


def digest(command: Command, key: bytes) -> str:
    """HMAC-SHA256 of all that the caller asked for, the command's id excepted.

    Under a secret, so that nobody with the stream can guess a content and compare.
    Fields left at their default don't count: a field added later changes no old digest.
    """
    content = msgspec.to_builtins(command)
    content = {name: value for name, value in content.items() if name not in _METADATA}
    return hmac.new(key, _deterministic.encode(content), hashlib.sha256).hexdigest()


_INT64 = 2**63
_FIELD = re.compile(r"^Object (missing required|contains unknown) field `([^`]*)`")
_AT = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")


class TooLarge(Refused):
    """A command of that size would not fit into a message with all that stands around it."""

    code = "TOO_LARGE"

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes; {LARGEST_BODY} is the limit")


def decode_command(decoder: msgspec.json.Decoder[Any], body: bytes) -> Command:
    """Decode strictly; what does not fit is refused with the path of the field."""
    if len(body) > LARGEST_BODY:
        raise TooLarge(len(body))
    try:
        command: Command = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJson(str(error)) from None
    except RecursionError:
        raise MalformedJson("nested too deeply") from None
    _refuse_unstorable(command)
    registered_at = command.registered_at
    if registered_at is not None and command.origin is None:
        raise InvalidField("$.registered_at", "only an import or a simulation may set it")
    if registered_at is not None and not 1900 <= registered_at.year < 2200:
        # the ends of the calendar cannot be moved to another time zone: no reader would get past
        raise InvalidField("$.registered_at", "not an instant of 1900 to 2199")
    return command


def refuse_future_registration(command: Command, at: datetime) -> None:
    """Refuse what nobody can have registered yet; a clock elsewhere may be minutes ahead of ours."""
    registered_at = command.registered_at
    if registered_at is not None and registered_at > at + CLOCKS_DIFFER:
        raise FutureDate("$.registered_at", registered_at, at)


def _refuse_unstorable(command: Command) -> None:
    """What JSON allows, and an event or a table cannot hold."""
    for path, value in leaves(msgspec.to_builtins(command)):
        if isinstance(value, str) and "\0" in value:
            raise InvalidField(path, "a NUL character")
        if isinstance(value, int) and not -_INT64 <= value < _INT64:
            raise InvalidField(path, "a number beyond 64 bits")


def invalid_field(error: msgspec.ValidationError) -> InvalidField:
    """msgspec's message as a refusal that names the field itself, also when it is missing."""
    text = str(error)
    at = _AT.search(text)
    path = at.group(1) if at else "$"
    text = _AT.sub("", text)
    if field := _FIELD.match(text):
        path = f"{path}.{field.group(2)}"
        if field.group(1) == "contains unknown":
            return UnknownField(path, text)
    return InvalidField(path, text)
