"""The operators' desk: how their commands are carried out, and what is looked at before."""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime

from shared.access.bearer import Bearer
from shared.access.roles import OPERATION
from shared.bus import Bus, NoAnswer, header
from shared.command import Command, Reply
from shared.context import Context
from shared.desk import Desk
from shared.envelope import Vocabulary
from shared.errors import BusAway, StreamProblem
from shared.event_store import EventStore
from shared.handling import AnyHandling, Handling, by_command
from shared.operations import parked, quarantine
from shared.operations.parked import ParkedCommand
from shared.operations.quarantine import QuarantineCommand
from shared.parked_door import Ask, heard

COMMANDS = ParkedCommand | QuarantineCommand

_asker: ContextVar[Bearer | None] = ContextVar("_asker", default=None)


class OperatorsDesk(Desk):
    """The desk; whom it asks, it shows the token of whoever asked it."""

    async def take(self, command: Command, context: Context) -> Reply:
        """Carry out a command, and always answer."""
        _asker.set(context.token)
        return await super().take(command, context)


def handlings(
    store: EventStore, vocabularies: Mapping[str, Vocabulary], timeout: float
) -> Mapping[type[Command], AnyHandling]:
    """How operators' commands are carried out.

    `vocabularies`: by stream, for saying whether a message can be read; `timeout` in seconds.
    """

    async def look_up_parked(
        command: ParkedCommand, state: parked.Parked, fresh: bool
    ) -> parked.Known:
        found = await heard(store.bus, Ask(command.entity), _asker.get())
        return parked.Known(tuple(found.waiting), tuple(found.silent))

    async def look_up_message(
        command: QuarantineCommand, state: quarantine.Quarantine, fresh: bool
    ) -> quarantine.Known:
        vocabulary = vocabularies.get(command.stream)
        if vocabulary is None:
            return quarantine.Known(code="NO_STREAM")
        return await _looked_at(store.bus, vocabulary, command.position, timeout)

    # what an operator did stands as it was done: nothing is corrected or retracted
    return {
        **by_command(
            Handling(parked, look_up_parked, correctable=False, roles=OPERATION), ParkedCommand
        ),
        **by_command(
            Handling(quarantine, look_up_message, correctable=False, roles=OPERATION),
            QuarantineCommand,
        ),
    }


async def _looked_at(
    bus: Bus, vocabulary: Vocabulary, position: int, timeout: float
) -> quarantine.Known:
    """What stands at a position of a stream."""
    try:
        message = await bus.request(
            f"$JS.API.DIRECT.GET.{vocabulary.stream}", b'{"seq":%d}' % position, timeout
        )
    except NoAnswer:
        raise BusAway from None
    if header(message, "Status"):
        return quarantine.Known()
    digest = quarantine.digest_of(message.data)
    recorded_at = datetime.fromisoformat(header(message, "Nats-Time-Stamp"))
    try:
        vocabulary.read(header(message, "Nats-Subject"), position, recorded_at, message.data)
    except StreamProblem as error:
        return quarantine.Known(digest, error.code)
    return quarantine.Known(digest)
