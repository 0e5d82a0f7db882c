"""A programme's definition: period, sites, code lists, money and goals as data, with a checksum."""

import hashlib
from datetime import date
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from shared.clock import DURATION_PATTERN
from shared.identifiers import Code, EntityId
from shared.imprecise_date import ImpreciseDate

Share = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[int, Meta(ge=0, le=3660)]
WindowDays = Annotated[int, Meta(ge=0, le=366)]  # as much as a plan can agree on
Count = Annotated[int, Meta(ge=0)]
Duration = Annotated[str, Meta(pattern=DURATION_PATTERN)]
Denominator = Literal["referred", "enrolled", "started", "completed"]
Kind = Literal["small_job", "part_time", "full_time", "flex_job", "apprenticeship", "wage_subsidy"]


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """The same words in Danish and English."""

    da: str
    en: str


class Term(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One code of a code list, and the days on which it may be used (both ends included)."""

    code: Code
    name: Text
    valid_from: date | None = None
    valid_to: date | None = None
    destination: Literal["job", "education", "neither", "unknown"] | None = None

    def valid_on(self, day: date) -> bool:
        """Whether the code may be used for something of that day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Codes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The code lists of a programme.

    Commands are checked by all but `sectors`: these are the sectors that the programme looks for
    companies in. A company belongs to no programme, so it may be of any sector. What a placement
    is for (its purpose) has no list.
    """

    target_groups: tuple[Term, ...]
    benefits: tuple[Term, ...]
    referrers: tuple[Term, ...]
    sectors: tuple[Term, ...]
    reasons: tuple[Term, ...]
    destinations: tuple[Term, ...]
    criteria: tuple[Term, ...]


class Period(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From when to when the programme runs, as precisely as it is known."""

    start: ImpreciseDate
    end: ImpreciseDate


class Phase(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A part of the period, with its money in øre."""

    id: Code
    name: Text
    period: Period
    budget_ore: Count | None = None


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """A place where the programme runs."""

    id: Code
    name: Text


class CountedEmployment(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Which employment counts as ordinary (ordinær beskæftigelse)."""

    kinds: tuple[Kind, ...] = ("part_time", "full_time", "small_job")
    small_job_minutes: Count = 0

    def counts(self, kind: str, weekly_minutes: int) -> bool:
        """Whether an employment of this kind and length (minutes a week) counts."""
        return kind in self.kinds and (
            kind != "small_job" or weekly_minutes >= self.small_job_minutes
        )


class Touchpoint(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A follow-up agreed for one party: due the offset after the anchor, within ± window_days."""

    id: Code
    party: Literal["citizen", "company"]
    offset: Duration
    window_days: WindowDays


class Aftercare(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What aftercare offers when nothing else is agreed; grace_days is for late registration."""

    touchpoints: tuple[Touchpoint, ...]
    grace_days: Days


class _Goal(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    id: Code
    title: Text
    target: Count | None = None
    target_share: Share | None = None
    phase: Code | None = None


class ReachedStage(_Goal, frozen=True, tag="M01", tag_field="measure"):
    """M01: distinct persons who reached the stage within the period."""

    stage: Literal["referred", "assessed", "enrolled", "started", "completed"]


class EnteredEmployment(_Goal, frozen=True, tag="M04", tag_field="measure"):
    """M04: persons with a first counted employment, until days_after the exit or the end."""

    denominator: Denominator
    days_after: Days = 28


class Retention(_Goal, frozen=True, tag="M06", tag_field="measure"):
    """M06: persons in counted employment so many calendar months after their first one began."""

    months: Annotated[int, Meta(ge=1, le=60)]
    gap_days: Days = 14
    evidence_days: Days = 90


Goal: TypeAlias = ReachedStage | EnteredEmployment | Retention


class Definition(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that says what a programme is and how it is measured; `assumed` names what no source says."""

    key: EntityId
    version: Annotated[int, Meta(ge=1)]
    name: Text
    effective_from: date
    period: Period
    goal_window: Duration
    late_after_days: Days
    sites: tuple[Site, ...]
    phases: tuple[Phase, ...]
    codes: Codes
    counted_employment: CountedEmployment
    aftercare: Aftercare
    goals: tuple[Goal, ...]
    assumed: tuple[str, ...]


_deterministic = msgspec.json.Encoder(order="sorted")


def checksum_of(definition: Definition) -> str:
    """SHA-256 over the definition as sorted JSON: the same content, however the file was written."""
    return hashlib.sha256(_deterministic.encode(definition)).hexdigest()
