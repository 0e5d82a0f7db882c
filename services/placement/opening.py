"""An opening (jobåbning): room for somebody at a company, until it is taken back."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, TypeAlias, assert_never

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.placement.company import refuse_unknown_programme
from services.placement.events import (
    Minutes,
    OpeningEvent,
    OpeningKind,
    OpeningReported,
    OpeningWithdrawn,
)
from services.placement.known import Known
from shared.claim import Claim
from shared.command import Command, said_by
from shared.errors import InvalidField, NotPossible
from shared.fact_days import FactDay, PlannedDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "opening"


class ReportOpening(Command, frozen=True, kw_only=True):
    """A company has room for somebody, perhaps carved out of other tasks (afknoppet job).

    `programme`: the one that it was found for; None: for all. `found_by` is the event's `origin`:
    a command's own says that it is an import or a simulation.
    """

    opening: EntityId | None = None
    company: EntityId
    kind: OpeningKind
    positions: Annotated[int, Meta(ge=1, le=1000)]
    weekly_minutes_min: Minutes
    weekly_minutes_max: Minutes
    start_by: PlannedDay | None = None
    carved: bool
    carved_from: Code | None = None
    found_by: Code
    sector: Code
    requirements: tuple[Code, ...] = ()
    reported_on: FactDay
    area: Code | None = None
    programme: EntityId | None = None
    site: Code | None = None


class WithdrawOpening(Command, frozen=True, kw_only=True):
    """The company takes the opening back (trække tilbage)."""

    opening: EntityId
    withdrawn_on: FactDay
    reason: Code


OpeningCommand: TypeAlias = ReportOpening | WithdrawOpening


class Opening(Struct, frozen=True, kw_only=True):
    """What was reported, and how it was withdrawn."""

    reported: OpeningReported | None = None
    withdrawn: OpeningWithdrawn | None = None


INITIAL = Opening()


def entity_id(command: OpeningCommand) -> str:
    """The opening that the command is for; a report may leave naming it to us."""
    return command.opening or derived_id(command.command_id)


def evolve(state: Opening, event: OpeningEvent) -> Opening:
    match event:
        case OpeningReported():
            return replace(state, reported=event)
        case OpeningWithdrawn():
            return replace(state, withdrawn=event)
        case _:
            assert_never(event)


def permit(state: Opening, event: OpeningEvent) -> None:
    """Reported once, and withdrawn once after it."""
    match event:
        case OpeningReported():
            if state.reported is not None:
                raise NotPossible("another opening was reported under this id")
            if event.weekly_minutes_max < event.weekly_minutes_min:
                least = event.weekly_minutes_min
                raise InvalidField("$.weekly_minutes_max", f"less than the least, {least}")
            if event.carved_from is not None and not event.carved:
                raise InvalidField("$.carved_from", "only a carved opening is carved from a task")
        case OpeningWithdrawn(withdrawn_on=day):
            if state.reported is None:
                raise NotPossible("no such opening is reported", "$.opening")
            if state.withdrawn is not None:
                raise NotPossible(f"it was withdrawn on {state.withdrawn.withdrawn_on}")
            _refuse_before(state.reported.reported_on, day)
        case _:
            assert_never(event)


def decide(
    command: OpeningCommand, state: Opening, at: datetime, known: Known
) -> Sequence[OpeningEvent]:
    """What has been said changes nothing; the company must be registered, the programme open."""
    event: OpeningEvent
    match command:
        case WithdrawOpening():
            event = said_by(command, OpeningWithdrawn)
        case ReportOpening():
            event = said_by(command, OpeningReported, origin=command.found_by)
        case _:
            assert_never(command)
    if event in (state.reported, state.withdrawn):
        return []  # said twice, true once
    if isinstance(command, ReportOpening):
        refuse_unknown(command, known)
    permit(state, event)
    return [event]


def claims(opening: str, state: Opening, event: OpeningEvent) -> Sequence[Claim]:
    """None: two openings of a company may be as like as two peas."""
    return ()


def refuse_unknown(said: ReportOpening | OpeningReported, known: Known) -> None:
    """Refuse an opening at a company, for a programme or a site that nobody knows."""
    if not known.company_registered:
        raise InvalidField("$.company", "no such company is registered")
    refuse_unknown_programme(said.programme, known)
    if said.site is None:
        return
    sites = [site.id for site in known.definition.sites] if known.definition else []
    if said.site not in sites:
        raise InvalidField("$.site", f"{said.site!r} is no site of the programme named")


def _refuse_before(reported_on: date, withdrawn_on: date) -> None:
    if withdrawn_on < reported_on:
        raise NotPossible(f"{withdrawn_on} lies before {reported_on}", "$.withdrawn_on")
