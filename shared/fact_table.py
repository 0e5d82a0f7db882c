"""Fact tables: a column per field of a fact, and the positions between which it was effective."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.facts import Fact

F = TypeVar("F", bound=Fact)

_TYPES: dict[type, type[sa.types.TypeEngine[Any]]] = {
    str: sa.Text,
    int: sa.BigInteger,
    bool: sa.Boolean,
    date: sa.Date,
}
_encoder = msgspec.json.Encoder()


def key_of(fact: Fact) -> str:
    """The same for equal facts."""
    return hashlib.blake2b(
        _encoder.encode(msgspec.structs.astuple(fact)), digest_size=16
    ).hexdigest()


class FactTable(Generic[F]):
    """The rows of one kind of fact.

    Beside the fact's fields: `entity` (its subject), `since` and `until` (positions in the
    entity's stream: effective at s when since <= s < until), `fact_key`.
    """

    def __init__(self, kind: type[F], metadata: sa.MetaData) -> None:
        self.kind = kind
        self.name = _snake(kind.__name__)
        self.fields = kind.__struct_fields__
        self.table = sa.Table(
            self.name,
            metadata,
            sa.Column("entity", sa.Text, primary_key=True),
            sa.Column("since", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("fact_key", sa.Text, primary_key=True),
            sa.Column("until", sa.BigInteger),
            *_columns(kind),
            sqlite_with_rowid=False,  # one tree of rows instead of rows and an index of their keys
        )
        for name in kind.INDEXED:
            if name in self.fields:
                sa.Index(f"ix_{self.name}_{name}", self.table.c[name])

    def row(self, entity: str, since: int, fact: Fact) -> dict[str, object]:
        """A row that is effective from a position on."""
        return {
            "entity": entity,
            "since": since,
            "until": None,
            "fact_key": key_of(fact),
            **msgspec.structs.asdict(fact),
        }

    async def effective(
        self, db: AsyncConnection, position: int | None = None, /, **equals: object
    ) -> list[F]:
        """The facts effective at a position (None: now) whose fields equal what is given.

        A frozenset stands for any of its values.
        """
        c = self.table.c
        query = sa.select(*(c[name] for name in self.fields))
        if position is None:
            query = query.where(c.until.is_(None))
        else:
            query = query.where(c.since <= position, sa.or_(c.until.is_(None), c.until > position))
        for name, value in equals.items():
            query = query.where(
                c[name].in_(value) if isinstance(value, frozenset) else c[name] == value
            )
        query = query.order_by(c.since, c.entity, c.fact_key)
        return [self.kind(**row) for row in (await db.execute(query)).mappings()]


class Changes:
    """Rows to open and to close, gathered over a batch and written with few statements."""

    def __init__(self) -> None:
        self._opened: dict[tuple[FactTable[Any], str, Fact], dict[str, object]] = {}
        self._shut: dict[FactTable[Any], list[dict[str, object]]] = {}
        self._closed: dict[FactTable[Any], list[dict[str, object]]] = {}

    def open(self, table: FactTable[Any], entity: str, position: int, fact: Fact) -> None:
        """The fact is effective from the position on."""
        self._opened[table, entity, fact] = table.row(entity, position, fact)

    def close(self, table: FactTable[Any], entity: str, position: int, fact: Fact) -> None:
        """The fact is effective no more from the position on."""
        row = self._opened.pop((table, entity, fact), None)
        if row is None:
            closing = {"b_entity": entity, "b_key": key_of(fact), "b_until": position}
            self._closed.setdefault(table, []).append(closing)
        else:
            row["until"] = position
            self._shut.setdefault(table, []).append(row)

    async def write(self, db: AsyncConnection) -> None:
        """Close first: a fact may be closed and opened again in one batch."""
        for table, closings in self._closed.items():
            c = table.table.c
            await db.execute(
                sa.update(table.table)
                .where(
                    c.entity == sa.bindparam("b_entity"),
                    c.fact_key == sa.bindparam("b_key"),
                    c.until.is_(None),
                )
                .values(until=sa.bindparam("b_until")),
                closings,
            )
        for table, rows in self._inserts():
            await db.execute(sa.insert(table.table), rows)

    def _inserts(self) -> Iterator[tuple[FactTable[Any], list[dict[str, object]]]]:
        by_table = {table: list(rows) for table, rows in self._shut.items()}
        for (table, _, _), row in self._opened.items():
            by_table.setdefault(table, []).append(row)
        yield from by_table.items()


def tables(kinds: Iterable[type[Fact]], metadata: sa.MetaData) -> dict[type[Fact], FactTable[Any]]:
    """A table for every kind of fact."""
    return {kind: FactTable(kind, metadata) for kind in kinds}


def _columns(kind: type[Fact]) -> Sequence[sa.Column[Any]]:
    hints = get_type_hints(kind)
    return [_column(name, hints[name]) for name in kind.__struct_fields__]


def _column(name: str, hint: Any) -> sa.Column[Any]:
    members = set(_plain_types(hint))
    plain = members - {NoneType}
    if len(plain) != 1:
        raise TypeError(f"{name}: {hint} is no column")
    return sa.Column(name, _TYPES[plain.pop()](), nullable=NoneType in members)


def _plain_types(hint: Any) -> Iterator[type]:
    """A union's members; a literal's type is that of its values."""
    if get_origin(hint) is Literal:
        yield from (type(value) for value in get_args(hint))
    elif members := get_args(hint):
        for member in members:
            yield from _plain_types(member)
    else:
        yield hint


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name.removesuffix("Fact"))[1:]
