"""The commands by which recorded events are corrected: the same for every entity of every service."""

from typing import Annotated, TypeAlias, get_args

from msgspec import Meta
from msgspec.structs import replace

from shared.command import Command
from shared.correction.events import Data
from shared.identifiers import Code, EntityId

Subject = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9]+\.[a-z0-9]+\.[a-z0-9-]{1,64}(?!\n)$",
        description="The entity: its service, its kind and its id, with dots between them.",
    ),
]


class CorrectEvent(Command, frozen=True, kw_only=True):
    """Say all of a wrongly recorded event anew (rette): `data` replaces all of its data."""

    subject: Subject
    event_id: EntityId
    data: Data
    reason: Code


class RetractEvent(Command, frozen=True, kw_only=True):
    """Take back an event that should not have been recorded (tilbagekalde)."""

    subject: Subject
    event_id: EntityId
    reason: Code


class ProposeCorrection(Command, frozen=True, kw_only=True):
    """Ask a second person to correct an event, or without `data` to retract it (foreslå)."""

    subject: Subject
    event_id: EntityId
    data: Data | None = None
    reason: Code


class ApproveCorrection(Command, frozen=True, kw_only=True):
    """Agree with somebody else's proposal, which carries it out (godkende)."""

    subject: Subject
    proposal_id: EntityId


class RejectCorrection(Command, frozen=True, kw_only=True):
    """Let a proposal come to nothing (afvise); its proposer may, too."""

    subject: Subject
    proposal_id: EntityId
    reason: Code


CorrectionCommand: TypeAlias = (
    CorrectEvent | RetractEvent | ProposeCorrection | ApproveCorrection | RejectCorrection
)
COMMANDS: tuple[type[Command], ...] = get_args(CorrectionCommand)


def without_data(command: Command) -> Command:
    """The command without an event's data: what they may hold, only the event's type can say."""
    match command:
        case CorrectEvent() | ProposeCorrection():
            return replace(command, data={})
        case _:
            return command
