"""The clerk (sagsbehandleren): registers what happened, some days later, in an order that can be."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias, TypeVar

from msgspec.structs import replace

from shared.clock import copenhagen_day
from shared.command import Command
from shared.fact_days import fact_days
from sluse.simulation.chance import exponential_days, happens, lognormal_days
from sluse.simulation.setting import Setting

C = TypeVar("C", bound=Command)

Delay: TypeAlias = Literal["enrolment", "ends"]

OPENS = time(7, tzinfo=UTC)
OPEN_SECONDS = 7 * 3600
LATE_REASON = "registered_late"


def registered(command: C, at: datetime, setting: Setting) -> C:
    """The command as registered at an instant, with a reason where that is later than allowed."""
    days = [day for _, day in fact_days(command)]
    is_late = bool(days) and (
        (copenhagen_day(at) - max(days)).days > setting.definition.late_after_days
    )
    return replace(
        command,
        registered_at=at,
        origin="simulation",
        late_reason=LATE_REASON if is_late else None,
    )


def registered_at(command: Command) -> datetime:
    """When a simulated command was registered."""
    if command.registered_at is None:
        raise ValueError(f"{command.command_id} was never registered")
    return command.registered_at


class Clerk:
    """Registers what happened to one person."""

    def __init__(self, setting: Setting, whom: str) -> None:
        self.setting = setting
        self.whom = whom
        self.commands: list[Command] = []

    def name(self, *parts: str) -> str:
        """A command's id."""
        return self.setting.name(self.whom, *parts)

    def id(self, *parts: str) -> str:
        """An entity's id."""
        return self.setting.id(self.whom, *parts)

    def register(
        self, command: C, delay: Delay, *behind: Command, happened_on: date | None = None
    ) -> C:
        """Some days after the last day that it speaks of, and after all that it builds upon."""
        day = happened_on or max(day for _, day in fact_days(command))
        draws = self.setting.draws(self.whom, f"registration {command.command_id}")
        of = self.setting.parameters.registration_delay
        days = lognormal_days(draws, of.ends if delay == "ends" else of.enrolment)
        if happens(draws, of.very_late):
            more = exponential_days(draws, of.very_late_mean_days_more)
            days = of.very_late_after_days + 1 + more
        at = instant(day + timedelta(days=days), draws.randrange(OPEN_SECONDS))
        for earlier in behind:
            at = max(at, registered_at(earlier) + timedelta(minutes=draws.randint(1, 5)))
        return self.put(command, at)

    def put(self, command: C, at: datetime) -> C:
        """Registered at this very instant."""
        done = registered(command, at, self.setting)
        self.commands.append(done)
        return done


def instant(day: date, second: int) -> datetime:
    """So many seconds after the desk opens."""
    return datetime.combine(day, OPENS) + timedelta(seconds=second)
