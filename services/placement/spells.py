"""Spells: what begins on a day and ends on one, over and over, told in whatever order."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from shared.errors import NotPossible


class Spell(Struct, frozen=True, kw_only=True):
    """`what` goes on through both of its days; without an end of its own, as long as all of it."""

    what: str
    begun_on: date
    ended_on: date | None = None


S = TypeVar("S", bound=Spell)


def begun_last(spells: Iterable[S], what: str, day: date) -> S | None:
    """The spell that something of the day belongs to, in whatever order they were recorded."""
    begun = (spell for spell in spells if spell.what == what and spell.begun_on <= day)
    return max(begun, key=lambda spell: spell.begun_on, default=None)


def ended(spells: tuple[S, ...], what: str, day: date) -> tuple[S, ...]:
    """The spells after an end; one that belongs to none, or to one that has ended, is no end."""
    last = begun_last(spells, what, day)
    return tuple(
        replace(spell, ended_on=day) if spell is last and spell.ended_on is None else spell
        for spell in spells
    )


def refuse_begin(
    spells: Iterable[Spell], what: str, day: date, path: str, over_on: date | None = None
) -> None:
    """A spell that lies wholly before a known one may be registered after it.

    `over_on`: the last day of all of it, once that is known.
    """
    for spell in spells:
        if spell.what != what:
            continue
        last_on = spell.ended_on or over_on
        if last_on is None and spell.begun_on <= day:
            raise NotPossible(f"{what} has been going on since {spell.begun_on}")
        if last_on is not None and spell.begun_on <= day <= last_on:
            raise NotPossible(f"{what} went on from {spell.begun_on} to {last_on}", path)


def refuse_end(spells: Iterable[Spell], what: str, day: date, path: str) -> None:
    """Only what has begun by the day, and not ended, can end on it."""
    known = [spell for spell in spells if spell.what == what]
    last = begun_last(known, what, day)
    if last is None and known:
        raise NotPossible(f"{what} began after {day}", path)
    if last is None or last.ended_on is not None:
        raise NotPossible(f"{what} is not going on")
