"""Intake's doors and what stands behind each command."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.intake import enrolment, person, programme
from services.intake.enrolment import Enrolment, EnrolmentCommand, ReferParticipant
from services.intake.events import VOCABULARY
from services.intake.events.conformity import check
from services.intake.events.in_force import DefinitionFact, fold, in_force
from services.intake.known import Known
from services.intake.person import PersonCommand
from services.intake.programme import ProgrammeCommand
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.clock import copenhagen_day, now
from shared.command import Command
from shared.desk import AnyHandling, Desk
from shared.errors import InvalidField, NotPossible
from shared.event_store import EventStore
from shared.fact_days import first_day_of
from shared.handling import Handler, Handling, by_command, folded, nothing
from shared.settings import Settings

COMMANDS = ProgrammeCommand | PersonCommand | EnrolmentCommand


def handlings(store: EventStore) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out."""

    async def look_up(command: EnrolmentCommand, state: Enrolment, fresh: bool) -> Known:
        registered = True
        key = state.programme
        if isinstance(command, ReferParticipant):
            key = command.programme
            history, _ = await folded(store, person, command.person_ref, fresh)
            registered = history.position > 0
        if not key:
            raise NotPossible("no such enrolment is known", "$.enrolment")
        history, _ = await folded(store, programme, key, fresh)
        facts = [fact for fact in fold(key, history.records) if isinstance(fact, DefinitionFact)]
        definition = in_force(facts, first_day_of(command, copenhagen_day(now())))
        if definition is None:
            raise InvalidField("$.programme", "no such programme is open")
        return Known(definition=definition, person_registered=registered)

    def flags(command: EnrolmentCommand, known: Known, at: datetime) -> Sequence[str]:
        return check(command, known.definition, at)

    return {
        **by_command(Handling(programme, nothing), ProgrammeCommand),
        **by_command(Handling(person, nothing), PersonCommand),
        **by_command(Handling(enrolment, look_up, flags), EnrolmentCommand),
    }


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Desk]:
    """Intake, taking commands from the bus for as long as the block runs."""
    async with (
        connected(settings.nats_url, "intake") as bus,
        connected_broker(settings.nats_url, "intake-door") as broker,
    ):
        store = EventStore(bus, VOCABULARY, settings.request_timeout)
        handler = Handler(store, settings.digest_key.encode())
        desk = Desk("intake", handler, handlings(store))
        open_door(broker, desk)
        await start(broker)
        yield desk
