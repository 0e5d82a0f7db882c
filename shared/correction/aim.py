"""What a correction is for in the end: one event, as it stands and as it would become."""

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from shared.command import said_by
from shared.correction.commands import (
    ApproveCorrection,
    CorrectEvent,
    CorrectionCommand,
    ProposeCorrection,
    RejectCorrection,
    RetractEvent,
)
from shared.correction.effective import standing
from shared.correction.events import Change, CorrectionProposed, EventCorrected, EventRetracted
from shared.correction.new_data import checked, found, within
from shared.correction.proposals import change_of, proposed
from shared.decision import Asked
from shared.envelope import Event, Recorded

_PROPOSAL = "$.proposal_id"


class Aim(Struct, frozen=True):
    """The event, whether retracted or not; `becomes` is None if nothing comes of the command.

    `path`: where the command has new data of it, or the proposal that has; empty if there are none.
    """

    stands: Event
    becomes: Event | None
    path: str = ""

    def within(self, path: str) -> str:
        """From a path in the new data to the one in the command."""
        return _PROPOSAL if self.path == _PROPOSAL else within(self.path)(path)


def aim_of(
    command: CorrectionCommand, records: Sequence[Recorded], asked: Asked, fixed: Collection[str]
) -> Aim:
    """Raises Refused for what no event of the entity, or no data of it, can be meant by."""
    change = _change(command, records)
    target = found(records, change.event_id, "$.event_id")
    path = ""
    if isinstance(change, EventCorrected):
        path = checked(records, target, change.data, asked, fixed=fixed).path
    last = innermost(records, target)
    stands = as_it_stands(records, last, asked)
    if isinstance(command, RejectCorrection):
        return Aim(stands, None)
    if isinstance(command, ApproveCorrection):
        path = path and _PROPOSAL
    changed = [*records, as_if_recorded(change, target)]
    return Aim(stands, as_it_stands(changed, last, asked), path)


def innermost(records: Sequence[Recorded], target: Recorded) -> Recorded:
    """The event that changes in the end: a correction's own target, and so on."""
    while isinstance(target.event, Change):
        target = found(records, target.event.event_id, "$.event_id")
    return target


def as_it_stands(records: Sequence[Recorded], target: Recorded, asked: Asked) -> Event:
    """The event with the data that hold for it by now."""
    data = standing(records).corrected.get(target.envelope.id)
    return target.event if data is None else asked.vocabulary.corrected(target, data).event


def as_if_recorded(change: Change, target: Recorded) -> Recorded:
    """For a replay alone, which asks for no more than the event and an id of its own."""
    return replace(target, envelope=replace(target.envelope, id=""), event=change)


def _change(command: CorrectionCommand, records: Sequence[Recorded]) -> Change:
    match command:
        case CorrectEvent():
            return said_by(command, EventCorrected)
        case RetractEvent():
            return said_by(command, EventRetracted)
        case ProposeCorrection():
            return change_of(said_by(command, CorrectionProposed))
        case ApproveCorrection() | RejectCorrection():
            _, proposal = proposed(records, command.proposal_id)
            return change_of(proposal)
