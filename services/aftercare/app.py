"""Aftercare's doors, its reactions, its clock, and what stands behind each command."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime

from services.aftercare import clock, events, plan, problem, reactions
from services.aftercare.caseload import PLAN, definition_on, placed
from services.aftercare.events import (
    VOCABULARY,
    AftercareOffered,
    PlanEvent,
    ProblemEvent,
    ProblemRaised,
)
from services.aftercare.known import Known, KnownPlacement
from services.aftercare.plan_commands import (
    CloseAftercare,
    MissFollowUp,
    OfferAftercare,
    PlanCommand,
)
from services.aftercare.problem import ProblemCommand, RaiseProblem
from services.intake.events.conformity import check, vetted
from services.intake.events.definition import Definition
from services.reporting.events.issued import issued_in
from shared.bus import connected
from shared.bus_door import connected_broker, open_door, start
from shared.clock import copenhagen_day, now
from shared.command import Command
from shared.desk import Desk
from shared.errors import InvalidField, NotYet
from shared.event_store import EventStore, StaleExpectation
from shared.fact_days import first_day_of
from shared.handling import AnyHandling, Handler, Handling, by_command, folded
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following

COMMANDS = PlanCommand | ProblemCommand


def programme_of(state: plan.Plan) -> str:
    """The programme of the employment that aftercare was offered for; empty before that."""
    return state.offered.programme if state.offered else ""


def programme_of_problem(state: problem.Problem) -> str:
    """The programme of the placement at which the problem is; empty before it was raised."""
    return state.raised.programme if state.raised else ""


def handlings(store: EventStore, view: View) -> Mapping[type[Command], AnyHandling]:
    """How each command is carried out; `view` knows the programmes and the placements."""
    return {
        **by_command(_plans(store, view), PlanCommand),
        **by_command(_problems(view), ProblemCommand),
    }


def _plans(store: EventStore, view: View) -> AnyHandling:
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
        return Known(await _definition_of(view, programme_of(state), day))

    async def _await_offer(plan_id: str) -> None:
        """An employment just recorded will make an offer: nothing is refused for being faster."""
        await reactions.settled(store.bus, view.wait)
        _, state = await folded(store, plan, plan_id, fresh=True)
        if state.offered is not None:
            raise StaleExpectation("it was offered meanwhile")

    def flags(command: PlanCommand, known: Known, at: datetime) -> Sequence[str]:
        # Neither the reactions nor the clock register anything late: they follow what was recorded.
        match command:
            case (
                OfferAftercare()
                | MissFollowUp()
                | CloseAftercare(reason=events.EMPLOYMENT_RETRACTED)
            ):
                return ()
        return check(command, known.definition, at) if known.definition else ()

    async def vet(
        entity_id: str, event: PlanEvent, state: plan.Plan, at: datetime, fresh: bool
    ) -> Sequence[str]:
        return await _vetted(event, programme_of(state), view, at, fresh)

    return Handling(plan, look_up, flags, vet=vet, programme_of=programme_of, own=(MissFollowUp,))


def _problems(view: View) -> AnyHandling:
    async def look_up(
        command: ProblemCommand, state: problem.Problem, fresh: bool
    ) -> KnownPlacement:
        if fresh:
            await view.catch_up()
        day = first_day_of(command, copenhagen_day(now()))
        if not isinstance(command, RaiseProblem):
            programme = programme_of_problem(state)
            return KnownPlacement(await _definition_of(view, programme, day))
        about = await placed(view, command.placement)
        programme = about.programme if about else ""
        return KnownPlacement(await _definition_of(view, programme, day), about)

    def flags(command: ProblemCommand, known: KnownPlacement, at: datetime) -> Sequence[str]:
        return check(command, known.definition, at) if known.definition else ()

    async def vet(
        entity_id: str, event: ProblemEvent, state: problem.Problem, at: datetime, fresh: bool
    ) -> Sequence[str]:
        return await _vetted(event, programme_of_problem(state), view, at, fresh)

    return Handling(problem, look_up, flags, vet=vet, programme_of=programme_of_problem)


async def _definition_of(view: View, programme: str, day: date) -> Definition | None:
    """What commands of the day are checked by; None for no programme, NotYet for one not known yet."""
    if not programme:
        return None
    if await definition_on(view, programme, day) is None:
        await view.catch_up()
    definition = await definition_on(view, programme, day)
    if definition is None:
        raise NotYet("the programme is not known here yet")
    return definition


async def _vetted(
    event: PlanEvent | ProblemEvent, programme: str, view: View, at: datetime, fresh: bool
) -> Sequence[str]:
    """The warnings; refuses an event's new data for what lies outside its entity."""
    if fresh:
        await view.catch_up()
    match event:
        case AftercareOffered() | ProblemRaised() if await placed(view, event.placement) is None:
            raise InvalidField("$.placement", "no such placement is known")
    day = first_day_of(event, copenhagen_day(at))
    definition = await definition_on(view, programme, day)
    if definition is None:
        raise InvalidField("$.programme", "there is no such programme")
    return vetted(event, definition, at)


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
            "aftercare",
            Handler(store, settings.digest_key.encode(), issued=issued_in(view)),
            handlings(store, view),
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
