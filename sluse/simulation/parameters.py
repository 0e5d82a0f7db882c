"""By what a simulated population lives: every number of the simulation, under the domain's names."""

from typing import TypeAlias

from msgspec import Struct

from services.intake.events.definition import Kind

Hazards: TypeAlias = tuple[tuple[float, float], ...]
"""Up to so many days, this chance a day; each holds from where the one before ended."""

FOR_EVER = float("inf")


class Lognormal(Struct, frozen=True):
    """Days: half of all take fewer than the median; sigma is that of the logarithm."""

    median: float
    sigma: float = 0.6


class Gamma(Struct, frozen=True):
    """Days of this mean; shorter and longer ones are cut off at the ends."""

    shape: float
    mean: float
    shortest: int
    longest: int


class Share(Struct, frozen=True):
    """One of several choices: how often, and from how many to how many (hours a week)."""

    share: float
    hours: tuple[float, float]


class PartyShares(Struct, frozen=True):
    """What is true of the citizen, and of the company."""

    citizen: float
    company: float


class RegistrationDelay(Struct, frozen=True, kw_only=True):
    """From the day to its registration (registreringsforsinkelse).

    `enrolment`: of what begins and of contacts. Wage hours come in one batch a month.
    """

    enrolment: Lognormal = Lognormal(2)
    ends: Lognormal = Lognormal(12)
    wage_hours_after_the_month: tuple[int, int] = (5, 20)
    very_late: float = 0.03
    very_late_after_days: int = 60
    very_late_mean_days_more: float = 30


class Faults(Struct, frozen=True, kw_only=True):
    """What goes wrong at the desk; each is a share."""

    corrections: float = 0.04
    retractions: float = 0.007
    registered_twice: float = 0.02
    merged_later: float = 0.5
    bad_rows: float = 0.015


class Assumed(Struct, frozen=True, kw_only=True):
    """What a history needs beside the domain's table: our own assumptions."""

    companies: int = 40
    settled_as_never_started_after_days: tuple[int, int] = (14, 40)
    attends_within_days: int = 7
    wage_hours_unknown_at_start: float = 0.15
    aftercare_answered_within_days: int = 4
    first_action: Lognormal = Lognormal(1.5)
    first_action_on_unresolved: float = 0.7
    corrected_after_days: tuple[int, int] = (1, 30)
    merged_after_days: tuple[int, int] = (20, 120)


class Parameters(Struct, frozen=True, kw_only=True):
    """The table of the synthetic population; times of a day's fraction are cut to whole days."""

    month_factors: tuple[float, ...] = (
        1.05, 1.10, 1.10, 1.00, 1.05, 0.95, 0.45, 1.10, 1.20, 1.15, 1.05, 0.80
    )  # fmt: skip
    referral_accepted: float = 0.80
    referral_to_enrolled: Lognormal = Lognormal(12)
    never_properly_started: float = 0.11
    enrolled_to_first_practice: Lognormal = Lognormal(14)
    practice_length: Gamma = Gamma(4, 140, 30, 182)
    drop_out_a_day_in_practice: Hazards = ((30, 0.0030), (FOR_EVER, 0.0017))
    first_wage_hour: Hazards = ((21, 0.0), (FOR_EVER, 0.0037))
    weekly_hours_at_start: tuple[Share, ...] = (
        Share(0.30, (2, 5)),
        Share(0.40, (5, 10)),
        Share(0.20, (10, 20)),
        Share(0.10, (20, 37)),
    )
    wage_hour_step_up_a_week: float = 0.02
    wage_hour_step_down_a_week: float = 0.005
    wage_hour_step_hours: tuple[float, float] = (2, 5)
    job_with_wage_hours_before: float = 0.75
    job_without_wage_hours_before: float = 0.40
    job_delay_mean_days: float = 10
    kind_of_job: tuple[tuple[Kind, Share], ...] = (
        ("small_job", Share(0.35, (4, 14))),
        ("part_time", Share(0.30, (15, 30))),
        ("full_time", Share(0.15, (37, 37))),
        ("flex_job", Share(0.12, (6, 20))),
        ("apprenticeship", Share(0.08, (37, 37))),
    )
    leaving_a_job_a_day: Hazards = (
        (7, 0.00583),
        (30, 0.00478),
        (90, 0.00343),
        (180, 0.00228),
        (365, 0.00152),
        (FOR_EVER, 0.0010),
    )
    aftercare_accepted: PartyShares = PartyShares(0.80, 0.65)
    follow_up_held: PartyShares = PartyShares(0.85, 0.70)
    follow_up_within_days: int = 5
    problems_per_placement: float = 0.6
    problems_within_days: int = 90
    problem_categories: tuple[float, ...] = (0.30, 0.20, 0.20, 0.10, 0.10, 0.10)
    problem_resolved: float = 0.75
    problem_resolved_after: Lognormal = Lognormal(9)
    registration_delay: RegistrationDelay = RegistrationDelay()
    faults: Faults = Faults()
    assumed: Assumed = Assumed()
