"""Leaving a service whose commands do not end: they are waited for once, and not again."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.placement.enrolled import PLAN
from shared import service as of_service
from shared.bus_door import WORKERS
from shared.command import Reply
from shared.context import Context
from shared.desk import Desk
from shared.life import Life
from shared.service import at_work
from shared.subjects import commands_subject
from tests.contracts.conftest import settings_for
from tests.contracts.patience import PATIENT, until
from tests.contracts.reading import own_bus


class Endless(Desk):
    """Begins commands and ends none."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.commands = ()
        self.begun = 0

    async def answer(self, body: bytes, context: Context) -> Reply:
        self.begun += 1
        await asyncio.Event().wait()
        raise AssertionError("never")


@pytest.mark.parametrize("count", [1, WORKERS + 16], ids=["one", "more than it works on at once"])
async def test_whoever_gave_up_waiting_does_not_wait_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, count: int
) -> None:
    """As at a second signal, and as when the time to leave is over."""
    monkeypatch.setattr(of_service, "DRAIN_SECONDS", 3600)  # so long it would last otherwise
    desks = [Endless(f"endless-{number}") for number in range(3)]
    life = Life()
    async with own_bus(tmp_path) as (server, bus), asyncio.timeout(2 * PATIENT):
        async with at_work("endless", settings_for(server.url, tmp_path), life) as service:
            await service.follow(PLAN)
            for desk in desks:
                service.take_commands(desk)
            await service.start()
            service.broker.connection.options["drain_timeout"] = 3600  # nor for what waits in it
            for desk in desks:
                for _ in range(count):
                    await bus.publish(commands_subject(desk.service), b"{}")
            doors = service._doors
            await until(lambda: all(desk.begun == min(count, WORKERS) for desk in desks))
            await until(lambda: all(bool(door._waiting) == (count > WORKERS) for door in doors))
            with capture_logs() as said:
                draining = asyncio.create_task(life.drain())
                await until(lambda: all(not door._subscriber.subscription for door in doors))
                draining.cancel()
                await asyncio.wait([draining])
            began = asyncio.get_running_loop().time()
        print(f"left in {asyncio.get_running_loop().time() - began:.2f} s")
    left = {it["service"]: it["count"] for it in said if it["event"] == "left_unanswered"}
    assert left.keys() == {desk.service for desk in desks}
    assert all(min(count, WORKERS + 1) <= it <= count for it in left.values())
