"""The clock: a window that ended without a contact makes a missed follow-up."""

import asyncio
from datetime import datetime, timedelta

import structlog

from services.aftercare.caseload import ScheduledFact, definition_on
from services.aftercare.plan_commands import MissFollowUp
from shared.actors import own
from shared.clock import copenhagen_day, now
from shared.desk import Desk
from shared.errors import SluseError
from shared.handling import Context
from shared.identifiers import derived_id
from shared.view import View

ACTOR = own("clock")

log = structlog.get_logger()


async def sweep(view: View, desk: Desk, at: datetime, import_quiet: timedelta) -> int:
    """Say missed of all that is overdue; how many were.

    The same commands whoever sweeps and however often: ids are derived from what is due. Waits
    while an import runs: what it brings next may be the contact itself.
    """
    await view.catch_up()
    if await _import_runs(view, at, import_quiet):
        return 0
    missed = 0
    for scheduled in await view.facts(ScheduledFact):
        definition = await definition_on(view, scheduled.programme, scheduled.due_on)
        grace = timedelta(days=definition.aftercare.grace_days if definition else 0)
        if definition is None or copenhagen_day(at) <= scheduled.window_ends_on + grace:
            continue
        due = scheduled.due_on.isoformat()
        command = MissFollowUp(
            command_id=derived_id("missed", scheduled.plan, scheduled.touchpoint, due),
            plan=scheduled.plan,
            touchpoint=scheduled.touchpoint,
            due_on=scheduled.due_on,
        )
        reply = await desk.take(command, Context(actor=ACTOR))
        missed += len(reply.events or ())
    return missed


async def _import_runs(view: View, at: datetime, quiet: timedelta) -> bool:
    async with view.projection.reading() as db:
        newest = [
            await view.projection.log.newest(db, origin=origin)
            for origin in ("import", "simulation")
        ]
    return any(recorded is not None and at - recorded < quiet for recorded in newest)


async def run(view: View, desk: Desk, every: float, import_quiet: float) -> None:
    """Sweep again and again, with so many seconds between."""
    while True:
        try:
            missed = await sweep(view, desk, now(), timedelta(seconds=import_quiet))
            log.info("swept", missed=missed)
        except SluseError as error:
            log.warning("sweep_waits", code=error.code)
        except Exception as error:  # a clock that stops in silence would miss every window
            log.exception("sweep_failed", error=type(error).__name__)
        await asyncio.sleep(every)
