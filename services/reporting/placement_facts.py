"""What is true of a placement: its strands, what was said of wage hours, and the hours reported."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from services.placement.events import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentStarted,
    PlacementAgreed,
    PlacementCancelled,
    PlacementEnded,
    PlacementPersonChanged,
    PracticeEnded,
    PracticeExtended,
    PracticeStarted,
    WageHoursBegan,
    WageHoursChanged,
    WageHoursEnded,
    WageHoursReported,
)
from services.placement.events.spells import Spell, ended, last_day, with_said
from shared.envelope import Event, Recorded
from shared.facts import Fact

Strand: TypeAlias = Literal["practice", "wage_hours", "employment"]
Says: TypeAlias = Literal["none", "agreed", "paid", "unknown"]


class PlacedFact(Fact, frozen=True, kw_only=True):
    """Who is placed where; true from the agreement on, before anything has begun.

    Also when nothing came of it: then there is nothing else of the placement.
    """

    INDEXED = ("programme", "person_ref", "enrolment", "opening")

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    company: str
    opening: str | None = None
    cancelled_on: date | None = None
    ended_on: date | None = None


class StrandFact(Fact, frozen=True, kw_only=True):
    """Practice, wage hours or employment at one company; runs on both of its days and between.

    What changes its kind or its minutes ends one of these on the day before and begins another:
    `begun_on` is the first day of them all. A planned end is only practice's, and ends nothing.
    """

    INDEXED = ("programme", "person_ref", "enrolment")

    placement: str
    enrolment: str
    person_ref: str
    programme: str
    site: str | None = None
    company: str
    strand: str
    kind: str | None = None
    begun_on: date
    start_on: date
    end_on: date | None = None
    weekly_minutes: int | None = None
    open_ended: bool | None = None
    planned_end_on: date | None = None

    def runs_on(self, day: date) -> bool:
        """Whether it runs on the day; without an end it runs on."""
        return self.start_on <= day and (self.end_on is None or day <= self.end_on)


class WageStatementFact(Fact, frozen=True, kw_only=True):
    """What somebody said of the wage hours from a day on; also that it is not known from then.

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
    """All strands, statements and reports; nothing unless the placement was agreed."""
    events = [recorded.event for recorded in history]
    agreed = next((event for event in events if isinstance(event, PlacementAgreed)), None)
    if agreed is None:
        return []
    placed = _placed(placement, agreed, events)
    if placed.cancelled_on is not None:
        return [placed]
    return [
        placed,
        *_strands(placed, agreed.site, events),
        *_statements(placed, events),
        *_reports(placed, events),
    ]


def _placed(placement: str, agreed: PlacementAgreed, events: Sequence[Event]) -> PlacedFact:
    fact = PlacedFact(
        placement=placement,
        enrolment=agreed.enrolment,
        person_ref=agreed.person_ref,
        programme=agreed.programme,
        company=agreed.company,
        opening=agreed.opening,
    )
    for event in events:
        match event:
            case PlacementPersonChanged(person_ref=person_ref):
                fact = replace(fact, person_ref=person_ref)
            case PlacementCancelled(cancelled_on=day):
                fact = replace(fact, cancelled_on=day)
            case PlacementEnded(end_on=day):
                fact = replace(fact, ended_on=day)
    return fact


class _Terms(Struct, frozen=True):
    weekly_minutes: int | None = None
    kind: str | None = None
    open_ended: bool | None = None


class _Spell(Spell, frozen=True, kw_only=True):
    """A strand as it is told bit by bit: its terms by the day from which they hold."""

    what: Strand
    terms: dict[date, _Terms]
    planned_end_on: date | None = None


def _strands(placed: PlacedFact, site: str | None, events: Sequence[Event]) -> Iterable[StrandFact]:
    spells = _spells(events)
    for spell in spells:
        # The placement's end comes last of all: a strand's own may be registered after it.
        last_on = last_day(spell, spells, placed.ended_on)
        days = sorted(day for day in spell.terms if last_on is None or day <= last_on)
        ends = [*(day - timedelta(days=1) for day in days[1:]), last_on]
        for day, end_on in zip(days, ends, strict=False):
            terms = spell.terms[day]
            yield StrandFact(
                placement=placed.placement,
                enrolment=placed.enrolment,
                person_ref=placed.person_ref,
                programme=placed.programme,
                site=site,
                company=placed.company,
                strand=spell.what,
                kind=terms.kind,
                begun_on=spell.begun_on,
                start_on=day,
                end_on=end_on,
                weekly_minutes=terms.weekly_minutes,
                open_ended=terms.open_ended,
                planned_end_on=spell.planned_end_on,
            )


def _spells(events: Sequence[Event]) -> tuple[_Spell, ...]:
    spells: tuple[_Spell, ...] = ()
    for event in events:
        match event:
            case PracticeStarted(start_on=day, planned_end_on=planned):
                spells = (*spells, _begun("practice", day, _Terms(), planned))
            case WageHoursBegan(from_on=day, weekly_minutes=minutes):
                spells = (*spells, _begun("wage_hours", day, _Terms(minutes)))
            case EmploymentStarted(start_on=day):
                spells = (*spells, _begun("employment", day, _terms(event)))
            case PracticeExtended(new_end_on=planned):
                spells = with_said(spells, "practice", date.max, partial(_extended, planned))
            case WageHoursChanged(from_on=day, weekly_minutes=minutes):
                change = partial(_changed, day, _Terms(minutes))
                spells = with_said(spells, "wage_hours", day, change)
            case EmploymentChanged(from_on=day):
                change = partial(_changed, day, _terms(event))
                spells = with_said(spells, "employment", day, change)
            case PracticeEnded(end_on=day):
                spells = ended(spells, "practice", day)
            case WageHoursEnded(end_on=day):
                spells = ended(spells, "wage_hours", day)
            case EmploymentEnded(end_on=day):
                spells = ended(spells, "employment", day)
    return spells


def _begun(what: Strand, day: date, terms: _Terms, planned_end_on: date | None = None) -> _Spell:
    return _Spell(what=what, begun_on=day, terms={day: terms}, planned_end_on=planned_end_on)


def _extended(new_end_on: date, spell: _Spell) -> _Spell:
    return replace(spell, planned_end_on=new_end_on)


def _changed(day: date, terms: _Terms, spell: _Spell) -> _Spell:
    return replace(spell, terms=spell.terms | {day: terms})


def _terms(event: EmploymentStarted | EmploymentChanged) -> _Terms:
    return _Terms(event.weekly_minutes, event.kind, event.open_ended)


def _statements(placed: PlacedFact, events: Sequence[Event]) -> Iterable[WageStatementFact]:
    def said(says: Says, on: date, through_on: date | None = None) -> WageStatementFact:
        return WageStatementFact(
            placement=placed.placement,
            person_ref=placed.person_ref,
            programme=placed.programme,
            on=on,
            through_on=through_on or on,
            says=says,
        )

    for event in events:
        match event:
            case PracticeStarted(start_on=day, wage_hours=says):
                yield said(says, day)
            case WageHoursBegan(from_on=day) | WageHoursChanged(from_on=day):
                yield said("paid", day)
            case WageHoursEnded(end_on=day):
                yield said("none", day + timedelta(days=1))
            case WageHoursReported(from_on=day, to_on=last_day, wage_minutes=0):
                yield said("none", day, last_day)
            case WageHoursReported(from_on=day):
                # Paid on some day of the period; which one, nobody said.
                yield said("paid", day)


def _reports(placed: PlacedFact, events: Sequence[Event]) -> Iterable[WageReportFact]:
    for event in events:
        match event:
            case WageHoursReported():
                yield WageReportFact(
                    placement=placed.placement,
                    person_ref=placed.person_ref,
                    programme=placed.programme,
                    from_on=event.from_on,
                    to_on=event.to_on,
                    wage_minutes=event.wage_minutes,
                )
