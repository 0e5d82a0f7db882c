"""Causes: the events between two moments that changed what a programme is answered from."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.aftercare_facts import TouchpointFact
from services.reporting.attribution import OF_PLACEMENT
from services.reporting.caseload import Caseload
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import FACTS, STREAM_OF
from services.reporting.person_facts import AliasFact, survivors
from services.reporting.placement_facts import PlacedFact, StrandFact
from services.reporting.programme_facts import AT_ONCE
from services.reporting.reader import Reader
from shared.envelope import Recorded
from shared.facts import Fact
from shared.moment import Positions

NAMES = ("person_ref", "merged_ref", "company", "cvr", "placement", "problem", "plan", "event_id")
"""The fields by which facts name what a measure counts."""


class Cause(Struct, frozen=True, kw_only=True):
    """An event that changed what is known of the programme, and whose facts it changed.

    `person_ref`: of two merged records the one that survives.
    """

    id: str
    type: str
    subject: str
    stream: str
    position: int
    recorded_at: datetime
    actor: str
    person_ref: str | None = None


class Traced(Struct, frozen=True, kw_only=True):
    """A cause, the kinds of facts that it opened or closed, and all that these name."""

    cause: Cause
    kinds: frozenset[type[Fact]]
    names: frozenset[str]


class Scope(Struct, frozen=True, kw_only=True):
    """What a programme is answered from beside its own facts: other programmes', by their ids.

    `whose`: by placement and plan, whose it is at either moment, whoever it was recorded of.
    """

    programme: str
    people: frozenset[str]
    enrolments: frozenset[str]
    placements: frozenset[str]
    plans: frozenset[str]
    whose: Mapping[str, frozenset[str]]


def scope_of(programme: str, *caseloads: Caseload) -> Scope:
    """All that any of the programme's caseloads was made of."""
    elsewhere = [fact for it in caseloads for fact in it.elsewhere]
    placed = [fact for it in caseloads for fact in it.placed]
    plans = [fact for it in caseloads for fact in it.plans]
    whose: defaultdict[str, set[str]] = defaultdict(set)
    for placed_fact in placed:
        whose[placed_fact.placement].add(placed_fact.person_ref)
    for plan in plans:
        whose[plan.plan].add(plan.person_ref)
    return Scope(
        programme=programme,
        people=frozenset(name for it in caseloads for name in it.people),
        enrolments=frozenset(fact.enrolment for fact in elsewhere),
        placements=frozenset(fact.placement for fact in placed if fact.programme != programme),
        plans=frozenset(fact.plan for fact in plans if fact.programme != programme),
        whose={name: frozenset(people) for name, people in whose.items()},
    )


async def causes(reader: Reader, scope: Scope, one: Positions, other: Positions) -> list[Traced]:
    """The events between two moments that opened or closed a fact of the scope, as recorded."""
    merged = [survivors(await reader.facts(AliasFact, moment)) for moment in (one, other)]
    projection = reader.projection
    kinds: dict[tuple[str, int], set[type[Fact]]] = {}
    names: dict[tuple[str, int], set[str]] = {}
    people: dict[tuple[str, int], str] = {}
    async with projection.reading() as db:
        for kind in FACTS:
            stream = STREAM_OF[kind]
            table = projection.tables[kind].table
            between = sorted((one[stream], other[stream]))
            async for row in _rows(db, table, _whose(kind, table, scope), between):
                position, *said = row
                if kind is AliasFact and scope.people.isdisjoint(said):
                    continue
                key = stream, position
                kinds.setdefault(key, set()).add(kind)
                names.setdefault(key, set()).update(filter(None, said))
                person_ref = dict(zip(_names(table), said, strict=True)).get("person_ref")
                if person_ref is not None:
                    people[key] = person_ref
        records = [
            record
            for stream in one
            for record in await projection.log.at(
                db,
                stream,
                sorted(at for name, at in kinds if name == stream),
                projection.vocabularies,
            )
        ]
    traced = [
        Traced(
            cause=_cause(record, _surviving(people.get((record.stream, record.position)), merged)),
            kinds=frozenset(kinds[record.stream, record.position]),
            names=_all_names(names[record.stream, record.position], scope.whose, merged),
        )
        for record in records
    ]
    return sorted(traced, key=lambda it: (it.cause.recorded_at, it.cause.stream, it.cause.position))


def _whose(kind: type[Fact], table: sa.Table, scope: Scope) -> Iterator[sa.ColumnElement[bool]]:
    """The rows of a kind that a caseload is made of, one condition after the other."""
    c = table.c
    if kind is AliasFact:
        yield sa.true()  # whoever else was merged is left out when it is read: they are few
    if "programme" in c:
        yield sa.or_(c.programme == scope.programme, c.programme.is_(None))
    if kind is EnrolmentFact:
        yield from _among(c.enrolment, scope.enrolments)
    elif kind is TouchpointFact:
        yield from _among(c.plan, scope.plans)
    elif kind in (PlacedFact, StrandFact, *OF_PLACEMENT):
        yield from _among(c.placement, scope.placements)


def _among(column: sa.Column[Any], ids: Iterable[str]) -> Iterator[sa.ColumnElement[bool]]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        yield column.in_(wanted[start : start + AT_ONCE])


async def _rows(
    db: AsyncConnection,
    table: sa.Table,
    conditions: Iterable[sa.ColumnElement[bool]],
    between: Sequence[int],
) -> Any:
    """For each row that begins or ends after the one position and by the other: where, and its names."""
    after, by = between
    if after == by:
        return
    said = [table.c[name] for name in _names(table)]
    for condition in conditions:
        for edge in (table.c.since, table.c.until):
            query = sa.select(edge, *said).where(condition, edge > after, edge <= by)
            for row in await db.execute(query):
                yield row


def _names(table: sa.Table) -> list[str]:
    return [name for name in NAMES if name in table.c]


def _all_names(
    names: Collection[str],
    whose: Mapping[str, frozenset[str]],
    merged: Iterable[Mapping[str, str]],
) -> frozenset[str]:
    """Also those under which a caseload of either moment has them."""
    given = set(names).union(*(whose[name] for name in names if name in whose))
    return frozenset(given.union(*({it[name] for name in given if name in it} for it in merged)))


def _surviving(person_ref: str | None, merged: Sequence[Mapping[str, str]]) -> str | None:
    """As the later moment has it."""
    return None if person_ref is None else merged[-1].get(person_ref, person_ref)


def _cause(record: Recorded, person_ref: str | None) -> Cause:
    return Cause(
        id=record.envelope.id,
        type=record.envelope.type,
        subject=record.envelope.subject,
        stream=record.stream,
        position=record.position,
        recorded_at=record.recorded_at,
        actor=record.envelope.actor,
        person_ref=person_ref,
    )
