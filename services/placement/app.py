"""Placement's doors and what stands behind each command."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from services.placement import company, match, opening, placement, reactions
from services.placement.company_commands import CompanyCommand, SuggestCompany
from services.placement.enrolled import PLAN
from services.placement.events import VOCABULARY, PlacementEvent, PlacementPersonErased
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
from shared.access.roles import CASEWORK, COORDINATION
from shared.command import Command
from shared.desk import Desk
from shared.errors import NotPossible
from shared.event_store import EventStore
from shared.handling import AnyHandling, Handling, by_command
from shared.life import Life
from shared.service import at_work
from shared.settings import Settings
from shared.view import View

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
        roles=COORDINATION,
        only={SuggestCompany: CASEWORK},
    )
    of_opening = Handling(
        opening,
        look_ups.of_opening,
        flags,
        vet=look_ups.vet_opening,
        programme_of=_found_for,
        roles=COORDINATION,
    )
    of_match = Handling(
        match,
        look_ups.of_match,
        flags,
        vet=look_ups.vet_match,
        fixed=("enrolment", "opening", "score", "reasons"),  # the score is computed, never said
        whose=look_ups.whose_match,
    )
    of_placement = Handling(
        placement,
        look_ups.of_placement,
        flags,
        vet=look_ups.vet_placement,
        refuse_change=_refuse_change,
        programme_of=_agreed_for,
        own=(ChangePlacementPerson, ErasePlacementPerson),
        whose=look_ups.whose_placement,
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


def _refuse_change(state: Placement, event: PlacementEvent) -> None:
    """A person who was erased stays so."""
    if isinstance(event, PlacementPersonErased):
        raise NotPossible("an erasure is not taken back", "$.event_id")


@asynccontextmanager
async def running(settings: Settings, life: Life | None = None) -> AsyncIterator[Desk]:
    """Placement, taking commands from the bus for as long as the block runs."""
    async with at_work("placement", settings, life) as service:
        store = service.store(VOCABULARY)
        view = await service.follow(PLAN)
        desk = Desk("placement", service.handler(store, issued_in(view)), handlings(store, view))
        service.take_commands(desk)
        reactions.subscribe(service.broker, view, desk)
        await service.start()
        yield desk
