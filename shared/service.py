"""A service at work: its connection, its projections and its doors, opened and closed in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from faststream.nats import NatsBroker

from shared.access.gate import Gate, gate_of
from shared.bus import Bus, connected
from shared.bus_door import CommandDoor, connected_broker, open_door, start, stop
from shared.desk import Desk
from shared.envelope import Vocabulary
from shared.errors import BusAway
from shared.event_store import EventStore
from shared.fingerprint_door import open_fingerprint
from shared.handling import Handler, Issued, nothing_issued
from shared.life import DRAIN_SECONDS, Life
from shared.observed import watched
from shared.parked_door import open_parked
from shared.plan import Plan
from shared.projection import BeforeForsaking, Patience, Projection
from shared.projection_door import open_projections
from shared.readiness import Following, bus_lack
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following


class Service:
    """What every service is made of; its app module adds what it alone does."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        bus: Bus,
        broker: NatsBroker,
        *,
        gate: Gate,
        life: Life,
        stack: AsyncExitStack,
    ) -> None:
        self.name = name
        self.settings = settings
        self.bus = bus
        self.broker = broker
        self.gate = gate
        self.life = life
        self.projections: list[Projection] = []
        self._doors: list[CommandDoor] = []
        self._stack = stack

    def store(self, vocabulary: Vocabulary) -> EventStore:
        """The stream of a vocabulary, of the service's own: without it, nothing can be asked."""
        self.life.needs(self.name, partial(bus_lack, self.bus, self.broker, vocabulary.stream))
        return EventStore(self.bus, vocabulary, self.settings.request_timeout)

    def handler(self, store: EventStore, issued: Issued = nothing_issued) -> Handler:
        """What carries out commands on a stream of the service's own."""
        return Handler(store, self.settings.digest_key.encode(), issued=issued)

    async def follow(self, plan: Plan, before_forsaking: BeforeForsaking | None = None) -> View:
        """Follow streams from now on, in the service's database."""
        url = self.settings.database_of(self.name)
        projection = await self._stack.enter_async_context(
            following(
                plan,
                url,
                self.bus,
                password=self.settings.database_password,
                patience=Patience(self.settings.lease_seconds, self.settings.stall_seconds),
                before_forsaking=before_forsaking,
            )
        )
        self.projections.append(projection)
        self.life.needs(self.name, Following(projection, self.bus).lack)
        return View(projection, self.bus, self.settings.view_wait)

    def take_commands(self, desk: Desk) -> None:
        """Open the desk's door on the bus, once the service starts."""
        self._doors.append(open_door(self.broker, desk, self.gate))

    async def start(self) -> None:
        """Open the doors; they close first, before what they need goes."""
        open_status(self.broker, self.name, self.projections[0], self.gate)
        open_fingerprint(self.broker, self.name, self.projections, self.gate)
        open_parked(self.broker, self.name, self.projections, self.gate)
        open_projections(self.broker, self.name, self.projections, self.gate)
        await start(self.broker)
        self._stack.push_async_callback(stop, self.broker)
        for door in self._doors:
            drain = partial(door.drain, DRAIN_SECONDS)
            self._stack.push_async_callback(drain)
            self.life.before_leaving(drain)


@asynccontextmanager
async def at_work(
    name: str, settings: Settings, life: Life | None = None
) -> AsyncIterator[Service]:
    """A service, connected for as long as the block runs; `life` is its process'."""
    gate = gate_of(settings)
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(connected(settings.bus, name))
        broker = await stack.enter_async_context(connected_broker(settings.bus, f"{name}-door"))
        service = Service(name, settings, bus, broker, gate=gate, life=life or Life(), stack=stack)
        revoked = asyncio.create_task(_break_off_when_revoked(bus, service.life))
        stack.callback(revoked.cancel)
        with watched(service):
            yield service


async def _break_off_when_revoked(bus: Bus, life: Life) -> None:
    """nats-py connects no more once its login was refused; another process may have a new one."""
    await bus.revoked.wait()
    life.break_off(BusAway())
