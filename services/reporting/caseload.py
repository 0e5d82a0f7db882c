"""A caseload: one programme's facts at one moment, person by person."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

from msgspec import Struct

from services.intake.events.definition import Definition, Goal
from services.reporting.aftercare_facts import FollowUpFact, PlanFact, TouchpointFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import StrandFact, WageReportFact, WageStatementFact
from shared.errors import SluseError
from shared.facts import Fact
from shared.imprecise_date import first_day, last_day


class UnknownPhase(SluseError):
    """A goal names a phase that its definition does not have."""

    code = "UNKNOWN_PHASE"

    def __init__(self, goal: str, phase: str) -> None:
        super().__init__(f"goal {goal}: the definition has no phase {phase!r}")


class PersonFacts(Struct, frozen=True):
    """One person's facts in the programme, each once."""

    enrolments: list[EnrolmentFact]
    strands: list[StrandFact]
    statements: list[WageStatementFact]
    wage_reports: list[WageReportFact]
    follow_ups: list[FollowUpFact]

    def latest_enrolment(self, day: date) -> EnrolmentFact | None:
        """The enrolment that began last, at or before the day.

        Of two that began the same day (at two sites), the one that ended last or not at all.
        """
        begun = [
            (fact.start_on, exit_on(fact) or date.max, fact.enrolment, fact)
            for fact in self.enrolments
            if fact.start_on is not None and fact.start_on <= day
        ]
        return max(begun, key=lambda item: item[:3])[3] if begun else None


class Caseload(Struct, frozen=True, kw_only=True, dict=True):
    """One programme's facts at one moment, with the definition that measures them."""

    definition: Definition
    enrolments: tuple[EnrolmentFact, ...] = ()
    strands: tuple[StrandFact, ...] = ()
    statements: tuple[WageStatementFact, ...] = ()
    wage_reports: tuple[WageReportFact, ...] = ()
    plans: tuple[PlanFact, ...] = ()
    touchpoints: tuple[TouchpointFact, ...] = ()
    follow_ups: tuple[FollowUpFact, ...] = ()

    @cached_property
    def people(self) -> Mapping[str, PersonFacts]:
        """Everybody with a fact here, by person_ref, in its order."""
        people: dict[str, PersonFacts] = {}

        def of(person_ref: str) -> PersonFacts:
            return people.setdefault(person_ref, PersonFacts([], [], [], [], []))

        for enrolment in set(self.enrolments):
            of(enrolment.person_ref).enrolments.append(enrolment)
        for strand in set(self.strands):
            of(strand.person_ref).strands.append(strand)
        for statement in set(self.statements):
            of(statement.person_ref).statements.append(statement)
        for report in set(self.wage_reports):
            of(report.person_ref).wage_reports.append(report)
        for follow_up in set(self.follow_ups):
            of(follow_up.person_ref).follow_ups.append(follow_up)
        return dict(sorted(people.items()))

    def counted_employments(self, person: PersonFacts) -> list[StrandFact]:
        """The person's employments that count as ordinary, the first one first."""
        counted = self.definition.counted_employment
        return sorted(
            (
                strand
                for strand in person.strands
                if strand.strand == "employment"
                and strand.kind is not None
                and counted.counts(strand.kind, strand.weekly_minutes or 0)
            ),
            key=lambda strand: (strand.start_on, strand.placement),
        )

    def period(self, goal: Goal) -> tuple[date, date]:
        """The first and the last day of the goal's phase, or of the programme."""
        period = self.definition.period
        if goal.phase is not None:
            phases = {phase.id: phase.period for phase in self.definition.phases}
            if goal.phase not in phases:
                raise UnknownPhase(goal.id, goal.phase)
            period = phases[goal.phase]
        return first_day(period.start), last_day(period.end)


def exit_on(enrolment: EnrolmentFact) -> date | None:
    """The day from which the enrolment is over, however it ended."""
    return enrolment.never_started_on or enrolment.dropped_out_on or enrolment.completed_on


def gather(definition: Definition, facts: Iterable[Fact]) -> Caseload:
    """The caseload of one programme's facts; definitions among them are passed over."""
    enrolments: list[EnrolmentFact] = []
    strands: list[StrandFact] = []
    statements: list[WageStatementFact] = []
    wage_reports: list[WageReportFact] = []
    plans: list[PlanFact] = []
    touchpoints: list[TouchpointFact] = []
    follow_ups: list[FollowUpFact] = []
    for fact in facts:
        match fact:
            case EnrolmentFact():
                enrolments.append(fact)
            case StrandFact():
                strands.append(fact)
            case WageStatementFact():
                statements.append(fact)
            case WageReportFact():
                wage_reports.append(fact)
            case PlanFact():
                plans.append(fact)
            case TouchpointFact():
                touchpoints.append(fact)
            case FollowUpFact():
                follow_ups.append(fact)
    return Caseload(
        definition=definition,
        enrolments=tuple(enrolments),
        strands=tuple(strands),
        statements=tuple(statements),
        wage_reports=tuple(wage_reports),
        plans=tuple(plans),
        touchpoints=tuple(touchpoints),
        follow_ups=tuple(follow_ups),
    )
