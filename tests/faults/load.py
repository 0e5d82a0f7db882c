"""People who work while something breaks: each command again until it is settled, and what was promised."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from shared.bus import Bus
from shared.bus_door import forwarder
from shared.command import Problem, Reply
from shared.handling import Context
from shared.stream_reader import read
from tests.contracts.casework import enrolment_of, new, open_programme, referral

COMPANY = "cvr12345678"
STREAMS = ("INTAKE", "PLACEMENT", "AFTERCARE")
SETTLED_LATER = {
    "NOT_YET",
    "OUTCOME_UNKNOWN",
    "BUS_AWAY",
    "DATABASE_AWAY",
    "NOT_STORED",
    "LEAVING",
    "STARTING",
    "CUT",
    "TOO_MANY_REQUESTS",
}
"""All but the last two are a 503: send the same command again."""

Ask = Callable[[str, bytes], Awaitable[Reply]]


def over_the_bus(bus: Bus, timeout: float = 12.0) -> Ask:
    """Whichever replica takes it."""

    async def ask(service: str, body: bytes) -> Reply:
        return await forwarder(bus, service, timeout)(body, Context())

    return ask


def over_http(client: httpx.AsyncClient, urls: Sequence[str], *, may_be_cut: bool = False) -> Ask:
    """One of several front doors, as something that balances between them would choose.

    A door that is closed or says 503 is passed over. An answer that is cut off is a failure, unless
    the door itself is killed or cut off: `may_be_cut`.
    """
    chosen = list(urls)

    async def ask(service: str, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json"}
        for url in list(chosen):
            try:
                response = await client.post(
                    f"{url}/{service}/commands", content=body, headers=headers
                )
            except httpx.ConnectError:
                chosen.append(chosen.pop(0))
                continue
            except httpx.TransportError:
                if not may_be_cut:
                    raise
                return Reply(ok=False, error=Problem("CUT", "no answer, or half of one"))
            reply = msgspec.json.decode(response.content, type=Reply)
            if response.status_code == 503:
                assert response.headers["retry-after"], response.headers
                chosen.append(chosen.pop(0))
            return reply
        return Reply(ok=False, error=Problem("BUS_AWAY", "no door is open"))

    return ask


class Load:
    """So many caseworkers, each with one case after the other; what was answered them is kept."""

    def __init__(self, ask: Ask, workers: int = 6) -> None:
        self.acknowledged: dict[str, list[str]] = {}  # command to its events' ids
        self.again: Counter[str] = Counter()  # answers that said: send it again
        self.refused: list[str] = []
        self.cases = 0
        self._ask = ask
        self._workers = workers
        self._over = asyncio.Event()
        self._answered = asyncio.Condition()

    async def prepare(self) -> None:
        """A programme and a company to work with."""
        await open_programme(lambda command: self.settle("intake", command))
        company = new("RegisterCompany", cvr="12345678", name="Hedens Brød", sector="retail")
        await self.settle("placement", company)

    async def settle(self, service: str, command: Mapping[str, Any]) -> Reply:
        """Send it until it is accepted; anything but "again" is a failure."""
        body = msgspec.json.encode(command)
        while True:
            reply = await self._ask(service, body)
            if reply.ok:
                ids = [event.id for event in reply.events or ()]
                async with self._answered:
                    self.acknowledged[f"{service} {command['command_id']}"] = ids
                    self._answered.notify_all()
                return reply
            assert reply.error is not None
            if reply.error.code not in SETTLED_LATER:
                async with self._answered:
                    self.refused.append(f"{command['type']}: {reply.error}")
                    self._answered.notify_all()
                raise AssertionError(self.refused[-1])
            self.again[reply.error.code] += 1
            await asyncio.sleep(random.uniform(0.02, 0.08))  # as a caller who backs off

    async def case(self) -> None:
        """Somebody is registered, enrolled, employed, and there is a problem."""
        person, enrolment, placement = (str(uuid4()) for _ in range(3))
        await self.settle("intake", new("RegisterPerson", person_ref=person))
        await self.settle("intake", referral(person, enrolment))
        await self.settle("intake", enrolment_of(enrolment))
        await self.settle(
            "placement",
            new(
                "AgreePlacement",
                placement=placement,
                enrolment=enrolment,
                company=COMPANY,
                purpose="placement",
                late_reason="import",
            ),
        )
        await self.settle(
            "placement",
            new(
                "StartEmployment",
                placement=placement,
                kind="full_time",
                start_on="2021-06-01",
                weekly_minutes=2220,
                open_ended=True,
                late_reason="import",
            ),
        )
        await self.settle(
            "aftercare",
            new(
                "RaiseProblem",
                problem=str(uuid4()),
                placement=placement,
                raised_by="citizen",
                category="attendance",
                severity=1,
                raised_on="2021-06-10",
                late_reason="import",
            ),
        )
        self.cases += 1

    async def more(self, count: int, seconds: float = 180) -> None:
        """Return once so many more commands have been acknowledged."""
        wanted = len(self.acknowledged) + count
        async with asyncio.timeout(seconds), self._answered:
            await self._answered.wait_for(
                lambda: len(self.acknowledged) >= wanted or self.refused != []
            )
        assert self.refused == []

    async def _work(self) -> None:
        while not self._over.is_set():
            await self.case()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Work goes on while the block runs; every case begun is finished at its end."""
        working = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        try:
            yield self
        except BaseException:
            for task in working:
                task.cancel()
            raise
        finally:
            self._over.set()
            await asyncio.gather(*working, return_exceptions=bool(self.refused))
        assert self.refused == []


async def recorded(bus: Bus, stream: str) -> list[dict[str, Any]]:
    """Every event of a stream, in order."""
    last = await bus.last_position(stream)
    events: list[dict[str, Any]] = []
    if not last:
        return events
    async with asyncio.timeout(180), aclosing(read(bus, stream, 0)) as lists:
        async for messages in lists:
            events += [msgspec.json.decode(message.body) for message in messages]
            if messages[-1].position >= last:
                break
    return events


async def assert_kept(bus: Bus, load: Load) -> int:
    """Each acknowledged event is there exactly once, and no command is there twice; their number."""
    events = [event for stream in STREAMS for event in await recorded(bus, stream)]
    times = Counter(event["id"] for event in events)
    assert [it for it, count in times.items() if count > 1] == [], "an event stands there twice"
    promised = [it for ids in load.acknowledged.values() for it in ids]
    assert [it for it in promised if it not in times] == [], "an acknowledged event is gone"
    by_command = Counter((event["commandid"], event["type"], event["subject"]) for event in events)
    assert [it for it, count in by_command.items() if count > 1] == [], "a command was done twice"
    return len(promised)
