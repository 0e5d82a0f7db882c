"""A placement (placering): one person at one company, with practice, wage hours and employment."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.placement.agreement import agreement, is_same
from services.placement.events import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PlacementCancelled,
    PlacementEnded,
    PlacementEvent,
    PlacementPersonChanged,
    PlacementPersonErased,
    PracticeEnded,
    PracticeExtended,
    PracticeStarted,
    WageHoursBegan,
    WageHoursChanged,
    WageHoursEnded,
    WageHoursReported,
)
from services.placement.events.spells import ended
from services.placement.known import Known
from services.placement.placement_commands import (
    AgreePlacement,
    BeginWageHours,
    CancelPlacement,
    ChangeEmployment,
    ChangePlacementPerson,
    ChangeWageHours,
    EndEmployment,
    EndPlacement,
    EndPractice,
    EndWageHours,
    ErasePlacementPerson,
    ExtendPractice,
    PlacementCommand,
    ReportWageHours,
    StartEmployment,
    StartPractice,
)
from services.placement.spells import refuse_begin
from services.placement.strands import (
    Strand,
    Terms,
    What,
    changed,
    extended,
    refuse_change,
    refuse_extension,
    refuse_strand_end,
    running,
)
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import NotPossible
from shared.identifiers import derived_id

NAME = "placement"


class Placement(Struct, frozen=True, kw_only=True):
    """What was agreed, for whom now, the strands as they were recorded, and the last busy day."""

    agreed: PlacementAgreed | None = None
    person_ref: str = ""
    strands: tuple[Strand, ...] = ()
    busy_on: date = date.min
    cancelled_on: date | None = None
    ended_on: date | None = None
    said: tuple[PlacementEvent, ...] = ()


INITIAL = Placement()


def entity_id(command: PlacementCommand) -> str:
    """The placement that the command is for; an agreement may leave naming it to us."""
    return command.placement or derived_id(command.command_id)


def evolve(state: Placement, event: PlacementEvent) -> Placement:
    state = replace(state, said=(*state.said, event))
    match event:
        case PlacementAgreed():
            return replace(state, agreed=event, person_ref=event.person_ref)
        case PracticeStarted(start_on=day, planned_end_on=planned):
            return _begun(state, Strand(what="practice", begun_on=day, planned_end_on=planned))
        case PracticeExtended(new_end_on=day):
            return replace(state, strands=extended(state.strands, day))
        case WageHoursBegan(from_on=day) | EmploymentStarted(start_on=day):
            what, terms = _terms(event, day)
            return _begun(state, Strand(what=what, begun_on=day, terms=(terms,)))
        case WageHoursChanged(from_on=day) | EmploymentChanged(from_on=day):
            return replace(_busy(state, day), strands=changed(state.strands, *_terms(event, day)))
        case WageHoursReported(from_on=day):
            return _busy(state, day)  # a payslip may cover more days than were worked
        case PracticeEnded(end_on=day):
            return _ended(state, "practice", day)
        case WageHoursEnded(end_on=day):
            return _ended(state, "wage hours", day)
        case EmploymentEnded(end_on=day):
            return _ended(state, "employment", day)
        case PlacementCancelled(cancelled_on=day):
            return replace(state, cancelled_on=day)
        case PlacementEnded(end_on=day):
            return replace(state, ended_on=day)
        case PlacementPersonChanged(person_ref=person_ref):
            return replace(state, person_ref=person_ref)
        case PlacementPersonErased():
            return state
        case _:
            assert_never(event)


def permit(state: Placement, event: PlacementEvent) -> None:
    """Strands begin and end on their own, none of a kind twice a day; nothing after the end."""
    if isinstance(event, PlacementAgreed):
        if state.agreed is not None:
            raise NotPossible("another placement was agreed under this id")
        return
    if state.agreed is None:
        raise NotPossible(f"{type(event).__name__} cannot follow: the placement is not agreed")
    if isinstance(event, PlacementPersonChanged | PlacementPersonErased):
        return
    if state.cancelled_on is not None:
        raise NotPossible(f"the placement was cancelled on {state.cancelled_on}")
    over_on = state.ended_on
    match event:
        case PracticeStarted(start_on=day):
            _permit_begin(state, "practice", day, "$.start_on")
            _refuse_before(day, event.planned_end_on, "$.planned_end_on")
        case PracticeExtended(new_end_on=day):
            refuse_extension(state.strands, day, over_on)
        case PracticeEnded(end_on=day):
            _permit_end(state, "practice", day)
        case WageHoursBegan(from_on=day):
            _permit_begin(state, "wage hours", day, "$.from_on")
        case WageHoursChanged(from_on=day):
            refuse_change(state.strands, "wage hours", day, over_on)
        case WageHoursReported(from_on=day):
            _refuse_after_end(state, day, "$.from_on")
            _refuse_before(day, event.to_on, "$.to_on")
        case WageHoursEnded(end_on=day):
            _permit_end(state, "wage hours", day)
        case EmploymentStarted(start_on=day):
            _permit_begin(state, "employment", day, "$.start_on")
        case EmploymentChanged(from_on=day):
            refuse_change(state.strands, "employment", day, over_on)
        case EmploymentEnded(end_on=day):
            _permit_end(state, "employment", day)
        case PlacementCancelled() | PlacementEnded() if over_on is not None:
            raise NotPossible(f"the placement ended on {over_on}")
        case PlacementCancelled():
            if state.busy_on > date.min:
                raise NotPossible("the placement has begun: end it")
        case PlacementEnded(end_on=day):
            _refuse_before(state.busy_on, day, "$.end_on")
        case _:
            assert_never(event)


EVENT_OF: Mapping[type[Command], type[PlacementEvent]] = {
    StartPractice: PracticeStarted,
    ExtendPractice: PracticeExtended,
    EndPractice: PracticeEnded,
    BeginWageHours: WageHoursBegan,
    ChangeWageHours: WageHoursChanged,
    ReportWageHours: WageHoursReported,
    EndWageHours: WageHoursEnded,
    StartEmployment: EmploymentStarted,
    ChangeEmployment: EmploymentChanged,
    EndEmployment: EmploymentEnded,
    CancelPlacement: PlacementCancelled,
    EndPlacement: PlacementEnded,
    ChangePlacementPerson: PlacementPersonChanged,
    ErasePlacementPerson: PlacementPersonErased,
}
"""The event that each command asks for, the agreement excepted; it says what the command says."""


def asked_for(command: PlacementCommand) -> PlacementEvent:
    """The event that a command asks for, the agreement excepted."""
    return said_by(command, EVENT_OF[type(command)])


def decide(
    command: PlacementCommand, state: Placement, at: datetime, known: Known
) -> Sequence[PlacementEvent]:
    """What holds already changes nothing; practice is for who has not left the programme."""
    if isinstance(command, AgreePlacement):
        return _agree(command, state, known)
    event = asked_for(command)
    if _holds(state, event):
        return []
    if isinstance(command, StartPractice):
        _refuse_after_exit(known, command.start_on)
    permit(state, event)
    return [event]


def claims(placement: str, state: Placement, event: PlacementEvent) -> Sequence[Claim]:
    """None: a person may have several placements at once."""
    return ()


def _agree(command: AgreePlacement, state: Placement, known: Known) -> Sequence[PlacementEvent]:
    if state.agreed is not None and is_same(command, state.agreed):
        return []
    event = agreement(command, known)
    permit(state, event)
    return [event]


def _holds(state: Placement, event: PlacementEvent) -> bool:
    """Said twice, true once; the same terms from another day on are more than was said."""
    match event:
        case PlacementPersonChanged(person_ref=person_ref):
            return state.person_ref == person_ref
        case WageHoursChanged(from_on=day) | EmploymentChanged(from_on=day):
            what, terms = _terms(event, day)
            strand = running(state.strands, what, day, state.ended_on)
            now = strand.terms_on(day) if strand else None
            return now == terms
    return event in state.said


Paid: TypeAlias = WageHoursBegan | WageHoursChanged | EmploymentStarted | EmploymentChanged


def _terms(event: Paid, day: date) -> tuple[What, Terms]:
    if isinstance(event, WageHoursBegan | WageHoursChanged):
        return "wage hours", Terms(from_on=day, weekly_minutes=event.weekly_minutes)
    terms = Terms(
        from_on=day,
        weekly_minutes=event.weekly_minutes,
        kind=event.kind,
        open_ended=event.open_ended,
    )
    return "employment", terms


def _busy(state: Placement, day: date) -> Placement:
    return replace(state, busy_on=max(state.busy_on, day))


def _begun(state: Placement, strand: Strand) -> Placement:
    return replace(_busy(state, strand.begun_on), strands=(*state.strands, strand))


def _ended(state: Placement, what: What, day: date) -> Placement:
    return replace(_busy(state, day), strands=ended(state.strands, what, day))


def _permit_begin(state: Placement, what: What, day: date, path: str) -> None:
    _refuse_after_end(state, day, path)
    refuse_begin(state.strands, what, day, path, state.ended_on)


def _permit_end(state: Placement, what: What, day: date) -> None:
    _refuse_after_end(state, day, "$.end_on")
    refuse_strand_end(state.strands, what, day)


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
