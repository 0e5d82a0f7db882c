"""A population (befolkning): its companies and people, and all rows in the order of registration."""

from collections.abc import Iterator
from datetime import timedelta

from services.placement.company_commands import RegisterCompany
from shared.command import Command
from sluse.simulation.chance import chosen
from sluse.simulation.clerk import Clerk, instant, registered, registered_at
from sluse.simulation.faults import Row, row, with_faults
from sluse.simulation.journey import journey
from sluse.simulation.registering import commands_of
from sluse.simulation.setting import Setting, person


def rows(setting: Setting, people: int, faults: bool) -> list[Row]:
    """All rows, as they came to the desks one after the other."""
    every = list(company_rows(setting))
    for number in range(people):
        every += person_rows(setting, number, faults)
    return sorted(every, key=_order)


def company_rows(setting: Setting) -> Iterator[Row]:
    """The companies, known before the first person comes."""
    sectors = setting.definition.codes.sectors
    for number in range(setting.parameters.assumed.companies):
        draws = setting.draws(f"company-{number}", "sector")
        command = RegisterCompany(
            command_id=setting.name(f"company-{number}", "RegisterCompany"),
            cvr=setting.company(number)[0],
            name=f"Virksomhed {number + 1}",
            sector=chosen(draws, sectors).code,
        )
        # A referral may be slipped back before the first month; the companies are older still.
        opened_on = setting.first_month - timedelta(days=31)
        yield row(registered(command, instant(opened_on, number), setting))


def person_rows(setting: Setting, number: int, faults: bool) -> list[Row]:
    """The rows of one person that are registered in time, in their order."""
    clerk = Clerk(setting, person(number))
    commands_of(clerk, journey(setting, number))
    every = with_faults(clerk) if faults else (row(command) for command in clerk.commands)
    in_time = [it for it in every if registered_at(it.command).date() <= setting.until]
    return sorted(in_time, key=_order)


def commands(setting: Setting, people: int) -> list[Command]:
    """The commands of a population without faults."""
    return [it.command for it in rows(setting, people, faults=False)]


def _order(it: Row) -> tuple[object, ...]:
    return registered_at(it.command), it.command.command_id, it.refused or ""
