"""When a spell may begin and end: one of a kind at a time, whatever was recorded first."""

from collections.abc import Iterable
from datetime import date

from services.placement.events.spells import Spell, begun_last, last_day
from shared.errors import NotPossible


def refuse_begin(
    spells: Iterable[Spell], what: str, day: date, path: str, over_on: date | None = None
) -> None:
    """A spell that lies wholly before a known one may be registered after it.

    `over_on`: the last day of all of it, once that is known.
    """
    known = [spell for spell in spells if spell.what == what]
    for spell in known:
        last_on = last_day(spell, known, over_on)
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
