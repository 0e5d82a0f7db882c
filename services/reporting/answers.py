"""What reporting answers: goals, partition, findings and a person's timeline, each with its basis."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct

from services.intake.events.definition import Text
from services.intake.events.in_force import DefinitionFact, effective_on
from services.reporting import goals
from services.reporting.aftercare_facts import PlanFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.figure import AsOf
from services.reporting.findings import Finding, findings
from services.reporting.goals import GoalAnswer
from services.reporting.partition import Partition, partition
from services.reporting.placement_facts import PlacedFact
from services.reporting.reader import Question, Reader
from shared import moment
from shared.clock import copenhagen_day, now
from shared.envelope import Event, Recorded
from shared.errors import NotFound
from shared.subjects import subject_of


class ProgrammeAnswer(Struct, frozen=True, kw_only=True):
    """A programme, and the definition in force on the day."""

    key: str
    name: Text
    moment: str
    valid_on: date
    definition_version: int
    checksum: str
    versions: list[int]


class GoalsAnswer(AsOf, frozen=True, kw_only=True):
    """How far each goal is, and what the data does not settle."""

    goals: list[GoalAnswer]
    findings: list[Finding]


class PartitionAnswer(AsOf, frozen=True, kw_only=True):
    """Everybody enrolled by the day, each in one class, and what the data does not settle."""

    counting_unit: str
    enrolled: int
    denominator: int
    unknown: int
    classes: dict[str, int]
    people: dict[str, tuple[str, ...]]
    findings: list[Finding]


class FindingsAnswer(AsOf, frozen=True, kw_only=True):
    """Where the data leaves a hole or disagrees with itself."""

    findings: list[Finding]


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """One event: when it happened, when it was registered and recorded, by whom."""

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
    """All that is recorded of a person at a moment, by the day it happened."""

    person_ref: str
    moment: str
    valid_on: date | None
    events: list[TimelineEntry]


async def programmes(reader: Reader, question: Question) -> list[ProgrammeAnswer]:
    """All programmes known at the moment."""
    positions = await reader.moment(question.known)
    day = question.on or copenhagen_day(now())
    by_key: dict[str, list[DefinitionFact]] = {}
    for fact in await reader.facts(DefinitionFact, positions):
        by_key.setdefault(fact.programme, []).append(fact)
    answers = []
    for key, facts in sorted(by_key.items()):
        chosen = effective_on(facts, day)
        if chosen is not None:
            answers.append(
                ProgrammeAnswer(
                    key=key,
                    name=chosen.decoded().name,
                    moment=moment.written(positions),
                    valid_on=day,
                    definition_version=chosen.definition_version,
                    checksum=chosen.checksum,
                    versions=sorted(fact.definition_version for fact in facts),
                )
            )
    return answers


async def goals_of(reader: Reader, programme: str, question: Question) -> GoalsAnswer:
    """Every goal of the programme on the day."""
    caseload, as_of = await reader.caseload(programme, question)
    return GoalsAnswer(
        **msgspec.structs.asdict(as_of),
        goals=goals.answer(caseload, as_of),
        findings=findings(caseload, as_of),
    )


async def partition_of(reader: Reader, programme: str, question: Question) -> PartitionAnswer:
    """The status partition of the programme on the day."""
    caseload, as_of = await reader.caseload(programme, question)
    whole: Partition = partition(caseload, as_of)
    return PartitionAnswer(
        **msgspec.structs.asdict(as_of),
        counting_unit=whole.counting_unit,
        enrolled=whole.enrolled,
        denominator=whole.enrolled,
        unknown=whole.unknown,
        classes=whole.classes,
        people=whole.people,
        findings=findings(caseload, as_of),
    )


async def findings_of(reader: Reader, programme: str, question: Question) -> FindingsAnswer:
    """What was found in the programme's facts on the day."""
    caseload, as_of = await reader.caseload(programme, question)
    return FindingsAnswer(**msgspec.structs.asdict(as_of), findings=findings(caseload, as_of))


async def timeline(reader: Reader, person_ref: str, question: Question) -> TimelineAnswer:
    """The person's events known at the moment; with a day, those that had happened by then."""
    positions = await reader.moment(question.known)
    subjects = [subject_of("intake", "person", person_ref)]
    for kind, service, entity in _WHERE:
        facts = await reader.facts(kind, positions, person_ref=person_ref)
        subjects += [subject_of(service, entity, getattr(fact, entity)) for fact in facts]
    projection = reader.projection
    async with projection.reading() as db:
        histories = await projection.log.histories(
            db, sorted(set(subjects)), projection.vocabularies, positions
        )
    entries = [_entry(record) for history in histories.values() for record in history]
    if not entries:
        raise NotFound("nothing is recorded of this person at this moment", "person_ref")
    day = question.on
    if day is not None:
        entries = [it for it in entries if it.day <= day]
    entries.sort(key=lambda it: (it.day, it.recorded_at, it.position))
    return TimelineAnswer(
        person_ref=person_ref,
        moment=moment.written(positions),
        valid_on=day,
        events=entries,
    )


_WHERE: Sequence[tuple[Any, str, str]] = (
    (EnrolmentFact, "intake", "enrolment"),
    (PlacedFact, "placement", "placement"),
    (PlanFact, "aftercare", "plan"),
)


def _entry(record: Recorded) -> TimelineEntry:
    envelope = record.envelope
    return TimelineEntry(
        happened_on=_happened_on(record.event),
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


def _happened_on(event: Event) -> date | None:
    """The event's own day: the first one among its fields."""
    days = (getattr(event, name) for name in event.__struct_fields__)
    return next((day for day in days if isinstance(day, date)), None)
