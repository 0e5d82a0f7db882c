"""Where a population lives: its programme, its seed, its months, and the names of its people."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from msgspec import Struct

from services.intake.events.definition import Definition, Term
from shared.clock import plus_months
from shared.identifiers import derived_id
from sluse.simulation.chance import chance, chosen
from sluse.simulation.parameters import Parameters


class Setting(Struct, frozen=True, kw_only=True):
    """All that a population follows from: the same setting, the same people.

    Referrals come in `months` calendar months from `first_month`; nothing is registered after
    `until`.
    """

    definition: Definition
    seed: int
    first_month: date
    months: int
    until: date
    parameters: Parameters = Parameters()

    def draws(self, whom: str, purpose: str) -> Random:
        """The stream of one person of this programme for one purpose."""
        return chance(self.seed, f"{self.definition.key}.{whom}", purpose)

    def name(self, *parts: str) -> str:
        """A command's id."""
        return ".".join([f"{self.definition.key}-simulation-{self.seed}", *parts])

    def id(self, *parts: str) -> str:
        """The id of a person, an enrolment, a placement."""
        return derived_id(self.name(*parts))

    def company(self, number: int) -> tuple[str, str]:
        """A company's CVR number, and its id."""
        cvr = str(self.draws(f"company-{number}", "cvr").randrange(10_000_000, 100_000_000))
        return cvr, f"cvr{cvr}"

    def referral_day(self, whom: str) -> date:
        """A day of the months, each month as often as its factor says."""
        draws = self.draws(whom, "referral")
        firsts = [plus_months(self.first_month, number) for number in range(self.months)]
        factors = self.parameters.month_factors
        first = chosen(draws, firsts, [factors[first.month - 1] for first in firsts])
        return first + timedelta(days=draws.randrange((plus_months(first, 1) - first).days))


def person(number: int) -> str:
    """By which name a person draws."""
    return f"person-{number:06}"


def valid(terms: Sequence[Term], day: date) -> tuple[Term, ...]:
    """The terms of a code list that may be used for something of the day."""
    return tuple(term for term in terms if term.valid_on(day))


def at(terms: Sequence[Term], position: int, day: date) -> str:
    """The code at a position of a list: what a reason means, no field says.

    A list with fewer codes begins again.
    """
    codes = valid(terms, day)
    return codes[position % len(codes)].code


def any_of(draws: Random, terms: Sequence[Term], day: date) -> str:
    """A code of a list, all alike."""
    return chosen(draws, valid(terms, day)).code


def meaning(terms: Sequence[Term], kinds: Sequence[str], day: date) -> str:
    """The first destination that counts as one of these, the first kind that there is."""
    codes = valid(terms, day)
    for kind in kinds:
        for term in codes:
            if term.destination == kind:
                return term.code
    return codes[-1].code
