"""Placement's doors and what stands behind each command."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.placement import company, match, opening, placement, reactions
from services.placement.company_commands import CompanyCommand
from services.placement.enrolled import PLAN
from services.placement.events import VOCABULARY
from services.placement.look_ups import LookUps, flags
from services.placement.match import MatchCommand
from services.placement.opening import Opening, OpeningCommand
from services.placement.placement import Placement
from services.placement.placement_commands import (
    ChangePlacementPerson,
    ErasePlacementPerson,
    PlacementCommand,
)
from services.reporting.events.issued import issued_in
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.command import Command
from shared.desk import Desk
from shared.event_store import EventStore
from shared.handling import AnyHandling, Handler, Handling, by_command
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following

COMMANDS = CompanyCommand | OpeningCommand | MatchCommand | PlacementCommand


def handlings(store: EventStore, view: View) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out; `view` knows who is enrolled and what runs where."""
    look_ups = LookUps(store, view)
    of_company = Handling(
        company,
        look_ups.of_company,
        flags,
        vet=look_ups.vet_company,
        fixed=("cvr", "p_number", "company"),
    )
    of_opening = Handling(
        opening,
        look_ups.of_opening,
        flags,
        vet=look_ups.vet_opening,
        programme_of=_found_for,
    )
    of_match = Handling(
        match,
        look_ups.of_match,
        flags,
        vet=look_ups.vet_match,
        fixed=("enrolment", "opening", "score", "reasons"),  # the score is computed, never said
    )
    of_placement = Handling(
        placement,
        look_ups.of_placement,
        flags,
        vet=look_ups.vet_placement,
        programme_of=_agreed_for,
        own=(ChangePlacementPerson, ErasePlacementPerson),
    )
    return {
        **by_command(of_company, CompanyCommand),
        **by_command(of_opening, OpeningCommand),
        **by_command(of_match, MatchCommand),
        **by_command(of_placement, PlacementCommand),
    }


def _found_for(state: Opening) -> str | None:
    return state.reported.programme if state.reported else None


def _agreed_for(state: Placement) -> str | None:
    return state.agreed.programme if state.agreed else None


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
        handler = Handler(store, settings.digest_key.encode(), issued=issued_in(view))
        desk = Desk("placement", handler, handlings(store, view))
        open_door(broker, desk)
        open_status(broker, "placement", projection)
        reactions.subscribe(broker, view, desk)
        await start(broker)
        yield desk
