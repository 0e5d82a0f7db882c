"""What counting, timing and tracing cost a command: the same service, watched and not, in turns."""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from uuid import uuid4

import psutil

from services.intake.app import running
from services.intake.person import RegisterPerson
from shared import logs, metrics, streams, tracing
from shared.access.roles import EVERYTHING
from shared.bus import connected
from shared.context import Context
from shared.desk import Desk
from shared.settings import Settings
from tests.otlp_receiver import receiving
from tests.servers import standalone

ROUNDS = 1500
WARM_UP = 100


class _Nothing:
    """Stands where a metric stands, and counts nothing."""

    def labels(self, *_: str) -> "_Nothing":
        return self

    def inc(self, _: float = 1) -> None:
        return

    def observe(self, _: float) -> None:
        return

    def time(self) -> "nullcontext[None]":
        return nullcontext()


COUNTED = ("COMMANDS", "COMMAND_SECONDS", "APPENDS", "APPEND_SECONDS", "EVENTS")


@contextmanager
def uncounted() -> Iterator[None]:
    """Commands as they were if nobody counted or timed them."""
    kept = {name: getattr(metrics, name) for name in COUNTED}
    for name in COUNTED:
        setattr(metrics, name, _Nothing())
    try:
        yield
    finally:
        for name, metric in kept.items():
            setattr(metrics, name, metric)


@contextmanager
def untraced() -> Iterator[None]:
    """As without SLUSE_OTLP_ENDPOINT."""
    tracer, tracing._tracer = tracing._tracer, None
    try:
        yield
    finally:
        tracing._tracer = tracer


async def once(desk: Desk) -> tuple[float, float]:
    """Seconds of one command, and seconds of this process' CPU."""
    command = RegisterPerson(command_id=str(uuid4()), person_ref=str(uuid4()), birth_year=1980)
    began, worked = time.perf_counter(), time.process_time()
    reply = await desk.take(command, Context(grants=EVERYTHING))
    took = time.perf_counter() - began, time.process_time() - worked
    if not reply.ok:
        sys.exit(f"not accepted: {reply.error}")
    return took


async def measure(directory: Path) -> dict[str, list[tuple[float, float]]]:
    """Each kind in turns, command by command."""
    kinds: dict[str, Callable[[], list[object]]] = {
        "neither": lambda: [untraced(), uncounted()],
        "metrics": lambda: [untraced()],
        "metrics and traces": list,
    }
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    async with standalone(directory) as server:
        async with connected(server.url, "benchmark") as bus:
            await streams.apply(bus)
        settings = Settings(
            nats_url=server.url,
            digest_key="a secret of benchmarks",
            auth="off",
            database=f"sqlite+aiosqlite:///{directory}/{{service}}.db",
        )
        with receiving() as receiver:
            async with tracing.exporting("intake", receiver.endpoint), running(settings) as desk:
                for number in range(WARM_UP + ROUNDS):
                    for kind, without in kinds.items():
                        with _all(without()):
                            took = await once(desk)
                        if number >= WARM_UP:
                            found[kind].append(took)
    return found


@contextmanager
def _all(contexts: list[object]) -> Iterator[None]:
    if not contexts:
        yield
        return
    first, *others = contexts
    with first, _all(others):  # type: ignore[attr-defined]
        yield


def main() -> None:
    """Print the table."""
    logs.set_up("json", logging.WARNING)
    before = psutil.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(measure(Path(directory)))
    bare = median(worked for _, worked in found["neither"])
    print(f"{ROUNDS} commands of each kind in turns; load average {before:.1f} at the start")
    print("| watched by | median, ms | commands/s | CPU, ms | CPU beside neither |")
    print("|---|---|---|---|---|")
    for kind, took in found.items():
        typical = median(seconds for seconds, _ in took)
        worked = median(worked for _, worked in took)
        print(
            f"| {kind} | {typical * 1000:.2f} | {1 / typical:.0f} | {worked * 1000:.3f} "
            f"| {worked / bare:.2f} |"
        )


if __name__ == "__main__":
    main()
