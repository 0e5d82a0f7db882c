"""Which figures are incomplete: those of programmes that a parked entity belongs to, or may belong to."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.correction.events import CorrectionProposed, EventCorrected
from shared.envelope import Recorded
from shared.errors import Refused
from shared.moment import Positions
from shared.parking import ParkedEntity
from shared.projection import Projection

LOOKED_AT = 500
"""Of how many parked entities it is asked whose they are; of more, every figure is incomplete."""


class Incomplete(Refused):
    """Something of the programme is parked: its figures would not be whole."""

    code = "INCOMPLETE"

    def __init__(self, parked: int) -> None:
        super().__init__(
            f"{parked} entities of the programme are parked: its figures are not whole"
        )


class _Named(Struct, frozen=True):
    """Whom an entity's events name."""

    programmes: frozenset[str | None]
    people: frozenset[str]


async def parked_of(
    projection: Projection,
    db: AsyncConnection,
    parked: Mapping[str, ParkedEntity],
    positions: Positions,
    *,
    programme: str,
    people: Collection[str] = (),
) -> int:
    """How many parked entities may be missing in a programme's figures at a moment.

    `parked` as it was before the facts were read; `people` by all their names. Those parked at a
    later event were whole by then. An entity counts if its events name the programme, one of its
    people, no programme at all, or none in particular.
    """
    waiting = [it for it in parked.values() if it.position <= positions.get(it.stream, 0)]
    if len(waiting) > LOOKED_AT or not waiting:
        return len(waiting)
    subjects = sorted(it.entity for it in waiting)
    histories = await projection.log.histories(db, subjects, projection.vocabularies)
    named = (_named(subject, histories.get(subject, ())) for subject in subjects)
    return sum(
        not it.programmes
        or not it.programmes.isdisjoint({programme, None})
        # what counts of other programmes' placements, the people tell
        or not it.people.isdisjoint(people)
        for it in named
    )


def _named(subject: str, history: Sequence[Recorded]) -> _Named:
    _, entity, entity_id = subject.split(".")
    programmes: set[str | None] = {entity_id} if entity == "programme" else set()
    people: set[str] = set()
    for record in history:
        said = _said(record)
        if "programme" in said:
            programmes.add(_text(said["programme"]))
        people |= {ref for name in ("person_ref", "merged_ref") if (ref := _text(said.get(name)))}
    return _Named(frozenset(programmes), frozenset(people))


def _said(record: Recorded) -> Mapping[str, object]:
    """An event's data; of a correction those that hold instead."""
    match record.event:
        case EventCorrected(data=data):
            return data
        case CorrectionProposed():
            return {}
        case event:
            return {name: getattr(event, name) for name in event.__struct_fields__}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
