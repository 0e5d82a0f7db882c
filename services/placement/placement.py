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
    """Agree on a placement of an enrolled person at a company (aftale).

    Also of one who has completed or dropped out since: a job may follow the programme. `purpose`
    is a word of the caller's own: no list of the definition holds it.
    """

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
    """A spell of practice, wage hours or employment; without an end it runs until the placement's."""

    begun_on: date
    ended_on: date | None = None


class Placement(Struct, frozen=True, kw_only=True):
    """What was agreed, the strands as they were recorded, and the last day known to be busy."""

    agreed: PlacementAgreed | None = None
    practice: tuple[Strand, ...] = ()
    wage_hours: tuple[Strand, ...] = ()
    employment: tuple[Strand, ...] = ()
    busy_on: date = date.min
    ended_on: date | None = None
    said: tuple[PlacementEvent, ...] = ()


INITIAL = Placement()


class NotEnrolled(Refused):
    """Only who has been enrolled in a programme, and did not stay away from it, can be placed."""

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
            return replace(_busy(state, day), practice=(*state.practice, Strand(day)))
        case PracticeEnded(end_on=day):
            return replace(_busy(state, day), practice=_ended(state.practice, day))
        case WageHoursBegan(from_on=day):
            return replace(_busy(state, day), wage_hours=(*state.wage_hours, Strand(day)))
        case WageHoursReported(from_on=day):
            return _busy(state, day)  # a payslip may cover more days than were worked
        case WageHoursEnded(end_on=day):
            return replace(_busy(state, day), wage_hours=_ended(state.wage_hours, day))
        case EmploymentStarted(start_on=day):
            return replace(_busy(state, day), employment=(*state.employment, Strand(day)))
        case EmploymentEnded(end_on=day):
            return replace(_busy(state, day), employment=_ended(state.employment, day))
        case PlacementEnded(end_on=day):
            return replace(state, ended_on=day)
        case _:
            assert_never(event)


def decide(
    command: PlacementCommand, state: Placement, at: datetime, known: Known
) -> Sequence[PlacementEvent]:
    """Strands begin and end on their own, none of a kind twice a day; nothing after the end."""
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
            _refuse_after_exit(known, day)
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
        raise NotEnrolled("nobody is enrolled by this enrolment, or never came")
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


def _begun_last(strands: tuple[Strand, ...], day: date) -> Strand | None:
    """The strand that an end on the day belongs to, in whatever order they were recorded."""
    begun = (strand for strand in strands if strand.begun_on <= day)
    return max(begun, key=lambda strand: strand.begun_on, default=None)


def _ended(strands: tuple[Strand, ...], day: date) -> tuple[Strand, ...]:
    last = _begun_last(strands, day)
    return tuple(
        replace(strand, ended_on=day) if strand is last and strand.ended_on is None else strand
        for strand in strands
    )


def _refuse_begin(
    what: str, strands: tuple[Strand, ...], state: Placement, day: date, path: str
) -> None:
    """A spell that lies wholly before a known one may be registered after it."""
    _refuse_after_end(state, day, path)
    for strand in strands:
        last_on = strand.ended_on or state.ended_on
        if last_on is None and strand.begun_on <= day:
            raise NotPossible(f"{what} has been going on since {strand.begun_on}")
        if last_on is not None and strand.begun_on <= day <= last_on:
            raise NotPossible(f"{what} went on from {strand.begun_on} to {last_on}", path)


def _refuse_end(what: str, strands: tuple[Strand, ...], state: Placement, day: date) -> None:
    _refuse_after_end(state, day, "$.end_on")
    strand = _begun_last(strands, day)
    if strand is None and strands:
        raise NotPossible(f"{what} began after {day}", "$.end_on")
    if strand is None or strand.ended_on is not None:
        raise NotPossible(f"{what} is not going on")


def _refuse_after_exit(known: Known, day: date) -> None:
    """Practice is a part of the programme; paid hours and jobs after it are what it is for."""
    left_on = known.enrolled.ended_on if known.enrolled else None
    if left_on is not None and day > left_on:
        raise NotPossible(f"the person left the programme on {left_on}", "$.start_on")


def _refuse_after_end(state: Placement, day: date, path: str) -> None:
    if state.ended_on is not None and day > state.ended_on:
        raise NotPossible(f"the placement ended on {state.ended_on}", path)


def _refuse_before(start_on: date, end_on: date, path: str) -> None:
    if end_on < start_on:
        raise NotPossible(f"{end_on} lies before {start_on}", path)
