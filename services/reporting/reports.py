"""Reports: what stands behind their commands, and what can be asked of them."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec
from msgspec import Struct

from services.reporting import goals, report
from services.reporting.changes import ChangesAnswer, changes
from services.reporting.events import (
    VOCABULARY,
    ReportedFinding,
    ReportedGoal,
    ReportIssued,
    ReportSuperseded,
)
from services.reporting.figure import AsOf
from services.reporting.findings import Finding, findings
from services.reporting.goals import GoalAnswer
from services.reporting.partition import Partition, PartitionError, partition
from services.reporting.reader import Question, Reader
from services.reporting.report import IssueReport, Known, Report, ReportCommand, SupersedeReport
from shared import moment
from shared.clock import now
from shared.command import Command
from shared.envelope import Recorded
from shared.errors import InvalidField, NotFound, Refused
from shared.event_store import EventStore
from shared.facts import Fact
from shared.handling import AnyHandling, Handling, by_command, folded
from shared.moment import Positions
from shared.projection import Plan
from shared.view import View


class NotWhole(Refused):
    """Somebody stands in no class of the status, or in several: nothing may be reported."""

    code = "PARTITION"


class Incomplete(Refused):
    """Something of the programme is parked: figures would not be whole."""

    code = "INCOMPLETE"


class ReportFact(Fact, frozen=True, kw_only=True):
    """A report that was issued, at a position of its stream, and what took its place."""

    report: str
    programme: str
    valid_on: date
    moment: str
    digest: str
    superseded_by: str | None = None
    position: int


class ReportEntry(Struct, frozen=True, kw_only=True):
    """One line of the list of reports."""

    report: str
    programme: str
    valid_on: date
    moment: str
    digest: str
    superseded_by: str | None


class ReportAnswer(Struct, frozen=True, kw_only=True):
    """A report as it was issued; `restatable`: computed again now, it would say something else."""

    report: str
    issued_at: datetime
    issued_by: str
    content: ReportIssued
    superseded_by: str | None
    restatable: bool


def fold(report_id: str, history: Sequence[Recorded]) -> list[Fact]:
    """One fact for each report."""
    issued: ReportIssued | None = None
    position = 0
    superseded_by: str | None = None
    for recorded in history:
        match recorded.event:
            case ReportIssued() as event:
                issued, position = event, recorded.position
            case ReportSuperseded(superseded_by=successor):
                superseded_by = successor
    if issued is None:
        return []
    return [
        ReportFact(
            report=report_id,
            programme=issued.programme,
            valid_on=issued.valid_on,
            moment=issued.moment,
            digest=issued.digest,
            superseded_by=superseded_by,
            position=position,
        )
    ]


PLAN = Plan(
    name="reports",
    version=1,
    vocabularies=(VOCABULARY,),
    facts=(ReportFact,),
    folds={("reports", "report"): fold},
)


def handlings(store: EventStore, reader: Reader) -> Mapping[type[Command], AnyHandling]:
    """How reports are issued and superseded."""

    async def look_up(command: ReportCommand, state: Report, fresh: bool) -> Known:
        match command:
            case IssueReport():
                if command.moment is None:
                    known: Positions = await reader.latest()
                else:
                    known = moment.parse_positions(command.moment)
                return Known(
                    content=await content(reader, command.programme, command.valid_on, known)
                )
            case SupersedeReport(superseded_by=successor):
                _, other = await folded(store, report, successor, fresh)
                return Known(successor=other.issued)

    # what was given out was given out: a report is superseded, not corrected
    return by_command(Handling(report, look_up, correctable=False), ReportCommand)


async def content(
    reader: Reader,
    programme: str,
    valid_on: date,
    known: Positions,
    versions: Mapping[str, int] | None = None,
) -> ReportIssued:
    """What a report of the programme's day, as known at the moment, says.

    `versions`: the measures' versions by goal, as an issued report names them; else the latest.
    """
    caseload, as_of = await reader.caseload(programme, Question(valid_on, known))
    try:
        whole = partition(caseload, as_of)
    except PartitionError as error:
        raise NotWhole(error.message) from None
    answers = goals.answer(caseload, as_of, versions)
    return said(as_of, answers, whole, findings(caseload, as_of))


async def again(reader: Reader, issued: ReportIssued, known: Positions) -> ReportIssued:
    """The same report computed again, by the measures that it names, as known at a moment."""
    return await content(reader, issued.programme, issued.valid_on, known, _versions(issued))


async def listed(view: View, programme: str | None, question: Question) -> list[ReportEntry]:
    """All reports, or one programme's or one valid day's, in the order of issue.

    As they were known at an instant; a moment says nothing of reports.
    """
    await view.catch_up()
    equals: dict[str, object] = {"programme": programme, "valid_on": question.on}
    asked = {name: value for name, value in equals.items() if value is not None}
    projection = view.projection
    async with projection.reading() as db:
        position: int | None = None
        match question.known:
            case datetime() as at:
                if at > now():
                    raise InvalidField("known", "this instant has not come yet")
                position = await projection.log.position_at(db, VOCABULARY.stream, at)
            case Mapping():
                raise InvalidField("known", "reports stand in no moment: give an instant")
        facts = await projection.tables[ReportFact].effective(db, position, **asked)
    return [
        ReportEntry(
            report=fact.report,
            programme=fact.programme,
            valid_on=fact.valid_on,
            moment=fact.moment,
            digest=fact.digest,
            superseded_by=fact.superseded_by,
        )
        for fact in sorted(facts, key=lambda fact: fact.position)
    ]


async def one(
    store: EventStore, reader: Reader, report_id: str, known: Positions | datetime | None = None
) -> ReportAnswer:
    """A report with its content, and whether it would be another one now, or as known then."""
    envelope, state, issued = await issued_as(store, report_id)
    recomputed = await again(reader, issued, await _moment(reader, known))
    return ReportAnswer(
        report=report_id,
        issued_at=envelope.recorded_at,
        issued_by=envelope.envelope.actor,
        content=issued,
        superseded_by=state.superseded.superseded_by if state.superseded else None,
        restatable=recomputed.digest != issued.digest,
    )


async def difference(
    store: EventStore, reader: Reader, report_id: str, known: Positions | datetime | None = None
) -> ChangesAnswer:
    """What is different now, or as known then, from what the report said, and which events did it.

    Of the same day, and by the measures that the report names.
    """
    _, _, issued = await issued_as(store, report_id)
    return await changes(
        reader,
        issued.programme,
        Question(issued.valid_on, moment.parse_positions(issued.moment)),
        Question(issued.valid_on, await _moment(reader, known)),
        _versions(issued),
    )


async def _moment(reader: Reader, known: Positions | datetime | None) -> Positions:
    return await reader.latest() if known is None else await reader.moment(known)


def _versions(issued: ReportIssued) -> Mapping[str, int]:
    return {goal.id: goal.figure.measure_version for goal in issued.goals}


async def issued_as(store: EventStore, report_id: str) -> tuple[Recorded, Report, ReportIssued]:
    """The event that issued the report, its state, and what it said; NotFound if there is none."""
    history, state = await folded(store, report, report_id, fresh=True)
    if state.issued is None:
        raise NotFound("no such report was issued", "report")
    return history.records[0], state, state.issued


_deterministic = msgspec.json.Encoder(order="sorted")


def said(
    as_of: AsOf, goals: Sequence[GoalAnswer], whole: Partition, found: Sequence[Finding]
) -> ReportIssued:
    """A report of what was answered; persons stay out of it."""
    if as_of.incomplete:
        raise Incomplete("something of the programme is parked: its figures are not whole")
    reported = tuple(
        msgspec.convert(msgspec.to_builtins(goal), ReportedGoal) for goal in goals
    )  # what a report does not hold (who was counted) falls away
    findings = tuple(ReportedFinding(code=it.code, count=it.count) for it in found)
    return ReportIssued(
        programme=as_of.programme,
        moment=as_of.moment,
        valid_on=as_of.valid_on,
        definition_version=as_of.definition_version,
        checksum=as_of.checksum,
        goals=reported,
        enrolled=whole.enrolled,
        partition=whole.classes,
        findings=findings,
        digest=digest_of(as_of.valid_on, as_of.checksum, reported, whole.classes, findings),
    )


def digest_of(
    valid_on: date,
    checksum: str,
    goals: Sequence[ReportedGoal],
    classes: dict[str, int],
    findings: Sequence[ReportedFinding],
) -> str:
    """SHA-256 over what the report says, as sorted JSON."""
    said = [valid_on, checksum, goals, classes, findings]
    return hashlib.sha256(_deterministic.encode(said)).hexdigest()
