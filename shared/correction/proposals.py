"""Proposed corrections: which of them wait for an answer, and what they ask for."""

from collections.abc import Sequence

from shared.correction.events import (
    Change,
    CorrectionApproved,
    CorrectionProposed,
    CorrectionRejected,
    EventCorrected,
    EventRetracted,
)
from shared.correction.new_data import found
from shared.envelope import Recorded
from shared.errors import InvalidField, NotPossible


def change_of(proposal: CorrectionProposed) -> Change:
    """What its approval will record."""
    if proposal.data is None:
        return EventRetracted(event_id=proposal.event_id, reason=proposal.reason)
    return EventCorrected(event_id=proposal.event_id, data=proposal.data, reason=proposal.reason)


def waiting(records: Sequence[Recorded]) -> dict[str, CorrectionProposed]:
    """By event id, the proposals that nobody has answered."""
    proposed: dict[str, CorrectionProposed] = {}
    for record in records:
        match record.event:
            case CorrectionProposed() as proposal:
                proposed[record.envelope.id] = proposal
            case (
                CorrectionApproved(proposal_id=answered) | CorrectionRejected(proposal_id=answered)
            ):
                proposed.pop(answered, None)
    return proposed


def to_answer(records: Sequence[Recorded], proposal_id: str) -> tuple[Recorded, CorrectionProposed]:
    """The proposal, which waits for an answer; it is answered once."""
    record = found(records, proposal_id, "$.proposal_id")
    if not isinstance(record.event, CorrectionProposed):
        raise InvalidField("$.proposal_id", "that event is no proposal")
    if proposal_id not in waiting(records):
        raise NotPossible("the proposal was answered already", "$.proposal_id")
    return record, record.event
