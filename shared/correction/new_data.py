"""New data of a recorded event: of its kind, and nothing that no command could have said."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.command import invalid_field
from shared.correction.events import Change, Data, EventCorrected
from shared.decision import Asked
from shared.envelope import Event, Recorded, Vocabulary
from shared.errors import InvalidField, Refused, UnknownField
from shared.fact_days import refuse_impossible_days
from shared.identifiers import refuse_identity


class Checked(Struct, frozen=True):
    """The event with its new data; the event that changes in the end, and where its data stand."""

    event: Event
    innermost: Event
    path: str


def checked(
    records: Sequence[Recorded],
    target: Recorded,
    data: Data,
    asked: Asked,
    *,
    fixed: Collection[str],
    path: str = "$.data",
) -> Checked:
    """Refuse data with an unknown, missing or misshapen field, an identity or an impossible day.

    The target may be a correction itself: then its data have data in them.
    """
    with paths(within(path)):
        event = _read(asked.vocabulary, target, data)
        if isinstance(target.event, Change) and isinstance(event, Change):
            if event.event_id != target.event.event_id:
                raise InvalidField("$.event_id", "it stays a correction of the same event")
        else:
            refuse_identity(event)
            refuse_impossible_days(event, asked.at)
            for name in fixed:
                if getattr(event, name, None) != getattr(target.event, name, None):
                    raise InvalidField(f"$.{name}", "the entity's id is made of it")
    if not isinstance(event, EventCorrected):
        return Checked(event, event, path)
    corrected = found(records, event.event_id, f"{path}.event_id")
    inner = checked(records, corrected, event.data, asked, fixed=fixed, path=f"{path}.data")
    return replace(inner, event=replace(event, data=msgspec.to_builtins(inner.event)))


def found(records: Sequence[Recorded], event_id: str, path: str) -> Recorded:
    """The entity's event of this id."""
    for record in records:
        if record.envelope.id == event_id:
            return record
    raise InvalidField(path, "the entity has no such event")


@contextmanager
def paths(renamed: Callable[[str], str]) -> Iterator[None]:
    """What is refused inside is refused with the path that the command has for it."""
    try:
        yield
    except Refused as refusal:
        refusal.path = renamed(refusal.path)
        raise


def within(path: str) -> Callable[[str], str]:
    """From a path in an event to the same one in the command that has its data at `path`."""
    return lambda inner: path + inner.removeprefix("$")


def _read(vocabulary: Vocabulary, target: Recorded, data: Data) -> Event:
    for name in data:
        if name not in target.event.__struct_fields__:
            raise UnknownField(f"$.{name}", f"{target.envelope.type} has no such field")
    try:
        return vocabulary.with_data(target, data)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from None
