"""The doctor finds nothing in a bus that is well, and each thing that is not."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from services.placement.reactions import DURABLE
from shared.bus import Bus, connected
from shared.clock import now
from sluse.commands.doctor import logins_of
from sluse.doctor import Finding, examine, looked_at
from sluse.nats_configuration.rights import DURABLES
from sluse.nats_configuration.servers import ServerName, ServerStore, Store, StoreConfig
from tests.guarded_server import GuardedServer, guarded, guarded_cluster

HOUR = timedelta(hours=1)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GuardedServer]:
    async with guarded(tmp_path) as running:
        yield running


@pytest.fixture
async def operator(server: GuardedServer) -> AsyncIterator[Bus]:
    async with connected(server.login("operator"), "operator") as bus:
        yield bus


async def found(
    server: GuardedServer, replicas: int | None = None, ahead: timedelta = timedelta(0)
) -> list[Finding]:
    logins = logins_of(server.url, server.secrets, server.directory)
    return [it async for it in examine(logins, replicas, lambda: now() + ahead)]


def wrong(findings: list[Finding]) -> list[tuple[str, str]]:
    """What is not well; each says what to do."""
    assert all(finding.advice for finding in findings if finding.outcome == "wrong")
    return [(it.check, it.subject) for it in findings if it.outcome == "wrong"]


async def durable(bus: Bus, stream: str, name: str) -> None:
    config = {"durable_name": name, "ack_policy": "explicit"}
    await bus.api(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})


async def test_nothing_is_found_in_a_bus_that_is_well(server: GuardedServer, operator: Bus) -> None:
    for it in DURABLES:
        await durable(operator, it.stream, it.name)
    findings = await found(server)

    assert wrong(findings) == []
    looked = {finding.check for finding in findings}
    assert looked == {
        *["login", "cluster", "version", "sync", "clock", "disk", "stream", "consumer"]
    }
    assert len([it for it in findings if it.check == "login"]) == 8


async def test_a_login_that_is_refused_or_has_no_password_is_found(server: GuardedServer) -> None:
    (server.secrets / "nats-metrics").write_text("guessed")
    (server.secrets / "nats-intake").unlink()

    assert wrong(await found(server)) == [("login", "intake"), ("login", "metrics")]


async def test_a_bus_that_is_away_is_found_once_for_each_who_asks(server: GuardedServer) -> None:
    server.kill()
    findings = await found(server)

    assert {(it.check, it.outcome) for it in findings} == {("login", "wrong"), ("streams", "wrong")}


async def test_a_server_that_syncs_now_and_then_is_found(tmp_path: Path) -> None:
    server = GuardedServer(tmp_path)
    server.changes = {'"sync_interval": "always"': '"sync_interval": "2m"'}
    await server.start()
    try:
        findings = await found(server)
    finally:
        server.kill()

    assert ("sync", "n1") in wrong(findings)
    assert next(it for it in findings if it.check == "sync").detail.startswith("every 120 s")
    assert {subject for check, subject in wrong(findings) if check == "stream"} == {
        *("INTAKE", "PLACEMENT", "AFTERCARE", "REPORTS", "OPERATIONS")  # nobody has made them
    }


async def test_a_stream_with_other_settings_is_found_with_what_differs(
    server: GuardedServer, operator: Bus
) -> None:
    info = msgspec.json.decode(await operator.api("STREAM.INFO.INTAKE", {}))
    await operator.api("STREAM.UPDATE.INTAKE", {**info["config"], "discard": "old"})
    findings = await found(server)

    assert wrong(findings) == [("stream", "INTAKE")]
    [finding] = [it for it in findings if it.outcome == "wrong"]
    assert finding.detail == "discard is old, not new"
    assert finding.advice == "sluse streams apply --replicas 1"


async def test_too_few_replicas_are_found(server: GuardedServer) -> None:
    assert {check for check, _ in wrong(await found(server, replicas=3))} == {"stream"}


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_clocks_that_differ_are_found(server: GuardedServer, ahead: timedelta) -> None:
    findings = await found(server, ahead=ahead)

    assert wrong(findings) == [("clock", "n1")]
    assert next(it for it in findings if it.outcome == "wrong").detail.startswith("3600.")


async def test_a_disk_that_is_nearly_full_is_found(tmp_path: Path) -> None:
    server = GuardedServer(tmp_path)
    server.changes = {'"sync_interval"': '"max_file_store": 100000, "sync_interval"'}
    await server.start()
    try:
        async with connected(server.login("operator"), "operator") as bus:
            config = {"name": "FILLED", "subjects": ["operations.ready"], "storage": "file"}
            await bus.api("STREAM.CREATE.FILLED", config)
            for _ in range(19):
                await bus.request("operations.ready", bytes(5000), 5)
        findings = await found(server)
    finally:
        server.kill()

    assert ("disk", "n1") in wrong(findings)


async def test_a_consumer_that_no_reaction_has_is_found(
    server: GuardedServer, operator: Bus
) -> None:
    await durable(operator, "INTAKE", DURABLE)
    await durable(operator, "PLACEMENT", DURABLE)  # ours by its name, but not there
    await durable(operator, "INTAKE", "forgotten-v1")

    assert wrong(await found(server)) == [
        ("consumer", "INTAKE forgotten-v1"),
        ("consumer", f"PLACEMENT {DURABLE}"),
    ]


def test_a_server_that_is_too_old_is_found_and_one_without_jetstream() -> None:
    at = datetime.now(UTC)
    whole = Store(now=at, config=StoreConfig(max_storage=10, sync_always=True), storage=1)
    old = ServerStore(server=ServerName("n1", "N", "2.9.10"), data=whole)
    off = ServerStore(server=ServerName("n1", "N", "2.15.1"), data=None)

    assert wrong(list(looked_at(old, at, at))) == [("version", "n1")]
    assert wrong(list(looked_at(off, at, at))) == [("jetstream", "n1")]


@pytest.mark.slow
async def test_a_server_of_a_cluster_that_is_gone_is_found(tmp_path: Path) -> None:
    """The cluster is the generator's, with a password between its servers."""
    async with guarded_cluster(tmp_path) as servers:
        async with connected(servers[0].login("operator"), "operator") as bus:
            answer = await bus.api("INFO", {}, 5)
            assert msgspec.json.decode(answer)["streams"] == 5
        assert wrong(await found(servers[0])) == []
        servers[2].kill()
        async with asyncio.timeout(60):  # until its absence is noticed
            while ("copies", "INTAKE") not in wrong(
                findings := await found(servers[0], replicas=3)
            ):
                assert findings

    assert ("cluster", "servers") in wrong(findings)
    assert ("copies", "INTAKE") in wrong(findings)


def sluse(*arguments: str | Path, server: GuardedServer) -> "subprocess.CompletedProcess[str]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUSE_")}
    return subprocess.run(
        [sys.executable, "-m", "sluse", *arguments, "--nats", server.url],
        env={
            **environment,
            "COLUMNS": "250",
            "SLUSE_NATS_USER": "operator",
            "SLUSE_NATS_PASSWORD_FILE": str(server.secrets / "nats-operator"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_the_command_shows_a_table_and_says_by_its_status_whether_all_is_well(
    server: GuardedServer, operator: Bus
) -> None:
    well = sluse("doctor", "--secrets", server.secrets, server=server)
    await durable(operator, "INTAKE", "forgotten-v1")
    ill = sluse("doctor", "--secrets", server.secrets, server=server)
    lines = sluse("doctor", "--json", "--secrets", server.secrets, server=server)
    kept = sluse("nats", "forget", "INTAKE", DURABLE, server=server)
    gone = sluse("nats", "forget", "INTAKE", "forgotten-v1", server=server)
    again = sluse("doctor", "--secrets", server.secrets, server=server)

    assert (well.returncode, "WRONG" in well.stdout) == (0, False), well.stdout + well.stderr
    assert (ill.returncode, "WRONG" in ill.stdout) == (1, True)
    assert "sluse nats forget INTAKE forgotten-v1" in ill.stdout
    told = [msgspec.json.decode(line, type=Finding) for line in lines.stdout.splitlines()]
    assert wrong(told) == [("consumer", "INTAKE forgotten-v1")]
    assert (kept.returncode, "FORBIDDEN" in kept.stderr) == (2, True)
    assert gone.returncode == 0, gone.stderr
    assert again.returncode == 0
