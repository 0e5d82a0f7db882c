"""What is true of a placement: its strands, what was said of wage hours, and the hours reported."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias

from msgspec.structs import replace

from services.placement.events import (
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PlacementEnded,
    PracticeEnded,
    PracticeStarted,
    WageHoursBegan,
    WageHoursEnded,
    WageHoursReported,
)
from shared.envelope import Event, Recorded
from shared.facts import Fact

Strand: TypeAlias = Literal["practice", "wage_hours", "employment"]
Says: TypeAlias = Literal["none", "agreed", "paid"]


class PlacedFact(Fact, frozen=True, kw_only=True):
    """Who is placed where; true from the agreement on, before anything has begun."""

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str


class StrandFact(Fact, frozen=True, kw_only=True):
    """Practice, wage hours or employment at one company; runs on both of its days and between."""

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    site: str | None = None
    company: str
    strand: str
    kind: str | None = None
    start_on: date
    end_on: date | None = None
    weekly_minutes: int | None = None
    open_ended: bool | None = None

    def runs_on(self, day: date) -> bool:
        """Whether it runs on the day; without an end it runs on."""
        return self.start_on <= day and (self.end_on is None or day <= self.end_on)


class WageStatementFact(Fact, frozen=True, kw_only=True):
    """What somebody said of the wage hours from a day on.

    Silent about how long, except that a report of no minutes says "none" of each day through its
    last; elsewhere `through_on` is `on`.
    """

    placement: str
    person_ref: str
    programme: str
    on: date
    through_on: date
    says: str


class WageReportFact(Fact, frozen=True, kw_only=True):
    """So many minutes were paid from the one day through the other."""

    placement: str
    person_ref: str
    programme: str
    from_on: date
    to_on: date
    wage_minutes: int


def fold(placement: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """All strands, statements and reports; nothing before the placement was agreed."""
    events = [recorded.event for recorded in history]
    for event in events:
        match event:
            case PlacementAgreed() as agreed:
                return [
                    _placed(placement, agreed),
                    *_strands(placement, agreed, events),
                    *_statements(placement, agreed, events),
                    *_reports(placement, agreed, events),
                ]
    return []


def _placed(placement: str, agreed: PlacementAgreed) -> PlacedFact:
    return PlacedFact(
        placement=placement,
        enrolment=agreed.enrolment,
        person_ref=agreed.person_ref,
        programme=agreed.programme,
        company=agreed.company,
    )


def _strands(
    placement: str, agreed: PlacementAgreed, events: Sequence[Event]
) -> Iterable[StrandFact]:
    strands: list[StrandFact] = []
    placement_end_on: date | None = None

    def begin(strand: Strand, start_on: date) -> StrandFact:
        return StrandFact(
            placement=placement,
            enrolment=agreed.enrolment,
            person_ref=agreed.person_ref,
            programme=agreed.programme,
            site=agreed.site,
            company=agreed.company,
            strand=strand,
            start_on=start_on,
        )

    for event in events:
        match event:
            case PracticeStarted(start_on=day):
                strands.append(begin("practice", day))
            case WageHoursBegan(from_on=day, weekly_minutes=minutes):
                strands.append(replace(begin("wage_hours", day), weekly_minutes=minutes))
            case EmploymentStarted(start_on=day):
                employment = begin("employment", day)
                strands.append(
                    replace(
                        employment,
                        kind=event.kind,
                        weekly_minutes=event.weekly_minutes,
                        open_ended=event.open_ended,
                    )
                )
            case PracticeEnded(end_on=day):
                _end(strands, "practice", day)
            case WageHoursEnded(end_on=day):
                _end(strands, "wage_hours", day)
            case EmploymentEnded(end_on=day):
                _end(strands, "employment", day)
            case PlacementEnded(end_on=day):
                placement_end_on = day
    # Last of all: a strand's own end may be registered after the placement's.
    return [
        replace(strand, end_on=placement_end_on) if strand.end_on is None else strand
        for strand in strands
    ]


def _end(strands: list[StrandFact], strand: Strand, end_on: date) -> None:
    """An end belongs to the one that began last before it, in whatever order they were recorded."""
    begun = [
        index
        for index, fact in enumerate(strands)
        if fact.strand == strand and fact.start_on <= end_on
    ]
    last = max(begun, key=lambda index: strands[index].start_on, default=None)
    if last is not None and strands[last].end_on is None:
        strands[last] = replace(strands[last], end_on=end_on)


def _statements(
    placement: str, agreed: PlacementAgreed, events: Sequence[Event]
) -> Iterable[WageStatementFact]:
    def said(says: Says, on: date, through_on: date | None = None) -> WageStatementFact:
        return WageStatementFact(
            placement=placement,
            person_ref=agreed.person_ref,
            programme=agreed.programme,
            on=on,
            through_on=through_on or on,
            says=says,
        )

    for event in events:
        match event:
            case PracticeStarted(start_on=day, wage_hours="none" | "agreed" as says):
                yield said(says, day)
            case WageHoursBegan(from_on=day):
                yield said("paid", day)
            case WageHoursEnded(end_on=day):
                yield said("none", day + timedelta(days=1))
            case WageHoursReported(from_on=day, to_on=last_day, wage_minutes=0):
                yield said("none", day, last_day)
            case WageHoursReported(from_on=day):
                # Paid on some day of the period; which one, nobody said.
                yield said("paid", day)


def _reports(
    placement: str, agreed: PlacementAgreed, events: Sequence[Event]
) -> Iterable[WageReportFact]:
    for event in events:
        match event:
            case WageHoursReported():
                yield WageReportFact(
                    placement=placement,
                    person_ref=agreed.person_ref,
                    programme=agreed.programme,
                    from_on=event.from_on,
                    to_on=event.to_on,
                    wage_minutes=event.wage_minutes,
                )
