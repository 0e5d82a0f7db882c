"""What reporting answers of a programme: goals, partition, measures, findings, each with its basis."""

import msgspec

from services.reporting import goals
from services.reporting.evidence import evidence
from services.reporting.figure import AsOf, Figure
from services.reporting.findings import Finding, findings
from services.reporting.goals import GoalAnswer
from services.reporting.measures.catalogue import all_figures, catalogue
from services.reporting.partition import Partition, partition
from services.reporting.reader import Question, Reader
from shared import moment


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


class MeasuresAnswer(AsOf, frozen=True, kw_only=True):
    """Every measure of the catalogue, with the definition's or the usual parameters.

    `left_out`: measures that this definition says too little for, and why.
    """

    figures: list[Figure]
    left_out: dict[str, str]


class FindingsAnswer(AsOf, frozen=True, kw_only=True):
    """Where the data leaves a hole or disagrees with itself."""

    findings: list[Finding]


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


async def measures_of(reader: Reader, programme: str, question: Question) -> MeasuresAnswer:
    """Every measure of the catalogue on the day."""
    caseload, as_of = await reader.caseload(programme, question)
    figures = all_figures(caseload, as_of)
    return MeasuresAnswer(
        **msgspec.structs.asdict(as_of),
        figures=figures,
        left_out=dict(catalogue(caseload.definition).left_out),
    )


async def findings_of(reader: Reader, programme: str, question: Question) -> FindingsAnswer:
    """What was found in the programme's facts on the day."""
    caseload, as_of = await reader.caseload(programme, question)
    positions = moment.parse_positions(as_of.moment)
    found = await evidence(reader.projection, findings(caseload, as_of), positions)
    return FindingsAnswer(**msgspec.structs.asdict(as_of), findings=found)
