"""A person's timeline: all that is recorded of somebody, under every name that they have had."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from msgspec import Raw, Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.aftercare_facts import PlanFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import STREAM_OF
from services.reporting.match_facts import MatchFact
from services.reporting.person_facts import AliasFact, survivors
from services.reporting.placement_facts import PlacedFact
from services.reporting.problem_facts import ProblemFact
from services.reporting.reader import Question, Reader
from services.reporting.registration_facts import occurred_on
from shared import moment
from shared.clock import copenhagen_day
from shared.envelope import Recorded
from shared.errors import NotFound
from shared.facts import Fact
from shared.moment import Positions
from shared.projection import Projection
from shared.subjects import subject_of

OF_A_PERSON: tuple[type[Fact], ...] = (EnrolmentFact, PlacedFact, PlanFact, ProblemFact)


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One event: when it happened, when it was registered and recorded, by whom.

    The data are those of the recording; what corrects them is an event of its own.
    """

    happened_on: date | None
    recorded_at: datetime
    registered_at: datetime
    stream: str
    position: int
    id: str
    type: str
    subject: str
    actor: str
    flags: list[str]
    data: Raw

    @property
    def day(self) -> date:
        """Where it stands among the others; what has no day of its own, on that of registration."""
        return self.happened_on or copenhagen_day(self.registered_at)


class TimelineAnswer(Struct, frozen=True, kw_only=True):
    """All that is recorded of a person at a moment, by the day it happened.

    `names`: the records that were one person then, the one asked for among them.
    """

    person_ref: str
    names: tuple[str, ...]
    moment: str
    valid_on: date | None
    events: list[TimelineEntry]


async def timeline(reader: Reader, person_ref: str, question: Question) -> TimelineAnswer:
    """The person's events known at the moment; with a day, those that had happened by then."""
    positions = await reader.moment(question.known)
    names = _names_of(person_ref, await reader.facts(AliasFact, positions))
    projection = reader.projection
    async with projection.reading() as db:
        subjects = {subject_of("intake", "person", name) for name in names}
        for kind in OF_A_PERSON:
            subjects |= await _theirs(db, projection, kind, names, positions)
        subjects |= await _proposed(db, projection, subjects, positions)
        histories = await projection.log.histories(
            db, sorted(subjects), projection.vocabularies, positions
        )
    entries = [_entry(record) for history in histories.values() for record in history]
    if not entries:
        raise NotFound("nothing is recorded of this person at this moment", "person_ref")
    day = question.on
    return TimelineAnswer(
        person_ref=person_ref,
        names=tuple(sorted(names)),
        moment=moment.written(positions),
        valid_on=day,
        events=sorted(
            (it for it in entries if day is None or it.day <= day),
            key=lambda it: (it.day, it.recorded_at, it.stream, it.position),
        ),
    )


def _names_of(person_ref: str, aliases: Collection[AliasFact]) -> frozenset[str]:
    """The one that survives all merges, and all that were merged into it."""
    survive = survivors(aliases)
    survivor = survive.get(person_ref, person_ref)
    merged = (name for name, into in survive.items() if into == survivor)
    return frozenset((person_ref, survivor, *merged))


async def _theirs(
    db: AsyncConnection,
    projection: Projection,
    kind: type[Fact],
    names: Collection[str],
    positions: Positions,
) -> set[str]:
    """The entities that are the person's, or were before they were taken back altogether.

    What was recorded of the wrong person and corrected is the right one's.
    """
    c, position = projection.tables[kind].table.c, positions[STREAM_OF[kind]]
    once = sa.select(c.entity).where(c.person_ref.in_(names), c.since <= position)
    holds = sa.and_(c.since <= position, sa.or_(c.until.is_(None), c.until > position))
    anothers = sa.select(c.entity).where(c.entity.in_(once), holds, c.person_ref.not_in(names))
    return set(await db.scalars(once)) - set(await db.scalars(anothers))


async def _proposed(
    db: AsyncConnection, projection: Projection, subjects: Collection[str], positions: Positions
) -> set[str]:
    """The matches of the enrolments among these."""
    c, position = projection.tables[MatchFact].table.c, positions[STREAM_OF[MatchFact]]
    enrolments = [it.rsplit(".", 1)[1] for it in subjects if it.startswith("intake.enrolment.")]
    found = sa.select(c.entity).where(c.enrolment.in_(enrolments), c.since <= position)
    return set(await db.scalars(found))


def _entry(record: Recorded) -> TimelineEntry:
    envelope = record.envelope
    return TimelineEntry(
        happened_on=occurred_on(record.event),
        recorded_at=record.recorded_at,
        registered_at=envelope.registered_at,
        stream=record.stream,
        position=record.position,
        id=envelope.id,
        type=envelope.type,
        subject=envelope.subject,
        actor=envelope.actor,
        flags=envelope.flags.split(),
        data=envelope.data,
    )
