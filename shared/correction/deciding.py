"""Deciding on corrections: for every entity alike, by the rules that its module has for events."""

from collections.abc import Sequence
from typing import assert_never

import msgspec
from msgspec.structs import replace

from shared.actors import is_own
from shared.command import said_by
from shared.correction.commands import (
    ApproveCorrection,
    CorrectEvent,
    CorrectionCommand,
    ProposeCorrection,
    RejectCorrection,
    RetractEvent,
)
from shared.correction.effective import effective, standing
from shared.correction.events import (
    Change,
    CorrectionApproved,
    CorrectionProposed,
    CorrectionRejected,
    EventCorrected,
    EventRetracted,
    Proceeding,
)
from shared.correction.new_data import Checked, checked, found, paths, within
from shared.correction.proposals import change_of, to_answer, waiting
from shared.correction.replay import Replay, changed_claims, refuse_broken, replayed
from shared.decision import Asked, Decided
from shared.envelope import Recorded
from shared.errors import NotPossible, Refused
from shared.event_store import History
from shared.handling import AnyHandling, Issued


class SameActor(Refused):
    """Who proposed a correction is not the second person to look at it."""

    code = "SAME_ACTOR"

    def __init__(self) -> None:
        super().__init__("somebody else must approve what you have proposed", "$.proposal_id")


class Correcting:
    """How the corrections of one kind of entity are carried out."""

    def __init__(self, handling: AnyHandling, issued: Issued) -> None:
        self._handling = handling
        self._issued = issued

    @property
    def name(self) -> str:
        """The kind of entity, as it stands in the subject."""
        return self._handling.name

    def entity_id(self, command: CorrectionCommand) -> str:
        """Which entity the command is for."""
        return command.subject.rsplit(".", 1)[1]

    async def decided(self, command: CorrectionCommand, history: History, asked: Asked) -> Decided:
        """What follows from the command after this history; refuses what is not possible."""
        match command:
            case CorrectEvent():
                change = said_by(command, EventCorrected)
                return await self._decided(change, history, asked, by_one=True)
            case RetractEvent():
                retraction = said_by(command, EventRetracted)
                return await self._decided(retraction, history, asked, by_one=True)
            case ProposeCorrection():
                proposal = said_by(command, CorrectionProposed)
                return await self._proposed(proposal, history, asked)
            case ApproveCorrection():
                return await self._approved(command, history, asked)
            case RejectCorrection():
                to_answer(history.records, command.proposal_id)
                return Decided([said_by(command, CorrectionRejected)])
            case _:
                assert_never(command)

    async def _proposed(
        self, proposal: CorrectionProposed, history: History, asked: Asked
    ) -> Decided:
        decided = await self._decided(change_of(proposal), history, asked)
        for change in decided.events:
            data = change.data if isinstance(change, EventCorrected) else None
            event = replace(proposal, data=data)
            if event not in waiting(history.records).values():
                return Decided([event], flags=decided.flags)
        return Decided()  # said twice, true once

    async def _approved(
        self, command: ApproveCorrection, history: History, asked: Asked
    ) -> Decided:
        """All is looked at again: much may have been recorded since it was proposed."""
        record, proposal = to_answer(history.records, command.proposal_id)
        if record.envelope.actor == asked.actor:
            raise SameActor
        with paths(lambda path: "$.proposal_id"):
            decided = await self._decided(change_of(proposal), history, asked)
        approval = said_by(command, CorrectionApproved)
        return replace(decided, events=[approval, *decided.events])

    async def _decided(
        self, change: Change, history: History, asked: Asked, by_one: bool = False
    ) -> Decided:
        """The change and what comes of it, nothing if it holds already; `by_one`: no second person."""
        records, handling = history.records, self._handling
        target = found(records, change.event_id, "$.event_id")
        if isinstance(target.event, Proceeding):
            raise NotPossible("a proposal and its answer are not corrected", "$.event_id")
        retracted = target.envelope.id in standing(records).retracted
        new: Checked | None = None
        if isinstance(change, EventCorrected):
            if retracted:
                raise NotPossible("the event is retracted: retract its retraction", "$.event_id")
            new = checked(records, target, change.data, asked, fixed=handling.fixed)
            if new.event == _as_it_stands(records, target, asked):
                return Decided()  # said twice, true once
            change = replace(change, data=msgspec.to_builtins(new.event))
        elif retracted:
            return Decided()
        before = self._replayed(records, history, asked)
        after = self._replayed([*records, _as_if_recorded(change, target)], history, asked)
        refuse_broken(before, after)
        flags: Sequence[str] = ()
        if new is not None and handling.vet is not None:
            entity_id = _entity_id(history)
            with paths(within(new.path)):
                flags = await handling.vet(
                    entity_id, new.innermost, after.state, asked.at, asked.fresh
                )
        if by_one and not is_own(asked.actor):  # a reaction's cause has had its second person
            await self._refuse_if_issued(before, records, target)
        return Decided([change], changed_claims(before, after), flags)

    def _replayed(self, records: Sequence[Recorded], history: History, asked: Asked) -> Replay:
        holding = effective(records, asked.vocabulary)
        return replayed(self._handling.decider, _entity_id(history), holding)

    async def _refuse_if_issued(
        self, before: Replay, records: Sequence[Recorded], target: Recorded
    ) -> None:
        """A report used what a correction changes in the end, not only the correction's own target."""
        while isinstance(target.event, Change):
            target = found(records, target.event.event_id, "$.event_id")
        programme = self._handling.programme_of(before.state) or None
        report = await self._issued(programme, target.stream, target.position)
        if report is not None:
            raise NotPossible(
                f"report {report} used this event: propose the correction", "$.event_id"
            )


def _entity_id(history: History) -> str:
    return history.subject.rsplit(".", 1)[1]


def _as_it_stands(records: Sequence[Recorded], target: Recorded, asked: Asked) -> object:
    data = standing(records).corrected.get(target.envelope.id)
    return target.event if data is None else asked.vocabulary.with_data(target, data)


def _as_if_recorded(change: Change, target: Recorded) -> Recorded:
    """For a replay alone, which asks for no more than the event and an id of its own."""
    return replace(target, envelope=replace(target.envelope, id=""), event=change)
