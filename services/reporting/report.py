"""A report (afrapportering): figures given out once, so that they can be recomputed for ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias, assert_never

from msgspec import Meta, Struct

from services.reporting.events import (
    ReportEvent,
    ReportIssued,
    ReportSuperseded,
)
from shared.claim import Claim
from shared.command import Command
from shared.errors import InvalidField, NotPossible
from shared.fact_days import FactDay
from shared.identifiers import Code, EntityId, derived_id

NAME = "report"


class IssueReport(Command, frozen=True, kw_only=True):
    """Give out a programme's figures of a day, as known at a moment (afrapportere).

    Without a moment: what is known now.
    """

    report: EntityId | None = None
    programme: EntityId
    valid_on: FactDay
    moment: Annotated[str, Meta(max_length=80)] | None = None


class SupersedeReport(Command, frozen=True, kw_only=True):
    """Say that another report takes the place of this one (erstatte)."""

    report: EntityId
    superseded_by: EntityId
    reason: Code


ReportCommand: TypeAlias = IssueReport | SupersedeReport


class Report(Struct, frozen=True, kw_only=True):
    """What was issued, and what took its place."""

    issued: ReportIssued | None = None
    superseded: ReportSuperseded | None = None


INITIAL = Report()


class Known(Struct, frozen=True, kw_only=True):
    """What a report is made of: everything answered at the moment; and the successor, if any."""

    content: ReportIssued | None = None
    successor: ReportIssued | None = None


def entity_id(command: ReportCommand) -> str:
    """The report that the command is for; an issue may leave naming it to us."""
    return command.report or derived_id(command.command_id)


def evolve(state: Report, event: ReportEvent) -> Report:
    match event:
        case ReportIssued():
            return Report(issued=event, superseded=state.superseded)
        case ReportSuperseded():
            return Report(issued=state.issued, superseded=event)
        case _:
            assert_never(event)


def permit(state: Report, event: ReportEvent) -> None:
    """Issued once; superseded once, after that."""
    match event:
        case ReportIssued():
            if state.issued is not None:
                raise NotPossible("another report was issued under this id")
        case ReportSuperseded():
            if state.issued is None:
                raise NotPossible("no such report was issued", "$.report")
            if state.superseded is not None:
                raise NotPossible(f"{state.superseded.superseded_by} has taken its place already")
        case _:
            assert_never(event)


def decide(
    command: ReportCommand, state: Report, at: datetime, known: Known
) -> Sequence[ReportEvent]:
    """What is issued is what reporting answers at the moment, nothing else."""
    match command:
        case IssueReport():
            if known.content is None:
                raise InvalidField("$.programme", "there is nothing to report")
            if state.issued == known.content:
                return []  # said twice, true once
            event: ReportEvent = known.content
        case SupersedeReport(superseded_by=successor, reason=reason):
            event = ReportSuperseded(superseded_by=successor, reason=reason)
            if event == state.superseded:
                return []
            if known.successor is None or successor == command.report:
                raise InvalidField("$.superseded_by", "no such other report was issued")
            if state.issued is not None and known.successor.programme != state.issued.programme:
                raise InvalidField("$.superseded_by", "it is a report of another programme")
        case _:
            assert_never(command)
    permit(state, event)
    return [event]


def claims(report: str, state: Report, event: ReportEvent) -> Sequence[Claim]:
    """None: a report takes nothing from another."""
    return ()
