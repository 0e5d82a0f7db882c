"""The effective events: what was recorded of an entity, less what corrections say otherwise."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from shared.correction.events import CORRECTIONS, Data, EventCorrected, EventRetracted
from shared.envelope import Recorded, Vocabulary


class Standing(Struct, frozen=True):
    """By event id: what is retracted, and which data hold in place of the event's own."""

    retracted: frozenset[str]
    corrected: Mapping[str, Data]


def standing(records: Sequence[Recorded]) -> Standing:
    """What an entity's corrections come to.

    Read from the last event back, so that each one's own fate is settled before it counts.
    """
    retracted: set[str] = set()
    corrected: dict[str, Data] = {}
    for record in reversed(records):
        event_id = record.envelope.id
        if event_id in retracted:
            continue
        match record.event:
            case EventRetracted() as event:
                retracted.add(event.event_id)
            case EventCorrected() as event:
                itself = corrected.get(event_id)
                data = event.data if itself is None else itself["data"]
                corrected.setdefault(event.event_id, data)
    return Standing(frozenset(retracted), corrected)


def effective(records: Sequence[Recorded], vocabulary: Vocabulary) -> tuple[Recorded, ...]:
    """One entity's events as they hold, in the order and with the envelopes of their recording.

    The corrections themselves are not among them. Raises Undecodable for corrected data that this
    version cannot read, as reading the event itself would.
    """
    if not any(isinstance(record.event, CORRECTIONS) for record in records):
        return tuple(records)
    holds = standing(records)
    return tuple(
        vocabulary.corrected(record, data)
        if (data := holds.corrected.get(record.envelope.id)) is not None
        else record
        for record in records
        if not isinstance(record.event, CORRECTIONS) and record.envelope.id not in holds.retracted
    )
