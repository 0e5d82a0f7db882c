"""A placement (placering): one person at one company, with practice, wage hours and employment."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.intake.events.conformity import ReasonCode
from services.placement.events import (
    EmploymentEnded,
    EmploymentKind,
    EmploymentStarted,
    Minutes,
    PlacementAgreed,
    PlacementEnded,
    PlacementEvent,
    PracticeEnded,
    PracticeStarted,
    WageHoursBegan,
    WageHoursEnded,
    WageHoursReported,
)
from services.placement.known import Known
from shared.claim import Claim
from shared.command import Command
from shared.errors import InvalidField, NotPossible, Refused
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "placement"


class AgreePlacement(Command, frozen=True, kw_only=True):
    """Agree on a placement of an enrolled person at a company (aftale)."""

    placement: EntityId | None = None
    enrolment: EntityId
    company: EntityId
    purpose: Code


class StartPractice(Command, frozen=True, kw_only=True):
    """Practice begins (praktik); say what is known of wage hours now."""

    placement: EntityId
    start_on: FactDay
    planned_end_on: PlannedDay
    wage_hours: Literal["agreed", "none", "unknown"]


class EndPractice(Command, frozen=True, kw_only=True):
    """Practice ends; the day given was its last."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode


class BeginWageHours(Command, frozen=True, kw_only=True):
    """Ordinary paid hours begin (ordinære løntimer)."""

    placement: EntityId
    from_on: FactDay
    weekly_minutes: Minutes


class ReportWageHours(Command, frozen=True, kw_only=True):
    """So many minutes were paid in a period; 0 says that none were."""

    placement: EntityId
    from_on: FactDay
    to_on: FactDay
    wage_minutes: Annotated[int, Meta(ge=0)]
    evidence: Literal["payslip", "company", "citizen", "register"]


class EndWageHours(Command, frozen=True, kw_only=True):
    """Paid hours end; the day given was the last."""

    placement: EntityId
    end_on: FactDay


class StartEmployment(Command, frozen=True, kw_only=True):
    """An employment begins (ansættelse)."""

    placement: EntityId
    kind: EmploymentKind
    start_on: FactDay
    weekly_minutes: Minutes
    open_ended: bool


class EndEmployment(Command, frozen=True, kw_only=True):
    """The employment ends; the day given was its last."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode
    initiated_by: Literal["citizen", "company", "both", "unknown"]


class EndPlacement(Command, frozen=True, kw_only=True):
    """The placement is over, and with it every strand still open (afslutte)."""

    placement: EntityId
    end_on: FactDay
    reason: ReasonCode


PlacementCommand: TypeAlias = (
    AgreePlacement
    | StartPractice
    | EndPractice
    | BeginWageHours
    | ReportWageHours
    | EndWageHours
    | StartEmployment
    | EndEmployment
    | EndPlacement
)


class Strand(Struct, frozen=True):
    """The latest practice, wage hours or employment; it runs on its last day too."""

    begun_on: date
    ended_on: date | None = None


class Placement(Struct, frozen=True, kw_only=True):
    """What was agreed, the strands, and the last day that anything is known to have gone on."""

    agreed: PlacementAgreed | None = None
    practice: Strand | None = None
    wage_hours: Strand | None = None
    employment: Strand | None = None
    busy_on: date = date.min
    ended_on: date | None = None
    said: tuple[PlacementEvent, ...] = ()


INITIAL = Placement()


class NotEnrolled(Refused):
    """Only who is enrolled in a programme, and has not left it, can be placed."""

    code = "STATE"

    def __init__(self, why: str) -> None:
        super().__init__(why, "$.enrolment")


def entity_id(command: PlacementCommand) -> str:
    """The placement that the command is for; an agreement may leave naming it to us."""
    return command.placement or derived_id(command.command_id)


def evolve(state: Placement, event: PlacementEvent) -> Placement:
    state = replace(state, said=(*state.said, event))
    match event:
        case PlacementAgreed():
            return replace(state, agreed=event)
        case PracticeStarted(start_on=day):
            return replace(_busy(state, day), practice=Strand(day, state.ended_on))
        case PracticeEnded(end_on=day):
            return replace(_busy(state, day), practice=_ended(state.practice, day))
        case WageHoursBegan(from_on=day):
            return replace(_busy(state, day), wage_hours=Strand(day, state.ended_on))
        case WageHoursReported(from_on=day):
            return _busy(state, day)  # a payslip may cover more days than were worked
        case WageHoursEnded(end_on=day):
            return replace(_busy(state, day), wage_hours=_ended(state.wage_hours, day))
        case EmploymentStarted(start_on=day):
            return replace(_busy(state, day), employment=Strand(day, state.ended_on))
        case EmploymentEnded(end_on=day):
            return replace(_busy(state, day), employment=_ended(state.employment, day))
        case PlacementEnded(end_on=day):
            return replace(
                state,
                practice=_closed(state.practice, day),
                wage_hours=_closed(state.wage_hours, day),
                employment=_closed(state.employment, day),
                ended_on=day,
            )
        case _:
            assert_never(event)


def decide(
    command: PlacementCommand, state: Placement, at: datetime, known: Known
) -> Sequence[PlacementEvent]:
    """Strands begin and end on their own; nothing begins after the placement's end."""
    if isinstance(command, AgreePlacement):
        return _agree(command, state, known)
    if state.agreed is None:
        raise NotPossible(f"{type(command).__name__}: the placement is not agreed")
    event = _event(command)
    if event in state.said:
        return []  # said twice, true once
    match command:
        case StartPractice(start_on=day):
            _refuse_begin("practice", state.practice, state, day, "$.start_on")
            _refuse_before(day, command.planned_end_on, "$.planned_end_on")
        case EndPractice(end_on=day):
            _refuse_end("practice", state.practice, state, day)
        case BeginWageHours(from_on=day):
            _refuse_begin("wage hours", state.wage_hours, state, day, "$.from_on")
        case ReportWageHours(from_on=day):
            _refuse_after_end(state, day, "$.from_on")
            _refuse_before(day, command.to_on, "$.to_on")
        case EndWageHours(end_on=day):
            _refuse_end("wage hours", state.wage_hours, state, day)
        case StartEmployment(start_on=day):
            _refuse_begin("employment", state.employment, state, day, "$.start_on")
        case EndEmployment(end_on=day):
            _refuse_end("employment", state.employment, state, day)
        case EndPlacement(end_on=day):
            if state.ended_on is not None:
                raise NotPossible(f"the placement ended on {state.ended_on}")
            _refuse_before(state.busy_on, day, "$.end_on")
        case _:
            assert_never(command)
    return [event]


def claims(placement: str, state: Placement, event: PlacementEvent) -> Sequence[Claim]:
    """None: a person may have several placements at once."""
    return ()


def _agree(command: AgreePlacement, state: Placement, known: Known) -> Sequence[PlacementEvent]:
    if (agreed := state.agreed) is not None:
        # Compared by what the command says: the person may have left the programme since.
        if (agreed.enrolment, agreed.company, agreed.purpose) == (
            command.enrolment,
            command.company,
            command.purpose,
        ):
            return []
        raise NotPossible("another placement was agreed under this id")
    person = known.enrolled
    if person is None:
        raise NotEnrolled("nobody is enrolled by this enrolment")
    if person.ended_on is not None:
        raise NotEnrolled(f"the enrolment ended on {person.ended_on}")
    if not known.company_registered:
        raise InvalidField("$.company", "no such company is registered")
    return [
        PlacementAgreed(
            enrolment=command.enrolment,
            person_ref=person.person_ref,
            programme=person.programme,
            site=person.site,
            company=command.company,
            purpose=command.purpose,
        )
    ]


StrandCommand: TypeAlias = (
    StartPractice
    | EndPractice
    | BeginWageHours
    | ReportWageHours
    | EndWageHours
    | StartEmployment
    | EndEmployment
    | EndPlacement
)


def _event(command: StrandCommand) -> PlacementEvent:
    match command:
        case StartPractice(start_on=day, planned_end_on=planned, wage_hours=wage_hours):
            return PracticeStarted(start_on=day, planned_end_on=planned, wage_hours=wage_hours)
        case EndPractice(end_on=day, reason=reason):
            return PracticeEnded(end_on=day, reason=reason)
        case BeginWageHours(from_on=day, weekly_minutes=minutes):
            return WageHoursBegan(from_on=day, weekly_minutes=minutes)
        case ReportWageHours():
            return WageHoursReported(
                from_on=command.from_on,
                to_on=command.to_on,
                wage_minutes=command.wage_minutes,
                evidence=command.evidence,
            )
        case EndWageHours(end_on=day):
            return WageHoursEnded(end_on=day)
        case StartEmployment():
            return EmploymentStarted(
                kind=command.kind,
                start_on=command.start_on,
                weekly_minutes=command.weekly_minutes,
                open_ended=command.open_ended,
            )
        case EndEmployment(end_on=day, reason=reason, initiated_by=who):
            return EmploymentEnded(end_on=day, reason=reason, initiated_by=who)
        case EndPlacement(end_on=day, reason=reason):
            return PlacementEnded(end_on=day, reason=reason)
        case _:
            assert_never(command)


def _busy(state: Placement, day: date) -> Placement:
    return replace(state, busy_on=max(state.busy_on, day))


def _ended(strand: Strand | None, day: date) -> Strand | None:
    return strand and replace(strand, ended_on=day)


def _closed(strand: Strand | None, day: date) -> Strand | None:
    return strand if strand is None or strand.ended_on else replace(strand, ended_on=day)


def _refuse_begin(what: str, strand: Strand | None, state: Placement, day: date, path: str) -> None:
    _refuse_after_end(state, day, path)
    if strand is None:
        return
    if strand.ended_on is None:
        raise NotPossible(f"{what} has been going on since {strand.begun_on}")
    if day <= strand.ended_on:
        raise NotPossible(f"{what} went on until {strand.ended_on}: begin on a later day", path)


def _refuse_end(what: str, strand: Strand | None, state: Placement, day: date) -> None:
    if state.ended_on is not None:
        raise NotPossible(f"the placement ended on {state.ended_on}, and {what} with it")
    if strand is None or strand.ended_on is not None:
        raise NotPossible(f"{what} is not going on")
    _refuse_before(strand.begun_on, day, "$.end_on")


def _refuse_after_end(state: Placement, day: date, path: str) -> None:
    if state.ended_on is not None and day > state.ended_on:
        raise NotPossible(f"the placement ended on {state.ended_on}", path)


def _refuse_before(start_on: date, end_on: date, path: str) -> None:
    if end_on < start_on:
        raise NotPossible(f"{end_on} lies before {start_on}", path)
