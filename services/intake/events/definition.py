"""A programme's definition: period, sites, code lists, money and goals as data, with a checksum."""

import hashlib
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from services.intake.events.goals import Count, Days, Goal, Text
from shared.clock import DURATION_PATTERN
from shared.identifiers import Code, EntityId
from shared.imprecise_date import ImpreciseDate

WindowDays = Annotated[int, Meta(ge=0, le=366)]  # as much as a plan can agree on
Duration = Annotated[str, Meta(pattern=DURATION_PATTERN)]
Kind = Literal["small_job", "part_time", "full_time", "flex_job", "apprenticeship", "wage_subsidy"]


class Term(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One code of a code list, and the days on which it may be used (both ends included).

    Of destinations alone: what the code counts as, and whether who leaves so (moved, deceased,
    pensioned) is in nobody's caseload any more.
    """

    code: Code
    name: Text
    valid_from: date | None = None
    valid_to: date | None = None
    destination: Literal["job", "education", "neither", "unknown"] | None = None
    leaves_caseload: bool = False

    def valid_on(self, day: date) -> bool:
        """Whether the code may be used for something of that day."""
        return (self.valid_from or date.min) <= day <= (self.valid_to or date.max)


class Codes(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The code lists of a programme.

    Commands are checked by all but `sectors`: these are the sectors that the programme looks for
    companies in. A company belongs to no programme, so what is recorded of it has no list. What a
    placement is for (its purpose) has no list either.
    """

    target_groups: tuple[Term, ...]
    benefits: tuple[Term, ...]
    referrers: tuple[Term, ...]
    sectors: tuple[Term, ...]
    reasons: tuple[Term, ...]
    destinations: tuple[Term, ...]
    criteria: tuple[Term, ...]
    activities: tuple[Term, ...] = ()
    challenges: tuple[Term, ...] = ()
    purposes: tuple[Term, ...] = ()
    bases: tuple[Term, ...] = ()
    indicators: tuple[Term, ...] = ()
    instruments: tuple[Term, ...] = ()
    problems: tuple[Term, ...] = ()
    actions: tuple[Term, ...] = ()
    problem_outcomes: tuple[Term, ...] = ()


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


class PracticeLimit(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """How long a practice may last for some target groups (empty: all), by the law of its first day."""

    longest: Duration
    target_groups: tuple[Code, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, target_group: str, day: date) -> bool:
        """Whether it is the law for somebody of this group on the day."""
        return (not self.target_groups or target_group in self.target_groups) and (
            (self.valid_from or date.min) <= day <= (self.valid_to or date.max)
        )


class StaffTier(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One trainee for every `per` employees begun, up to `up_to` employees (None: all further)."""

    per: Annotated[int, Meta(ge=1)]
    up_to: Annotated[int, Meta(ge=1)] | None = None


class Definition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """All that says what a programme is and how it is measured; `assumed` names what no source says.

    `attribution`: which programme an outcome of a transferred person belongs to: the one in which
    it was placed (`active`), the last of the chain (`last`), or each of it (`both`).
    `most_weekly_minutes`: more paid minutes a week, all placements together, are implausible.
    """

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
    practice_limits: tuple[PracticeLimit, ...] = ()
    staff_tiers: tuple[StaffTier, ...] = ()
    attribution: Literal["active", "last", "both"] = "active"
    most_weekly_minutes: Count = 3600


_deterministic = msgspec.json.Encoder(order="sorted")


def checksum_of(definition: Definition) -> str:
    """SHA-256 over the definition as sorted JSON: the same content, however the file was written."""
    return hashlib.sha256(_deterministic.encode(definition)).hexdigest()
