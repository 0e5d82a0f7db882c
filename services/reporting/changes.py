"""What became different between two moments, and which events did it."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import get_args

from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.goals import Denominator, Text
from services.intake.events.in_force import DefinitionFact
from services.reporting import goals
from services.reporting.aftercare_facts import AnswerFact, FollowUpFact, PlanFact, TouchpointFact
from services.reporting.causes import Cause, Traced, causes, scope_of
from services.reporting.company_facts import AgreementFact, LevelFact
from services.reporting.enrolment_facts import EnrolmentFact
from services.reporting.facts import FACTS
from services.reporting.figure import Figure, Number
from services.reporting.findings import findings
from services.reporting.goals import GoalAnswer
from services.reporting.partition import partition
from services.reporting.person_facts import AliasFact
from services.reporting.placement_facts import StrandFact, WageReportFact, WageStatementFact
from services.reporting.problem_facts import ProblemFact
from services.reporting.progress_facts import AttendanceFact, PauseFact, ScoreFact, SupportFact
from services.reporting.reader import Question, Reader
from services.reporting.registration_facts import RegistrationFact
from shared import moment
from shared.facts import Fact

TELLING: Mapping[str, tuple[type[Fact], ...]] = {
    "M13": (StrandFact, PlanFact, AnswerFact),
    "M14": (PlanFact, AnswerFact, TouchpointFact),
    "M15": (ProblemFact,),
    "M17": (LevelFact,),
    "M19": tuple(kind for kind in FACTS if issubclass(kind, RegistrationFact)),
    "M22": (AgreementFact,),
}
"""By measure, the facts that it counts by; all others count persons."""

OF_PERSONS: tuple[type[Fact], ...] = (
    AliasFact,
    EnrolmentFact,
    PauseFact,
    AttendanceFact,
    SupportFact,
    ScoreFact,
    StrandFact,
    WageStatementFact,
    WageReportFact,
    FollowUpFact,
)
OF_STAGES = (AliasFact, EnrolmentFact)

_COMPOSED = re.compile("[/@]")  # a touchpoint is plan/touchpoint, a loss of a job placement@day


class GoalChange(Struct, frozen=True, kw_only=True):
    """One goal at both moments; what came to count and what counts no more, and by which events.

    `definition_changed`: it is measured by another definition than before.
    """

    id: str
    title: Text
    counting_unit: str
    before: Number
    after: Number
    denominator_before: int | None
    denominator_after: int | None
    unknown_before: int | None
    unknown_after: int | None
    pending_before: int | None
    pending_after: int | None
    state_before: str | None
    state_after: str | None
    entered: tuple[str, ...]
    left: tuple[str, ...]
    definition_changed: bool
    causes: tuple[Cause, ...]


class CountChange(Struct, frozen=True, kw_only=True):
    """One class of the status, or one finding, and how many it counted at both moments."""

    name: str
    before: int
    after: int


class ChangesAnswer(Struct, frozen=True, kw_only=True):
    """A programme's figures of one day, as known at two moments: what differs, and all events."""

    programme: str
    valid_on: date
    before: str
    after: str
    definition_version_before: int
    definition_version_after: int
    definition_changed: bool
    goals: tuple[GoalChange, ...]
    partition: tuple[CountChange, ...]
    findings: tuple[CountChange, ...]
    events: tuple[Cause, ...]


async def changes(
    reader: Reader,
    programme: str,
    before: Question,
    after: Question,
    versions: Mapping[str, int] | None = None,
) -> ChangesAnswer:
    """The difference between what was known first and what was known then, of the same day.

    An event is named when it changed facts that the programme is answered from, also another
    programme's that are attributed to it; under a goal, when these are of what came to count there
    or counts no more. Where that does not explain the difference, as when a denominator moved,
    all that changed what the measure counts by are named.
    """
    then, as_of_then = await reader.caseload(programme, before)
    now, as_of_now = await reader.caseload(programme, Question(as_of_then.valid_on, after.known))
    traced = await causes(
        reader,
        scope_of(programme, then, now),
        moment.parse_positions(as_of_then.moment),
        moment.parse_positions(as_of_now.moment),
    )
    old = {it.id: it for it in goals.answer(then, as_of_then, versions)}
    new = {it.id: it for it in goals.answer(now, as_of_now, versions)}
    redefined = as_of_then.checksum != as_of_now.checksum
    return ChangesAnswer(
        programme=programme,
        valid_on=as_of_then.valid_on,
        before=as_of_then.moment,
        after=as_of_now.moment,
        definition_version_before=as_of_then.definition_version,
        definition_version_after=as_of_now.definition_version,
        definition_changed=redefined,
        goals=tuple(
            _compared(old.get(name), new.get(name), traced, redefined=redefined)
            for name in {**old, **new}
            if _printed(old.get(name)) != _printed(new.get(name))
        ),
        partition=_counts(partition(then, as_of_then).classes, partition(now, as_of_now).classes),
        findings=_counts(
            {it.code: it.count for it in findings(then, as_of_then)},
            {it.code: it.count for it in findings(now, as_of_now)},
        ),
        events=tuple(it.cause for it in traced),
    )


def _printed(answer: GoalAnswer | None) -> GoalAnswer | None:
    """What is said of the goal, whatever the moment and the version it is said by."""
    if answer is None:
        return None
    timeless = replace(answer.figure, moment="", definition_version=0, checksum="")
    return replace(answer, figure=timeless)


def _counts(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[CountChange, ...]:
    return tuple(
        CountChange(name=name, before=before.get(name, 0), after=after.get(name, 0))
        for name in {**before, **after}
        if before.get(name, 0) != after.get(name, 0)
    )


def _compared(
    old: GoalAnswer | None, new: GoalAnswer | None, traced: Sequence[Traced], *, redefined: bool
) -> GoalChange:
    either = new or old
    if either is None:
        raise ValueError("a goal stands in one of two definitions")
    was, now = (it.figure if it else None for it in (old, new))
    were = set(was.counted) if was else set()
    are = set(now.counted) if now else set()
    denominators = (it.denominator if it else None for it in (was, now))
    before, after = denominators
    behind = _behind(either.figure, were ^ are, traced, whole=before != after)
    return GoalChange(
        id=either.id,
        title=either.title,
        counting_unit=either.figure.counting_unit,
        before=was.value if was else None,
        after=now.value if now else None,
        denominator_before=before,
        denominator_after=after,
        unknown_before=was.unknown if was else None,
        unknown_after=now.unknown if now else None,
        pending_before=was.pending if was else None,
        pending_after=now.pending if now else None,
        state_before=old.state if old else None,
        state_after=new.state if new else None,
        entered=tuple(sorted(are - were)),
        left=tuple(sorted(were - are)),
        definition_changed=redefined,
        causes=tuple(
            it.cause
            for it in traced
            if it.cause.id in behind or (redefined and DefinitionFact in it.kinds)
        ),
    )


def _behind(
    figure: Figure, moved: Collection[str], traced: Sequence[Traced], *, whole: bool
) -> set[str]:
    """The ids of those of what moved; of all that the measure counts by, if that is not all.

    A denominator of those who reached a stage moves by what is said of enrolments alone.
    """
    kinds = TELLING.get(figure.measure, OF_PERSONS)
    names = {_COMPOSED.split(name)[0] for name in moved}
    telling = {it.cause.id for it in traced if not it.kinds.isdisjoint(kinds)}
    named = {it.cause.id for it in traced if not it.names.isdisjoint(names)} & telling
    if named and not whole:
        return named
    if figure.denominator_name in get_args(Denominator):
        of_stages = {it.cause.id for it in traced if not it.kinds.isdisjoint(OF_STAGES)}
        if whole and of_stages:
            return named | of_stages
    return telling or {it.cause.id for it in traced}
