"""What is true of a person: other names of the same one, and where they live."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.intake.events import (
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ResidenceChanged,
)
from shared.envelope import Recorded
from shared.facts import Fact


class AliasFact(Fact, frozen=True, kw_only=True):
    """`merged_ref` is another name of the person `person_ref`, who survives a merge."""

    person_ref: str
    merged_ref: str


class ResidenceFact(Fact, frozen=True, kw_only=True):
    """Where the person lives from a day on; an area of None: nobody knows where.

    Without a day: since ever, as the person was registered.
    """

    person_ref: str
    area: str | None = None
    from_on: date | None = None


def fold(person_ref: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """The names merged into this one until their merge was reverted, and every residence."""
    merged: set[str] = set()
    areas: dict[date | None, str | None] = {}
    for recorded in history:
        match recorded.event:
            case PersonsMerged(merged_ref=other):
                merged.add(other)
            case PersonMergeReverted(merged_ref=other):
                merged.discard(other)
            case PersonRegistered(area=str(area)):
                areas[None] = area
            case ResidenceChanged(area=new_area, from_on=day):
                areas[day] = new_area
    return [
        *(AliasFact(person_ref=person_ref, merged_ref=other) for other in sorted(merged)),
        *(
            ResidenceFact(person_ref=person_ref, area=area, from_on=day)
            for day, area in areas.items()
        ),
    ]


def survivors(aliases: Iterable[AliasFact]) -> Mapping[str, str]:
    """For each merged name the one that survives all merges; those merged in a ring stay apart."""
    into = {fact.merged_ref: fact.person_ref for fact in aliases}
    survive: dict[str, str] = {}
    for merged_ref in into:
        name, passed = merged_ref, set[str]()
        while name in into and name not in passed:
            passed.add(name)
            name = into[name]
        survive[merged_ref] = name
    return survive
