"""SLUSE_NATS_SECRETS: one directory of passwords, and each command comes as the user that it needs."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.guarded_server import GuardedServer, guarded
from tests.journeys.sluse_process import Ran, run

pytestmark = pytest.mark.slow


async def sluse(server: GuardedServer, *arguments: str) -> Ran:
    """As in the operator's container: the bus' address and the passwords, and nothing else."""
    settings = {"SLUSE_NATS_URL": server.url, "SLUSE_NATS_SECRETS": str(server.secrets)}
    return await asyncio.to_thread(run, *arguments, **settings)


async def test_a_changed_password_is_wrong_until_the_servers_are_told(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        well = await sluse(server, "doctor", "--json")
        assert well.status == 0, well.lines

        (server.secrets / "nats-simulator").unlink()
        server.configured()
        before = await sluse(server, "doctor", "--json")
        wrong = [it for it in map(msgspec.json.decode, before.lines) if it["outcome"] == "wrong"]
        assert [(it["check"], it["subject"]) for it in wrong] == [("login", "simulator")]

        told = await sluse(server, "nats", "reload")
        assert told.status == 0, told.said
        assert msgspec.json.decode(told.out) == {"reloaded": ["n1"]}
        after = await sluse(server, "doctor", "--json")
        assert after.status == 0, after.lines


async def test_the_operators_commands_come_as_the_operator(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        applied = await sluse(server, "streams", "apply")
    assert applied.status == 0, applied.said


async def test_a_password_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server:
        (server.secrets / "nats-system").unlink()
        reloaded = await sluse(server, "nats", "reload")
    assert reloaded.status == 2
    assert reloaded.said.startswith("SETTINGS: SLUSE_NATS_SECRETS: No such file or directory: ")
    assert "nats-system" in reloaded.said
