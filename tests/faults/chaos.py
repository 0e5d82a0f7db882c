"""A hundred random faults under people who work: `make chaos`, with the seed to do it again.

Not a part of the suite: it takes half an hour. It ends with exit status 0 if every acknowledged
event is there once and `sluse verify` finds nothing.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from shared.bus import Bus
from tests.containers.compose import SERVICES, Compose, built
from tests.containers.fixtures import PUBLISHED
from tests.contracts.recording import leader
from tests.faults.load import STREAMS, Load
from tests.faults.system import assert_whole, at_work, healthy, operator

HOLD_SECONDS = (0.5, 6.0)  # how long a fault lasts: shorter and longer than the time-outs
LOOK_EVERY = 10  # faults, after which all must be healthy in time
STARTED_SECONDS = 90.0  # of which a killed Python on a busy machine takes most

Fault: TypeAlias = Callable[["Chaos"], Awaitable[str]]


class Chaos:
    """The system, what works in it, and the chance that decides."""

    def __init__(self, system: Compose, load: Load, chance: random.Random) -> None:
        self.system = system
        self.load = load
        self.chance = chance
        self.nodes = sorted(it for it in system.services() if it.startswith("nats"))

    async def call(self, act: Callable[..., object], *arguments: object) -> None:
        await asyncio.to_thread(act, *arguments)

    async def hold(self) -> None:
        """The fault lasts for a while, by chance: nothing is waited for."""
        await asyncio.sleep(self.chance.uniform(*HOLD_SECONDS))

    async def replica(self) -> tuple[str, int]:
        service = self.chance.choice(SERVICES)
        count = len(await asyncio.to_thread(self.system.containers, service))
        return service, self.chance.randint(1, count)


async def kill_a_service(chaos: Chaos) -> str:
    service, index = await chaos.replica()
    await chaos.call(chaos.system.kill, service, "KILL", index)
    await chaos.hold()
    await chaos.call(chaos.system.start, service)
    return f"kill {service} {index}"


async def end_a_service(chaos: Chaos) -> str:
    service, index = await chaos.replica()
    await chaos.call(chaos.system.kill, service, "TERM", index)
    await chaos.hold()
    await chaos.call(chaos.system.start, service)
    return f"SIGTERM {service} {index}"


async def pause_a_service(chaos: Chaos) -> str:
    service, index = await chaos.replica()
    await chaos.call(chaos.system.pause, service, index)
    await chaos.hold()
    await chaos.call(chaos.system.unpause, service, index)
    return f"pause {service} {index}"


async def kill_a_node(chaos: Chaos) -> str:
    node = chaos.chance.choice(chaos.nodes)
    await chaos.call(chaos.system.kill, node)
    await chaos.hold()
    await chaos.call(chaos.system.start, node)
    return f"kill {node}"


async def pause_a_node(chaos: Chaos) -> str:
    node = chaos.chance.choice(chaos.nodes)
    await chaos.call(chaos.system.pause, node)
    await chaos.hold()
    await chaos.call(chaos.system.unpause, node)
    return f"pause {node}"


async def cut_off_a_node(chaos: Chaos) -> str:
    node = chaos.chance.choice(chaos.nodes)
    await chaos.call(chaos.system.disconnect, node)
    await chaos.hold()
    await chaos.call(chaos.system.connect, node)
    return f"disconnect {node}"


async def pause_a_leader(chaos: Chaos) -> str:
    stream = chaos.chance.choice(STREAMS)
    async with operator(chaos.system) as bus:
        node = await leader(bus, stream) or chaos.nodes[0]
    await chaos.call(chaos.system.pause, node)
    await chaos.hold()
    await chaos.call(chaos.system.unpause, node)
    return f"pause {node}, leader of {stream}"


async def pause_the_database(chaos: Chaos) -> str:
    await chaos.call(chaos.system.pause, "postgres")
    await chaos.hold()
    await chaos.call(chaos.system.unpause, "postgres")
    return "pause postgres"


async def restart_the_database(chaos: Chaos) -> str:
    await chaos.call(chaos.system.restart, "postgres")
    return "restart postgres"


async def send_nonsense(chaos: Chaos) -> str:
    async with operator(chaos.system) as bus:
        refused = await asyncio.gather(*(_nonsense(bus, chaos.chance) for _ in range(100)))
    assert not any(refused), "nonsense was accepted"
    return "100 malformed messages"


async def _nonsense(bus: Bus, chance: random.Random) -> bool:
    """Whether a command door takes some random bytes."""
    service = chance.choice(SERVICES[:3])
    try:
        told = await bus.request(f"commands.{service}", chance.randbytes(chance.randint(0, 400)), 5)
    except Exception:  # whatever it is, nothing was accepted
        return False
    return bool(msgspec.json.decode(told.data)["ok"])


FAULTS: tuple[tuple[Fault, int], ...] = (
    (kill_a_service, 5),
    (end_a_service, 4),
    (pause_a_service, 3),
    (kill_a_node, 3),
    (pause_a_node, 2),
    (cut_off_a_node, 2),
    (pause_a_leader, 2),
    (pause_the_database, 2),
    (restart_the_database, 1),
    (send_nonsense, 1),
)
"""With how often each comes, compared with the others."""


async def outage(chaos: Chaos, services: Sequence[str], seconds: float) -> float:
    """Nothing of these is there for so long; how long it takes until all is well again."""
    for service in services:
        await chaos.call(chaos.system.stop, service)
    await asyncio.sleep(seconds)
    for service in services:
        await chaos.call(chaos.system.start, service)
    for service in services:
        await asyncio.to_thread(chaos.system.until_healthy, [service])
    return await healthy(chaos.system, STARTED_SECONDS)


async def run(system: Compose, faults: int, seed: int, minutes: float, away: float) -> None:
    """So many faults, or fewer if the time is over; says which, and what became of the work."""
    chance = random.Random(seed)
    ends = time.monotonic() + minutes * 60
    done: Counter[str] = Counter()
    slowest = 0.0
    async with at_work(system) as load:
        chaos = Chaos(system, load, chance)
        while done.total() < faults and time.monotonic() < ends:
            [fault] = chance.choices([it for it, _ in FAULTS], [often for _, often in FAULTS])
            what = await fault(chaos)
            done[fault.__name__] += 1
            print(f"{done.total():3} {what}: {len(load.acknowledged)} commands", flush=True)
            await load.more(3, STARTED_SECONDS)
            if done.total() % LOOK_EVERY == 0:
                slowest = max(slowest, await healthy(system, STARTED_SECONDS))
        await healthy(system, STARTED_SECONDS)
        if away:
            for services in (chaos.nodes, ["postgres"]):
                took = await outage(chaos, services, away)
                print(
                    f"after {away:g} s without {services[0]}: healthy in {took:.1f} s", flush=True
                )
                assert took <= 15, "it takes too long"
    await assert_whole(system, load)
    print(f"seed {seed}: {done.total()} faults, {dict(done)}")
    print(f"{load.cases} cases, {len(load.acknowledged)} commands, asked again {dict(load.again)}")
    print(f"slowest to be healthy after a fault: {slowest:.1f} s; sluse verify finds nothing")


def main() -> int:
    """The command; `--seed` does the same again, as far as chance is concerned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--outage", type=float, default=60)
    parser.add_argument("--alone", action="store_true", help="one NATS server, one of each service")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        files = () if given.alone else ("compose.cluster.yaml",)
        system = Compose("chaos", built("sluse:chaos"), Path(directory), *files, PUBLISHED)
        try:
            system.up()
            asyncio.run(run(system, given.faults, given.seed, given.minutes, given.outage))
        except BaseException:
            print(system.logs()[-20_000:])
            raise
        finally:
            system.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
