"""Placement's own view of its placements: who is where, for which opening, and what runs when."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from services.placement import placement
from services.placement.events.spells import last_day
from services.placement.strands import Strand
from shared.envelope import Recorded
from shared.facts import Fact
from shared.view import View


class PlacementFact(Fact, frozen=True, kw_only=True):
    """Whom a placement was agreed for, and whose it is now; `cancelled`: nothing came of it."""

    INDEXED = ("opening", "person_ref", "agreed_for", "enrolment")

    placement: str
    enrolment: str
    agreed_for: str
    person_ref: str
    company: str
    opening: str | None
    cancelled: bool


class RunningFact(Fact, frozen=True, kw_only=True):
    """A strand on unchanged terms, on both of its days and between; practice pays no minutes."""

    INDEXED = ("company", "person_ref")

    placement: str
    person_ref: str
    company: str
    strand: str
    from_on: date
    to_on: date | None
    weekly_minutes: int

    def runs_on(self, day: date) -> bool:
        """Whether it runs on the day; without an end it runs on."""
        return self.from_on <= day <= (self.to_on or date.max)


def fold(placement_id: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The placement and its strands, once it is agreed."""
    state = placement.INITIAL
    for record in history:
        # the subject has chosen the entity, and its vocabulary read no other events there
        state = placement.evolve(state, record.event)  # type: ignore[arg-type]
    if state.agreed is None:
        return
    yield PlacementFact(
        placement=placement_id,
        enrolment=state.agreed.enrolment,
        agreed_for=state.agreed.person_ref,
        person_ref=state.person_ref,
        company=state.agreed.company,
        opening=state.agreed.opening,
        cancelled=state.cancelled_on is not None,
    )
    for strand in state.strands:
        last_on = last_day(strand, state.strands, state.ended_on)
        for from_on, to_on, minutes in _stretches(strand, last_on):
            yield RunningFact(
                placement=placement_id,
                person_ref=state.person_ref,
                company=state.agreed.company,
                strand=strand.what,
                from_on=from_on,
                to_on=to_on,
                weekly_minutes=minutes,
            )


def _stretches(strand: Strand, last_on: date | None) -> Iterator[tuple[date, date | None, int]]:
    """First day, last day and weekly minutes of each stretch on unchanged terms."""
    terms = sorted(strand.terms, key=lambda it: it.from_on)
    changes = [it.from_on for it in terms[1:]]
    starts = [strand.begun_on, *changes]
    ends = [*(day - timedelta(days=1) for day in changes), last_on]
    minutes = [it.weekly_minutes for it in terms] or [0]
    yield from zip(starts, ends, minutes, strict=True)


async def seats_taken(view: View, opening: str, but: str) -> int:
    """How many placements fill an opening, the cancelled ones and `but` excepted.

    One that has ended filled its position all the same: who wants another reports a new opening.
    """
    facts = await view.facts(PlacementFact, opening=opening, cancelled=False)
    return sum(fact.placement != but for fact in facts)


async def trainees_at(view: View, company: str, day: date) -> frozenset[str]:
    """Who practises at a company on a day."""
    facts = await view.facts(RunningFact, company=company, strand="practice")
    return frozenset(fact.person_ref for fact in facts if fact.runs_on(day))


async def paid_elsewhere(view: View, persons: Iterable[str], day: date, but: str) -> int:
    """The minutes a week that a person, known by these references, is paid on a day; `but` here."""
    facts = [fact for ref in persons for fact in await view.facts(RunningFact, person_ref=ref)]
    return sum(it.weekly_minutes for it in facts if it.placement != but and it.runs_on(day))
