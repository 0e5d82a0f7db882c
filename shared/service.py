"""A service at work: its connection, its projections and its doors, opened and closed in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from faststream.nats import NatsBroker

from shared.bus import Bus, connected
from shared.bus_door import connected_broker, open_door, start, stop
from shared.desk import Desk
from shared.envelope import Vocabulary
from shared.event_store import EventStore
from shared.handling import Handler, Issued, nothing_issued
from shared.projection import Plan, Projection
from shared.settings import Settings
from shared.status_door import open_status
from shared.view import View, following


class Service:
    """What every service is made of; its app module adds what it alone does."""

    def __init__(
        self, name: str, settings: Settings, bus: Bus, broker: NatsBroker, stack: AsyncExitStack
    ) -> None:
        self.name = name
        self.settings = settings
        self.bus = bus
        self.broker = broker
        self.projections: list[Projection] = []
        self._stack = stack

    def store(self, vocabulary: Vocabulary) -> EventStore:
        """The stream of a vocabulary."""
        return EventStore(self.bus, vocabulary, self.settings.request_timeout)

    def handler(self, store: EventStore, issued: Issued = nothing_issued) -> Handler:
        """What carries out commands on a stream of the service's own."""
        return Handler(store, self.settings.digest_key.encode(), issued=issued)

    async def follow(self, plan: Plan, database: str = "") -> View:
        """Follow streams from now on, in the service's database or another that is named."""
        url = self.settings.database_of(database or self.name)
        projection = await self._stack.enter_async_context(following(plan, url, self.bus))
        self.projections.append(projection)
        return View(projection, self.bus, self.settings.view_wait)

    def take_commands(self, desk: Desk) -> None:
        """Open the desk's door on the bus, once the service starts."""
        open_door(self.broker, desk)

    async def start(self) -> None:
        """Open the doors; they close first, before what they need goes."""
        open_status(self.broker, self.name, self.projections[0])
        await start(self.broker)
        self._stack.push_async_callback(stop, self.broker)


@asynccontextmanager
async def at_work(name: str, settings: Settings) -> AsyncIterator[Service]:
    """A service, connected for as long as the block runs."""
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(connected(settings.nats_url, name))
        broker = await stack.enter_async_context(
            connected_broker(settings.nats_url, f"{name}-door")
        )
        yield Service(name, settings, bus, broker, stack)
