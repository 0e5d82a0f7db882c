"""A programme that runs today: its definition, and its simulated history up to yesterday."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from services.intake.events.definition import Aftercare, CountedEmployment, Definition, Touchpoint
from services.intake.events.goals import (
    EnteredEmployment,
    ReachedStage,
    Retention,
    Text,
    TouchpointsHeld,
)
from shared.clock import copenhagen_day, now, plus_months
from sluse import programmes
from sluse.simulation.parameters import Parameters, PartyShares
from sluse.simulation.population import rows
from sluse.simulation.setting import Setting

SEED = 20
PEOPLE = 280
MONTHS_AGO = 12
BEHIND = Parameters(follow_up_held=PartyShares(0.60, 0.50))
"""Follow-ups are held less often than usual, so that some are overdue on any day."""


def definition_of(today: date) -> Definition:
    """Begun so many months ago and running on for two years: the template's, with goals of its own.

    Its key names its first month: next month's programme is another one.
    """
    first_month = _first_month(today)
    content = tomllib.loads(programmes.template(f"today-{first_month:%Y-%m}", first_month))
    return replace(
        msgspec.convert(content, Definition),
        name=Text(da="I gang i dag", en="Running today"),
        counted_employment=CountedEmployment(small_job_minutes=120),
        aftercare=Aftercare(touchpoints=tuple(_touchpoints()), grace_days=14),
        goals=(
            ReachedStage(
                id="referred",
                title=Text(da="300 borgere henvises", en="300 people are referred"),
                stage="referred",
                target=300,
            ),
            EnteredEmployment(
                id="entered_employment",
                title=Text(da="120 kommer i beskæftigelse", en="120 enter employment"),
                denominator="started",
                target=120,
            ),
            Retention(
                id="retained_3_months",
                title=Text(
                    da="60 procent er i job efter 3 måneder",
                    en="60 percent are employed after 3 months",
                ),
                months=3,
                target_share=0.6,
            ),
            TouchpointsHeld(
                id="follow_ups_held",
                title=Text(da="8 af 10 opfølgninger holdes", en="8 of 10 follow-ups are held"),
                target_share=0.8,
            ),
        ),
        assumed=("All of it: the programme, its people and its companies are simulated.",),
    )


def _first_month(today: date) -> date:
    return plus_months(today.replace(day=1), -MONTHS_AGO)


def _touchpoints() -> Iterator[Touchpoint]:
    """Often enough that somebody is due in every week."""
    parties: tuple[Literal["citizen", "company"], ...] = ("citizen", "company")
    for party in parties:
        for offset, window_days in (("1w", 5), ("2w", 5), ("1m", 10), ("2m", 10), ("3m", 14)):
            yield Touchpoint(
                id=f"{party}_{offset}",
                party=party,
                offset=f"P{offset.upper()}",
                window_days=window_days,
            )


def setting_of(today: date) -> Setting:
    """The population of the day; history runs up to the evening before."""
    return Setting(
        definition=definition_of(today),
        seed=SEED,
        first_month=_first_month(today),
        months=MONTHS_AGO + 1,
        until=today - timedelta(days=1),
        parameters=BEHIND,
    )


def today_demo(today: date | None = None) -> tuple[Definition, Iterator[bytes]]:
    """The definition to open, and the bodies of its commands in order; none is to be refused."""
    setting = setting_of(today or copenhagen_day(now()))
    every = rows(setting, PEOPLE, faults=True)
    return setting.definition, (row.body for row in every if row.refused is None)
