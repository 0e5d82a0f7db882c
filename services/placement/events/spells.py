"""Spells: what begins on a day and ends on one, over and over, told in whatever order."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace


class Spell(Struct, frozen=True, kw_only=True):
    """`what` goes on through both of its days; without an end of its own, see `last_day`."""

    what: str
    begun_on: date
    ended_on: date | None = None


S = TypeVar("S", bound=Spell)


def begun_last(spells: Iterable[S], what: str, day: date) -> S | None:
    """The spell that something of the day belongs to, in whatever order they were recorded."""
    begun = (spell for spell in spells if spell.what == what and spell.begun_on <= day)
    return max(begun, key=lambda spell: spell.begun_on, default=None)


def last_day(spell: Spell, spells: Iterable[Spell], over_on: date | None = None) -> date | None:
    """Until when the spell lasts: without an end of its own until the next of its kind begins.

    `over_on`: the last day of all of it, once that is known. None: it goes on.
    """
    if spell.ended_on is not None:
        return spell.ended_on
    later = (it.begun_on for it in spells if it.what == spell.what and it.begun_on > spell.begun_on)
    next_on = min(later, default=None)
    return over_on if next_on is None else next_on - timedelta(days=1)


def with_said(spells: tuple[S, ...], what: str, day: date, said: Callable[[S], S]) -> tuple[S, ...]:
    """The spells after something of the day was said of the one that it belongs to."""
    last = begun_last(spells, what, day)
    return tuple(said(spell) if spell is last else spell for spell in spells)


def ended(spells: tuple[S, ...], what: str, day: date) -> tuple[S, ...]:
    """The spells after an end; one that belongs to none, or to one that has ended, is no end."""
    return with_said(
        spells,
        what,
        day,
        lambda spell: spell if spell.ended_on is not None else replace(spell, ended_on=day),
    )
