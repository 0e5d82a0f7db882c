"""Ids and codes: what may stand in a subject, and what would betray a person."""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Annotated, Any, get_args
from uuid import UUID, uuid5

import msgspec
from msgspec import Meta

from shared.errors import PiiInEvent

EntityId = Annotated[
    str, Meta(pattern=r"^[a-z0-9-]{1,64}(?!\n)$", description="Stands in a subject.")
]
CommandId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:-]{1,128}(?!\n)$",
        description="Named by the caller; the same id again means the same command again.",
    ),
]
Code = Annotated[
    str, Meta(pattern=r"^[a-z0-9_]{1,40}(?!\n)$", description="A code of a code list.")
]

NAMESPACE = UUID("5f2c1d0e-7a4b-5c3d-9e8f-2b6a1c4d7e90")


def derived_id(*parts: str) -> str:
    """A UUIDv5 that is the same whenever the parts are."""
    return str(uuid5(NAMESPACE, "\n".join(parts)))


_CPR = re.compile(r"(?<![0-9A-Za-z])(\d\d)(\d\d)(\d\d) ?[-–]? ?\d{4}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9A-Za-z])(?:(?:\+|00)45 ?)?\d{2} ?\d{2} ?\d{2} ?\d{2}(?![0-9A-Za-z])")


def looks_like_cpr(text: str) -> bool:
    """Six digits that are a date and four more (a modulus 11 check would miss those since 2007)."""
    for day, month, year in (match.groups()[:3] for match in _CPR.finditer(text)):
        try:
            date(2000 + int(year), int(month), int(day))  # 2000 + n is a leap year when 1900 + n is
        except ValueError:
            continue
        return True
    return False


def leaves(value: object, path: str = "$") -> Iterator[tuple[str, object]]:
    """All that is no collection, each with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


# Numbers of companies, each with a pattern of its own; by chance some are a date and four digits.
_NUMBERS = frozenset({"cvr", "p_number"})


@cache
def _patterned(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Fields whose type says which characters they take: ids and codes, not free text."""
    fields = msgspec.structs.fields(kind)
    return frozenset(field.encode_name for field in fields if _has_pattern(field.type))


def _has_pattern(hint: Any) -> bool:
    if any(isinstance(meta, Meta) and meta.pattern for meta in getattr(hint, "__metadata__", ())):
        return True
    return any(_has_pattern(member) for member in get_args(hint))


def refuse_identity(command: msgspec.Struct) -> None:
    """Refuse a command that carries what looks like a CPR number, an e-mail address or a phone number.

    Eight digits are a phone number in free text alone: an id may hold as many.
    """
    patterned = _patterned(type(command))
    for path, text in leaves(msgspec.to_builtins(command)):
        field = re.split(r"[.\[]", path, maxsplit=2)[1] if path != "$" else ""
        if not isinstance(text, str) or field in _NUMBERS:
            continue
        if looks_like_cpr(text):
            raise PiiInEvent(path, "a CPR number")
        if _EMAIL.search(text):
            raise PiiInEvent(path, "an e-mail address")
        if field not in patterned and _PHONE.search(text):
            raise PiiInEvent(path, "a phone number")
