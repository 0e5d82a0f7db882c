"""What an operator asks of a simulation, and the setting that follows from it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from services.intake.events.conformity import last_counted_day
from services.intake.events.definition import Definition
from shared.errors import SluseError
from shared.imprecise_date import first_day, last_day
from sluse.simulation.parameters import Parameters
from sluse.simulation.setting import Setting

Command = TypeVar("Command", bound=Callable[..., None])

_DAY = click.DateTime(["%Y-%m-%d"])

_OPTIONS = (
    click.option("--programme", required=True, help="Its key."),
    click.option("--definition", type=click.Path(path_type=Path), help="Default: what is open."),
    click.option("--people", required=True, type=click.IntRange(1)),
    click.option("--seed", default=1, show_default=True, help="The same seed, the same people."),
    click.option("--months", type=click.IntRange(1), help="Of referrals; default: the period's."),
    click.option("--arrivals", type=click.FloatRange(0, min_open=True), help="Referrals a month."),
    click.option("--from", "since", type=_DAY, help="Default: the period's first month."),
    click.option("--until", type=_DAY, help="Registered by then; default: yesterday at most."),
    click.option("--accepted", type=click.FloatRange(0, 1), help="Share of referrals accepted."),
    click.option("--faults/--no-faults", default=True, show_default=True),
    click.option("--direct", is_flag=True, help="Write events into the streams, for load."),
    click.option("--out", type=click.Path(path_type=Path), help="Write the commands, send none."),
)


def asked_for(command: Command) -> Command:
    """Give a command line all options of a simulation."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Wish(Struct, frozen=True, kw_only=True):
    """The options of `sluse simulate`; `arrivals` a month say for how many months people come."""

    programme: str
    definition: Path | None
    people: int
    seed: int
    months: int | None
    arrivals: float | None
    since: datetime | None
    until: datetime | None
    accepted: float | None
    faults: bool
    direct: bool
    out: Path | None


class NoMonths(SluseError):
    """There is no month in which people could be referred."""

    code = "NO_MONTHS"


def setting_of(wish: Wish, definition: Definition, today: date) -> Setting:
    """The setting; what is not said follows from the programme's period and from today."""
    since = wish.since.date() if wish.since else first_day(definition.period.start)
    first_month = since.replace(day=1)
    yesterday = today - timedelta(days=1)
    until = min(wish.until.date() if wish.until else last_counted_day(definition), yesterday)
    months = wish.months
    if months is None and wish.arrivals is not None:
        months = ceil(wish.people / wish.arrivals)
    if months is None:
        months = _months(first_month, min(last_day(definition.period.end), until))
    if months < 1 or first_month > until:
        raise NoMonths(f"no month between {first_month} and {until}")
    parameters = Parameters()
    if wish.accepted is not None:
        parameters = replace(parameters, referral_accepted=wish.accepted)
    return Setting(
        definition=definition,
        seed=wish.seed,
        first_month=first_month,
        months=months,
        until=until,
        parameters=parameters,
    )


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month + 1
