"""Aftercare's doors, its reactions, its clock, and what stands behind each command."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.aftercare import clock, plan, reactions
from services.aftercare.caseload import PLAN, definition_on, placed
from services.aftercare.events import VOCABULARY
from services.aftercare.known import Known
from services.aftercare.plan import MissFollowUp, OfferAftercare, PlanCommand
from services.intake.events.conformity import check
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.clock import copenhagen_day, now
from shared.command import Command
from shared.desk import AnyHandling, Desk
from shared.event_store import EventStore, StaleExpectation
from shared.fact_days import first_day_of
from shared.handling import Handler, Handling, by_command
from shared.settings import Settings
from shared.status_door import open_status
from shared.subjects import subject_of
from shared.view import View, following

COMMANDS = PlanCommand


def handlings(store: EventStore, view: View) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out; `view` knows the programmes' definitions."""

    async def look_up(command: PlanCommand, state: plan.Plan, fresh: bool) -> Known:
        if fresh:
            await view.catch_up()
            if state.offered is None and not isinstance(command, OfferAftercare):
                await _await_offer(plan.entity_id(command))
        day = first_day_of(command, copenhagen_day(now()))
        if isinstance(command, OfferAftercare):
            return Known(
                definition=await definition_on(view, command.programme, day),
                placed=await placed(view, command.placement) is not None,
            )
        programme = state.offered.programme if state.offered else ""
        return Known(definition=await definition_on(view, programme, day))

    async def _await_offer(plan_id: str) -> None:
        """An employment just recorded will make an offer: nothing is refused for being faster."""
        await reactions.settled(store.bus, view.wait)
        if await store.last_position(subject_of("aftercare", plan.NAME, plan_id)):
            raise StaleExpectation("it was offered meanwhile")

    def flags(command: PlanCommand, known: Known, at: datetime) -> Sequence[str]:
        # Neither the reaction nor the clock registers anything late: they follow what was recorded.
        if known.definition is None or isinstance(command, MissFollowUp | OfferAftercare):
            return ()
        return check(command, known.definition, at)

    return by_command(Handling(plan, look_up, flags), PlanCommand)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Desk]:
    """Aftercare, taking commands, reacting and sweeping for as long as the block runs."""
    async with (
        connected(settings.nats_url, "aftercare") as bus,
        following(PLAN, settings.database_of("aftercare"), bus) as projection,
        connected_broker(settings.nats_url, "aftercare-door") as broker,
    ):
        store = EventStore(bus, VOCABULARY, settings.request_timeout)
        view = View(projection, bus, settings.view_wait)
        desk = Desk(
            "aftercare", Handler(store, settings.digest_key.encode()), handlings(store, view)
        )
        open_door(broker, desk)
        open_status(broker, "aftercare", projection)
        reactions.subscribe(broker, view, desk)
        await start(broker)
        sweeping = asyncio.create_task(
            clock.run(view, desk, settings.sweep_every, settings.import_quiet), name="clock"
        )
        try:
            yield desk
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
