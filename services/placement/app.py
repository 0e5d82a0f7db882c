"""Placement's doors and what stands behind each command."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.intake.events.conformity import check
from services.placement import company, placement
from services.placement.company import CompanyCommand
from services.placement.enrolled import PLAN, definition_on, enrolled_person
from services.placement.events import VOCABULARY
from services.placement.known import Known
from services.placement.placement import (
    AgreePlacement,
    Placement,
    PlacementCommand,
    StartPractice,
)
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.clock import copenhagen_day, now
from shared.command import Command
from shared.desk import AnyHandling, Desk
from shared.event_store import EventStore
from shared.fact_days import first_day_of
from shared.handling import Handler, Handling, by_command, folded, nothing
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following

COMMANDS = CompanyCommand | PlacementCommand


def programme_of(state: Placement) -> str:
    """The programme that the placement was agreed for; empty before that."""
    return state.agreed.programme if state.agreed else ""


def handlings(store: EventStore, view: View) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out; `view` knows who is enrolled."""

    async def look_up(command: PlacementCommand, state: Placement, fresh: bool) -> Known:
        if fresh:
            await view.catch_up()
        day = first_day_of(command, copenhagen_day(now()))
        if isinstance(command, StartPractice) and state.agreed is not None:
            return Known(
                definition=await definition_on(view, state.agreed.programme, day),
                enrolled=await enrolled_person(view, state.agreed.enrolment),
            )
        if not isinstance(command, AgreePlacement):
            return Known(definition=await definition_on(view, programme_of(state), day))
        history, _ = await folded(store, company, command.company, fresh)
        enrolled = await enrolled_person(view, command.enrolment)
        programme = enrolled.programme if enrolled else ""
        return Known(
            definition=await definition_on(view, programme, day),
            enrolled=enrolled,
            company_registered=history.position > 0,
        )

    def flags(command: PlacementCommand, known: Known, at: datetime) -> Sequence[str]:
        return check(command, known.definition, at) if known.definition else ()

    return {
        **by_command(Handling(company, nothing), CompanyCommand),
        **by_command(Handling(placement, look_up, flags), PlacementCommand),
    }


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Desk]:
    """Placement, taking commands from the bus for as long as the block runs."""
    async with (
        connected(settings.nats_url, "placement") as bus,
        connected_broker(settings.nats_url, "placement-door") as broker,
        following(PLAN, settings.database_of("placement"), bus) as projection,
    ):
        store = EventStore(bus, VOCABULARY, settings.request_timeout)
        view = View(projection, bus, settings.view_wait)
        handler = Handler(store, settings.digest_key.encode())
        desk = Desk("placement", handler, handlings(store, view))
        open_door(broker, desk)
        open_status(broker, "placement", projection)
        await start(broker)
        yield desk
