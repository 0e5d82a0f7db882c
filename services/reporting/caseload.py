"""A caseload: one programme's facts at one moment, person by person."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.definition import Definition, Period
from services.intake.events.goals import Goal
from services.reporting.aftercare_facts import AnswerFact, FollowUpFact, PlanFact, TouchpointFact
from services.reporting.company_facts import AgreementFact, LevelFact, OpeningFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.placement_facts import (
    PlacedFact,
    StrandFact,
    WageReportFact,
    WageStatementFact,
)
from services.reporting.present_people import with_present_people
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import AttendanceFact, PauseFact, ScoreFact, SupportFact
from services.reporting.registration_facts import (
    AftercareRegistrationFact,
    IntakeRegistrationFact,
    PlacementRegistrationFact,
    RegistrationFact,
)
from shared.errors import SluseError
from shared.facts import Fact
from shared.imprecise_date import first_day, last_day

F = TypeVar("F", bound=Fact)


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
    supports: list[SupportFact]
    attendances: list[AttendanceFact]
    scores: list[ScoreFact]

    def latest_enrolment(self, day: date) -> EnrolmentFact | None:
        """The enrolment that began last, at or before the day.

        Of two that began the same day (at two sites), the one that has ended last by then, or not yet.
        """

        def over_on(fact: EnrolmentFact) -> date:
            left_on = exit_on(fact)
            return left_on if left_on is not None and left_on <= day else date.max

        begun = [
            (fact.start_on, over_on(fact), fact.enrolment, fact)
            for fact in self.enrolments
            if fact.start_on is not None and fact.start_on <= day
        ]
        return max(begun, key=lambda item: item[:3])[3] if begun else None


class Caseload(Struct, frozen=True, kw_only=True, dict=True):
    """One programme's facts at one moment, with the definition that measures them.

    `elsewhere`: the same people's enrolments in other programmes; no measure counts them.
    """

    definition: Definition
    enrolments: tuple[EnrolmentFact, ...] = ()
    strands: tuple[StrandFact, ...] = ()
    statements: tuple[WageStatementFact, ...] = ()
    wage_reports: tuple[WageReportFact, ...] = ()
    plans: tuple[PlanFact, ...] = ()
    answers: tuple[AnswerFact, ...] = ()
    touchpoints: tuple[TouchpointFact, ...] = ()
    follow_ups: tuple[FollowUpFact, ...] = ()
    problems: tuple[ProblemFact, ...] = ()
    pauses: tuple[PauseFact, ...] = ()
    supports: tuple[SupportFact, ...] = ()
    attendances: tuple[AttendanceFact, ...] = ()
    scores: tuple[ScoreFact, ...] = ()
    levels: tuple[LevelFact, ...] = ()
    agreements: tuple[AgreementFact, ...] = ()
    openings: tuple[OpeningFact, ...] = ()
    placed: tuple[PlacedFact, ...] = ()
    registrations: tuple[RegistrationFact, ...] = ()
    elsewhere: tuple[EnrolmentFact, ...] = ()

    @cached_property
    def people(self) -> Mapping[str, PersonFacts]:
        """Everybody with a fact here, by person_ref, in its order."""
        people: dict[str, PersonFacts] = {}

        def of(person_ref: str) -> PersonFacts:
            return people.setdefault(person_ref, PersonFacts([], [], [], [], [], [], [], []))

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
        for support in set(self.supports):
            of(support.person_ref).supports.append(support)
        for attendance in set(self.attendances):
            of(attendance.person_ref).attendances.append(attendance)
        for score in set(self.scores):
            of(score.person_ref).scores.append(score)
        return dict(sorted(people.items()))

    @cached_property
    def _answers(self) -> Mapping[tuple[str, str], Sequence[AnswerFact]]:
        answers: defaultdict[tuple[str, str], list[AnswerFact]] = defaultdict(list)
        for fact in self.answers:
            answers[fact.plan, fact.party].append(fact)
        return answers

    def answers_of(self, plan: str, party: str) -> Sequence[AnswerFact]:
        """All that one party has answered to one offer of aftercare."""
        return self._answers.get((plan, party), ())

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

    def of(self, goal: Goal) -> "Caseload":
        """What the goal is about: all, or the enrolments of its target groups and sites alone.

        With an enrolment go its course and its placements, and what hangs on these: of the same
        person's other enrolments nothing is seen.
        """
        if not goal.target_groups and not goal.sites:
            return self
        kept = [
            fact
            for fact in self.enrolments
            if (not goal.target_groups or fact.target_group in goal.target_groups)
            and (not goal.sites or fact.site in goal.sites)
        ]
        enrolments = {fact.enrolment for fact in kept}
        placed = _among(self.placed, "enrolment", enrolments)
        placements = {fact.placement for fact in placed}
        plans = _among(self.plans, "placement", placements)
        return replace(
            self,
            enrolments=tuple(kept),
            strands=_among(self.strands, "enrolment", enrolments),
            statements=_among(self.statements, "placement", placements),
            wage_reports=_among(self.wage_reports, "placement", placements),
            plans=plans,
            answers=_among(self.answers, "placement", placements),
            touchpoints=_among(self.touchpoints, "plan", {fact.plan for fact in plans}),
            follow_ups=_among(self.follow_ups, "placement", placements),
            problems=_among(self.problems, "placement", placements),
            pauses=_among(self.pauses, "enrolment", enrolments),
            supports=_among(self.supports, "enrolment", enrolments),
            attendances=_among(self.attendances, "enrolment", enrolments),
            scores=_among(self.scores, "enrolment", enrolments),
            openings=tuple(
                fact
                for fact in self.openings
                if not goal.sites or fact.site is None or fact.site in goal.sites
            ),
            placed=placed,
        )

    def period(self, goal: Goal) -> tuple[date, date]:
        """The first and the last day of the goal's phase, or of the programme."""
        period = self._period(goal)
        return first_day(period.start), last_day(period.end)

    def period_as_given(self, goal: Goal) -> tuple[str, str]:
        """The same as the definition writes it: a month stays a month."""
        period = self._period(goal)
        return period.start, period.end

    def _period(self, goal: Goal) -> Period:
        if goal.phase is None:
            return self.definition.period
        phases = {phase.id: phase.period for phase in self.definition.phases}
        if goal.phase not in phases:
            raise UnknownPhase(goal.id, goal.phase)
        return phases[goal.phase]


def _among(facts: tuple[F, ...], name: str, values: Collection[str]) -> tuple[F, ...]:
    return tuple(fact for fact in facts if getattr(fact, name) in values)


def exit_on(enrolment: EnrolmentFact) -> date | None:
    """The day from which the enrolment is over, however it ended."""
    return (
        enrolment.never_started_on
        or enrolment.dropped_out_on
        or enrolment.completed_on
        or enrolment.transferred_on
    )


FIELD_OF: Mapping[type[Fact], str] = {
    EnrolmentFact: "enrolments",
    StrandFact: "strands",
    WageStatementFact: "statements",
    WageReportFact: "wage_reports",
    PlanFact: "plans",
    AnswerFact: "answers",
    TouchpointFact: "touchpoints",
    FollowUpFact: "follow_ups",
    ProblemFact: "problems",
    PauseFact: "pauses",
    SupportFact: "supports",
    AttendanceFact: "attendances",
    ScoreFact: "scores",
    LevelFact: "levels",
    AgreementFact: "agreements",
    OpeningFact: "openings",
    PlacedFact: "placed",
    RegistrationFact: "registrations",
    IntakeRegistrationFact: "registrations",
    PlacementRegistrationFact: "registrations",
    AftercareRegistrationFact: "registrations",
}
"""Where each kind of fact stands in a caseload; other kinds are none of its."""


def gather(
    definition: Definition, facts: Iterable[Fact], elsewhere: Iterable[EnrolmentFact] = ()
) -> Caseload:
    """The caseload of one programme's facts; what is none of a caseload's is passed over.

    What is told of a placement is its present person's, whoever it was told of.
    """
    gathered: dict[str, list[Fact]] = {name: [] for name in FIELD_OF.values()}
    for fact in with_present_people(list(facts)):
        name = FIELD_OF.get(type(fact))
        if name is not None:
            gathered[name].append(fact)
    # FIELD_OF has put each kind where it belongs: more than a type can say
    fields: dict[str, Any] = {name: tuple(some) for name, some in gathered.items()}
    return Caseload(definition=definition, elsewhere=tuple(elsewhere), **fields)
