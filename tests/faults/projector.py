"""A projector that is killed again and again, each time a little further: python -m tests.faults.projector."""

import asyncio
import os
import random
import signal
import sys
import time

from services.reporting.facts import PLAN
from shared import logs
from shared.bus import connected
from shared.database import opened
from shared.projection import Patience, Projection

KILLS = 50
LATEST_SECONDS = 0.12  # after it has begun to write: by then it has committed what is new


async def project(nats: str, database: str, writing: int) -> None:
    """Fold what is new; says through the pipe that it has begun to write."""
    async with connected(nats, "projector") as bus, opened(database) as engine:
        projection = Projection(PLAN, engine, Patience(lease=0.3))
        await projection.prepare()
        running = asyncio.create_task(projection.run(bus))
        while projection.status().role != "writer":
            await asyncio.sleep(0.001)
        os.write(writing, b"w")
        if await projection.caught_up(bus, 180):
            os.write(writing, b"e")
        await running


def begun(nats: str, database: str) -> tuple[int, int]:
    """A projector as a child of this process, which has nothing to import any more; its pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        asyncio.run(project(nats, database, writing))
        os._exit(0)
    os.close(writing)
    return child, reading


def main(nats: str, database: str) -> None:
    """One kill for each line of the input, at an instant by chance; then one that may finish."""
    logs.set_up()  # to the standard error: what is told stands alone on the other
    for number in range(KILLS + 1):
        sys.stdin.readline()
        child, reading = begun(nats, database)
        said = os.read(reading, 1)
        if number < KILLS:
            time.sleep(random.uniform(0, LATEST_SECONDS))
            os.kill(child, signal.SIGKILL)
        else:
            said += os.read(reading, 1)
            os.kill(child, signal.SIGKILL)
        while more := os.read(reading, 1):
            said += more
        os.waitpid(child, 0)
        os.close(reading)
        print(
            {b"w": "killed before its end", b"we": "killed at its end"}.get(said, said), flush=True
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
