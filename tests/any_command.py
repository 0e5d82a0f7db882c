"""A well-formed command of any kind, made from its type alone, and where in it each value stands."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from typing import Any, TypeAlias
from uuid import uuid4

import msgspec
from msgspec import Struct, inspect

from services.intake.events.definition import Definition
from shared.command import Command
from shared.correction.commands import COMMANDS as CORRECTIONS
from sluse.sending import commands
from tests.definitions import DEFINITION

Body: TypeAlias = dict[str, Any]

TEXTS = ("words", "2022-W17", "P7D", "12345678", "1234567890", "p1234567890", "intake.person.words")
LEFT_OUT = frozenset({"expected_position", "origin", "registered_at"})
KINDS = [
    (service, kind)
    for service, kinds in commands().items()
    for kind in kinds
    if service != "reports" or kind not in CORRECTIONS  # what was issued is never corrected
]


class Leaf(Struct, frozen=True):
    """A value in a command that is no collection; `said` is its type's description."""

    keys: tuple[str | int, ...]
    type: inspect.Type
    said: str

    @property
    def path(self) -> str:
        """As JSONPath."""
        return "$" + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in self.keys)

    def put(self, body: Body, value: object) -> Body:
        """The command with another value here, and another id."""
        changed: Body = deepcopy(body) | {"command_id": str(uuid4())}
        inner: Any = changed
        for key in self.keys[:-1]:
            inner = inner[key]
        inner[self.keys[-1]] = value
        return changed


def any_command(kind: type[Command], day: date) -> Body:
    """A command of the kind with all its fields, every day in it this one."""
    info = inspect.type_info(kind)
    body: Body = {**_example(info, day), "type": kind.__name__}
    return {name: value for name, value in body.items() if name not in LEFT_OUT}


def leaves(kind: type[Command], body: Body) -> list[Leaf]:
    """Each of the command's values."""
    return list(_leaves(inspect.type_info(kind), body, (), ""))


def structs(kind: type[Command]) -> set[type[Struct]]:
    """All objects that a command of the kind can be made of."""
    return set(_structs(inspect.type_info(kind)))


def _example(of: inspect.Type, day: date) -> Any:
    match of:
        case inspect.Metadata(type=inner):
            return _example(inner, day)
        case inspect.StructType(cls=cls) if cls is Definition:
            return msgspec.json.decode(msgspec.json.encode(DEFINITION))
        case inspect.StructType(fields=fields):
            return {field.encode_name: _example(field.type, day) for field in fields}
        case inspect.VarTupleType(item_type=item):
            return [_example(item, day)]
        case inspect.UnionType(types=types):
            return _example(next(it for it in types if not isinstance(it, inspect.NoneType)), day)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.StrType(pattern=pattern):
            return next(text for text in TEXTS if re.search(pattern or "", text))
        case inspect.IntType(ge=least):
            return least or 0
        case inspect.DateType():
            return day.isoformat()
        case inspect.DictType():
            return {}
        case inspect.BoolType():
            return False
        case inspect.FloatType():
            return 1.5
        case inspect.DateTimeType():
            return f"{day}T12:00:00Z"
    raise AssertionError(of)


def _leaves(of: inspect.Type, value: Any, keys: tuple[str | int, ...], said: str) -> Iterator[Leaf]:
    match of:
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            yield from _leaves(inner, value, keys, (schema or {}).get("description", said))
        case inspect.StructType(fields=fields):
            for field in fields:
                if field.encode_name in value:
                    name = field.encode_name
                    yield from _leaves(field.type, value[name], (*keys, name), "")
        case inspect.VarTupleType(item_type=item_type):
            for index, item in enumerate(value):
                yield from _leaves(item_type, item, (*keys, index), "")
        case inspect.UnionType(types=types):
            yield from _leaves(next(it for it in types if _fits(it, value)), value, keys, said)
        case _:
            yield Leaf(keys, of, said)


def _fits(of: inspect.Type, value: Any) -> bool:
    if isinstance(of, inspect.StructType) and of.tag_field:
        return value is not None and value[of.tag_field] == of.tag
    return isinstance(of, inspect.NoneType) == (value is None)


def _structs(of: inspect.Type) -> Iterator[type[Struct]]:
    match of:
        case inspect.Metadata(type=inner):
            yield from _structs(inner)
        case inspect.StructType(cls=cls, fields=fields):
            yield cls
            for field in fields:
                yield from _structs(field.type)
        case inspect.VarTupleType(item_type=item):
            yield from _structs(item)
        case inspect.UnionType(types=types):
            for member in types:
                yield from _structs(member)
