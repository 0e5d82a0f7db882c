"""How each touchpoint of a plan stands after all that was said: when it is due, what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from services.aftercare.events import (
    AftercarePlanAgreed,
    AftercarePlanRevised,
    FollowUpCompleted,
    FollowUpMissed,
    FollowUpRescheduled,
    FollowUpWaived,
    Touchpoint,
)
from services.aftercare.events.windows import around, due_on
from shared.envelope import Event

Term: TypeAlias = AftercarePlanAgreed | AftercarePlanRevised | FollowUpRescheduled | FollowUpWaived


class Standing(Struct, frozen=True, kw_only=True):
    """One touchpoint; held in time if it ever was, else on the first day that it was held at all.

    `missed`: the clock said so of this due day, and nothing within the window was registered since.
    """

    touchpoint: Touchpoint
    due_on: date
    waived_on: date | None = None
    held_on: date | None = None
    missed: bool = False

    @property
    def window(self) -> tuple[date, date]:
        """The first and the last day of a contact in time."""
        return around(self.due_on, self.touchpoint)

    @property
    def waits(self) -> bool:
        """Whether nothing has come of it yet."""
        return self.held_on is None and self.waived_on is None and not self.missed


def standings(events: Sequence[Event], by: date = date.max) -> Mapping[str, Standing]:
    """The touchpoints of the plan that holds on a day, by their ids.

    What was agreed counts by its own days, not by when it was recorded; of one day, what was
    recorded last. A revision agrees on all contacts anew: reschedulings and waivers before it are
    over. What was held stays held, also under another plan.
    """
    standing: dict[str, Standing] = {}
    for term in _terms(events, by):
        match term:
            case AftercarePlanAgreed() | AftercarePlanRevised():
                standing = {
                    it.id: Standing(touchpoint=it, due_on=due_on(term.anchor_on, it))
                    for it in term.touchpoints
                }
            case FollowUpRescheduled(touchpoint=name) if name in standing:
                standing[name] = replace(standing[name], due_on=term.new_due_on)
            case FollowUpWaived(touchpoint=name) if name in standing:
                standing[name] = replace(standing[name], waived_on=term.waived_on)
    return {name: _with_outcome(it, events) for name, it in standing.items()}


def _terms(events: Iterable[Event], by: date) -> Sequence[Term]:
    dated: list[tuple[date, Term]] = []
    for event in events:
        match event:
            case AftercarePlanAgreed(agreed_on=day):
                dated.append((day, event))
            case AftercarePlanRevised(revised_on=day):
                dated.append((day, event))
            case FollowUpRescheduled(rescheduled_on=day):
                dated.append((day, event))
            case FollowUpWaived(waived_on=day):
                dated.append((day, event))
    dated.sort(key=lambda item: item[0])
    return [term for day, term in dated if day <= by]


def _with_outcome(standing: Standing, events: Iterable[Event]) -> Standing:
    first, last = standing.window
    held: list[date] = []
    missed = False
    for event in events:
        match event:
            case FollowUpCompleted(touchpoint=name, party=party, held_on=day):
                if (name, party) == (standing.touchpoint.id, standing.touchpoint.party):
                    held.append(day)
            case FollowUpMissed(touchpoint=name, due_on=due):
                missed |= (name, due) == (standing.touchpoint.id, standing.due_on)
    in_time = [day for day in held if first <= day <= last]
    return replace(
        standing,
        held_on=min(in_time or held, default=None),
        missed=missed and not in_time,
    )
