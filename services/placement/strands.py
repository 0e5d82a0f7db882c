"""The strands of a placement: practice, wage hours and employment, each on terms that may change."""

from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from services.placement.events.spells import Spell, begun_last, last_day, with_said
from services.placement.spells import refuse_end
from shared.errors import NotPossible

What: TypeAlias = Literal["practice", "wage hours", "employment"]


class Terms(Struct, frozen=True, kw_only=True):
    """What holds from a day on: minutes a week; an employment's kind, and whether it is open-ended."""

    from_on: date
    weekly_minutes: int
    kind: str = ""
    open_ended: bool = False


class Strand(Spell, frozen=True, kw_only=True):
    """A spell of practice (with its planned end), wage hours or employment (with their terms)."""

    planned_end_on: date = date.max
    terms: tuple[Terms, ...] = ()

    def terms_on(self, day: date) -> Terms | None:
        """What held on the day."""
        begun = [terms for terms in self.terms if terms.from_on <= day]
        return max(begun, key=lambda terms: terms.from_on, default=None)


def extended(strands: tuple[Strand, ...], new_end_on: date) -> tuple[Strand, ...]:
    """The strands after the latest practice was extended."""
    return with_said(
        strands, "practice", date.max, lambda strand: replace(strand, planned_end_on=new_end_on)
    )


def changed(strands: tuple[Strand, ...], what: What, terms: Terms) -> tuple[Strand, ...]:
    """The strands after the terms of one of them changed."""
    return with_said(
        strands,
        what,
        terms.from_on,
        lambda strand: replace(strand, terms=(*strand.terms, terms)),
    )


def running(
    strands: Iterable[Strand], what: What, day: date, over_on: date | None
) -> Strand | None:
    """The strand that runs on the day; `over_on`: the placement's last day, once that is known."""
    known = tuple(strands)
    strand = begun_last(known, what, day)
    if strand is None or day > (last_day(strand, known, over_on) or date.max):
        return None
    return strand


def weekly_minutes_on(strands: tuple[Strand, ...], day: date, over_on: date | None) -> int:
    """The paid minutes a week that were agreed on for the day."""
    paid = (
        running(strands, "wage hours", day, over_on),
        running(strands, "employment", day, over_on),
    )
    terms = (strand.terms_on(day) for strand in paid if strand is not None)
    return sum(it.weekly_minutes for it in terms if it is not None)


def refuse_extension(strands: Iterable[Strand], new_end_on: date, over_on: date | None) -> None:
    """A practice is extended while it runs, or when it ran for longer than planned."""
    last = begun_last(strands, "practice", date.max)
    if last is None:
        raise NotPossible("practice has not begun")
    last_on = last.ended_on or over_on
    if last_on is not None and last_on <= last.planned_end_on:
        raise NotPossible(f"practice ended on {last_on}")
    if new_end_on <= last.planned_end_on:
        raise NotPossible(f"it is planned to last until {last.planned_end_on}", "$.new_end_on")


def refuse_change(strands: Iterable[Strand], what: What, day: date, over_on: date | None) -> None:
    """Terms change while the strand runs, once a day: what was said wrongly is corrected."""
    strand = running(strands, what, day, over_on)
    if strand is None:
        raise NotPossible(f"no {what} on {day}", "$.from_on")
    if any(terms.from_on == day for terms in strand.terms):
        raise NotPossible(f"other terms were said of {day}: correct them", "$.from_on")


def refuse_strand_end(strands: Iterable[Strand], what: What, day: date) -> None:
    """As every end; not before the terms changed last, nor while an earlier one has no end.

    Such an end may be the earlier one's, moved by a correction beyond the start of the later.
    """
    known = tuple(strands)
    refuse_end(known, what, day, "$.end_on")
    strand = begun_last(known, what, day)
    if strand is None:
        return
    if any(terms.from_on > day for terms in strand.terms):
        raise NotPossible(f"the terms of {what} changed after {day}", "$.end_on")
    for it in known:
        if it.what == what and it.begun_on < strand.begun_on and it.ended_on is None:
            raise NotPossible(
                f"{what} began on {it.begun_on} and on {strand.begun_on}: end the earlier one first",
                "$.end_on",
            )
