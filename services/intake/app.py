"""Intake's doors and what stands behind each command."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec.structs import replace

from services.intake import enrolment, enrolment_names, enrolment_records, person, programme
from services.intake.enrolment import Enrolment
from services.intake.enrolment_commands import EnrolmentCommand, ReferParticipant
from services.intake.events import (
    VOCABULARY,
    EnrolmentEvent,
    ExternalIndicatorRecorded,
    PersonEvent,
    PersonsMerged,
    ProgrammeEvent,
)
from services.intake.events.conformity import check, vetted
from services.intake.events.definition import Definition
from services.intake.known import Known
from services.intake.look_up import definition_for, known_of
from services.intake.person import MergePersons, Person, PersonCommand
from services.intake.programme import (
    CloseProgramme,
    Programme,
    ProgrammeCommand,
    RecordExternalIndicator,
)
from services.reporting.events import VOCABULARY as REPORTS
from services.reporting.events.issued import FOLDS as REPORT_FOLDS
from services.reporting.events.issued import IssuedFact, issued_in
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.command import Command
from shared.desk import Desk
from shared.errors import NotPossible
from shared.event_store import EventStore
from shared.handling import AnyHandling, Handler, Handling, by_command, folded
from shared.projection import Plan
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following

COMMANDS = ProgrammeCommand | PersonCommand | EnrolmentCommand

PLAN = Plan(
    name="intake", version=1, vocabularies=(REPORTS,), facts=(IssuedFact,), folds=REPORT_FOLDS
)
"""Intake's own view: which reports were issued."""


def handlings(store: EventStore) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out, and how each event's new data are looked at."""

    async def look_up_definition(
        command: ProgrammeCommand, state: Programme, fresh: bool
    ) -> Definition | None:
        is_checked = isinstance(command, CloseProgramme | RecordExternalIndicator)
        if not is_checked or not state.key:
            return None
        return await definition_for(store, command, state.key, fresh)

    def programme_flags(
        command: ProgrammeCommand, definition: Definition | None, at: datetime
    ) -> Sequence[str]:
        return check(command, definition, at) if definition else ()

    async def vet_programme(
        entity_id: str, event: ProgrammeEvent, state: Programme, at: datetime, fresh: bool
    ) -> Sequence[str]:
        if isinstance(event, ExternalIndicatorRecorded):
            definition = await definition_for(store, event, state.key, fresh)
            return vetted(event, definition, at)
        return ()

    async def look_up_merged(command: PersonCommand, state: Person, fresh: bool) -> Person:
        if not isinstance(command, MergePersons):
            return person.INITIAL
        _, merged = await folded(store, person, command.merged_ref, fresh)
        return merged

    async def vet_person(
        entity_id: str, event: PersonEvent, state: Person, at: datetime, fresh: bool
    ) -> Sequence[str]:
        person.refuse_erased(event, state)
        if isinstance(event, PersonsMerged):
            _, merged = await folded(store, person, event.merged_ref, fresh)
            person.refuse_unknown(merged)
        return ()

    async def look_up(command: EnrolmentCommand, state: Enrolment, fresh: bool) -> Known:
        if isinstance(command, ReferParticipant):
            state = replace(state, programme=command.programme, person_ref=command.person_ref)
        if not state.programme:
            raise NotPossible("no such enrolment is known", "$.enrolment")
        return await known_of(store, command, state, fresh)

    def flags(command: EnrolmentCommand, known: Known, at: datetime) -> Sequence[str]:
        return check(command, known.definition, at)

    async def vet(
        entity_id: str, event: EnrolmentEvent, state: Enrolment, at: datetime, fresh: bool
    ) -> Sequence[str]:
        known = await known_of(store, event, state, fresh)
        enrolment_names.refuse_unknown(event, state.person_ref, known)
        enrolment_records.refuse_future(event, at)
        return vetted(event, known.definition, at)

    return {
        **by_command(
            Handling(
                programme,
                look_up_definition,
                programme_flags,
                vet=vet_programme,
                programme_of=lambda state: state.key,
                fixed=("programme",),
            ),
            ProgrammeCommand,
        ),
        **by_command(
            Handling(person, look_up_merged, vet=vet_person, fixed=("person_ref",)), PersonCommand
        ),
        **by_command(
            Handling(
                enrolment, look_up, flags, vet=vet, programme_of=lambda state: state.programme
            ),
            EnrolmentCommand,
        ),
    }


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Desk]:
    """Intake, taking commands from the bus for as long as the block runs."""
    async with (
        connected(settings.nats_url, "intake") as bus,
        following(PLAN, settings.database_of("intake"), bus) as projection,
        connected_broker(settings.nats_url, "intake-door") as broker,
    ):
        store = EventStore(bus, VOCABULARY, settings.request_timeout)
        issued = issued_in(View(projection, bus, settings.view_wait))
        handler = Handler(store, settings.digest_key.encode(), issued=issued)
        desk = Desk("intake", handler, handlings(store))
        open_door(broker, desk)
        open_status(broker, "intake", projection)
        await start(broker)
        yield desk
