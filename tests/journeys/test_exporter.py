"""What NATS has to say to Prometheus: how full, how whole; asked by a user who may do nothing else."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import nats
import psutil
import pytest
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from shared import streams
from shared.bus import ApiError, NoAnswer, connected
from shared.errors import BusAway
from sluse.exporter import Exporter
from sluse.nats_configuration.servers import reload
from tests.alerts.prometheus import alerts
from tests.guarded_server import guarded
from tests.journeys import today
from tests.journeys.sluse_process import LEAVING_SECONDS, PATIENCE_SECONDS, Up, environment
from tests.servers import Cluster, NatsServer, free_port, standalone

pytestmark = pytest.mark.slow


def values(text: str) -> dict[str, float]:
    """Sample to value, as `name` or `name{label}`."""
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Told(Struct, frozen=True):
    """What a system and its exporter told Prometheus, after three commands."""

    system: str
    exporter: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    port, of_system = free_port(), free_port()
    data = tmp_path_factory.mktemp("exporter") / "data"
    with Up(data, SLUSE_METRICS_PORT=str(of_system)) as up:
        for _ in range(3):
            assert up.command("intake", today.register_person()).status_code == 200
        system = httpx.get(f"http://127.0.0.1:{of_system}", trust_env=False).text
        arguments = ("--data", str(up.data), "--port", str(port), "--every", "0.1")
        with subprocess.Popen(
            [sys.executable, "-m", "sluse", "exporter", *arguments],
            stderr=subprocess.PIPE,
            env=environment({}),
        ) as exporter:
            try:
                yield Told(system, _first_answer(exporter, port))
                exporter.terminate()
                assert exporter.wait(LEAVING_SECONDS) == 0
            finally:
                exporter.kill()


def test_the_streams_of_a_running_system_are_shown(told: Told) -> None:
    found = values(told.exporter)
    assert found["sluse_stream_last_position{INTAKE}"] == 3
    assert found["sluse_stream_missing_events{INTAKE}"] == 0
    assert found["sluse_stream_missing_replicas{INTAKE}"] == 0
    assert found["sluse_reaction_waiting{placement-persons-v1}"] == 0
    assert 0 < found["sluse_stream_bytes{INTAKE}"] <= found["sluse_jetstream_stored_bytes"]
    assert found["sluse_bus_connected{exporter}"] == 1


def test_every_metric_that_an_alert_asks_for_is_told(told: Told) -> None:
    shown = {
        name.removesuffix("_total") + suffix
        for text in (told.system, told.exporter)
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        for suffix in (("_total",) if kind == "counter" else ("", "_bucket"))
    }
    asked = {
        name for rule in alerts().values() for name in re.findall(r"\bsluse_\w+", rule["expr"])
    }
    assert len(asked) > 15
    assert asked - shown == set()


def _first_answer(exporter: "subprocess.Popen[bytes]", port: int) -> str:
    """As soon as it has looked at NATS once."""
    transport = httpx.HTTPTransport(retries=8)  # with growing waits between, until it listens
    with httpx.Client(transport=transport, trust_env=False) as client:
        for _ in range(1000):
            assert exporter.poll() is None
            found = client.get(f"http://127.0.0.1:{port}/metrics").text
            if "sluse_jetstream_stored_bytes" in found:
                return found
    raise AssertionError(found)


async def test_a_deleted_event_and_the_room_that_is_left_are_seen(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    monitoring = free_port()
    server.extra = {"http_port": monitoring}
    await server.start()
    try:
        async with connected(server.url, "operator") as bus:
            await streams.apply(bus)
            client = await nats.connect(server.url)
            for number in (1, 2, 3):
                await client.jetstream().publish(f"intake.person.p{number}", b"{}")
            exporter = Exporter(bus, [f"http://127.0.0.1:{monitoring}"])
            seen = await exporter.look()
            intake = next(it for it in seen.streams if it.config.name == "INTAKE")
            assert (intake.state.last_seq, intake.state.messages) == (3, 3)
            free = psutil.disk_usage(str(tmp_path)).free
            assert 0 < seen.limit <= free

            await client.jetstream().delete_msg("INTAKE", 2)
            await client.close()
            seen = await exporter.look()
            intake = next(it for it in seen.streams if it.config.name == "INTAKE")
            assert intake.state.last_seq - intake.state.messages == 1
    finally:
        server.kill()


async def test_a_node_that_is_away_is_a_missing_replica_and_takes_nothing_else_from_sight(
    tmp_path: Path,
) -> None:
    cluster = Cluster(tmp_path)
    ports = [free_port() for _ in cluster.servers]
    for server, port in zip(cluster.servers, ports, strict=True):
        server.extra["http_port"] = port
    try:
        await cluster.start()
        async with connected(cluster.url, "operator") as bus:
            await streams.apply(bus, 3)
            exporter = Exporter(bus, [f"http://127.0.0.1:{port}" for port in ports])
            await until_missing(exporter, 0)
            away = next(s for s in cluster.servers if s.url not in str(bus.client.connected_url))
            away.kill()
            await until_missing(exporter, 1)
            assert (await exporter.look()).limit > 0
    finally:
        cluster.stop()


async def test_if_no_server_tells_of_itself_nothing_is_shown(tmp_path: Path) -> None:
    async with standalone(tmp_path) as server, connected(server.url, "operator") as bus:
        with pytest.raises(OSError, match="refused"):
            await Exporter(bus, [f"http://127.0.0.1:{free_port()}"]).look()


async def test_once_its_password_is_changed_it_ends_and_says_so(tmp_path: Path) -> None:
    async with guarded(tmp_path) as server, connected(server.login("system"), "system") as system:
        port = free_port()
        settings = {"SLUSE_NATS_URL": server.url, "SLUSE_NATS_SECRETS": str(server.secrets)}
        with subprocess.Popen(
            [sys.executable, "-m", "sluse", "exporter", "--port", str(port), "--every", "3600"],
            stderr=subprocess.PIPE,
            env=environment(settings),
        ) as exporter:
            try:
                await asyncio.to_thread(_first_answer, exporter, port)
                (server.secrets / "nats-metrics").unlink()
                server.configured()
                await reload(system)
                _, said = await asyncio.to_thread(exporter.communicate, None, PATIENCE_SECONDS)
            finally:
                exporter.kill()
    assert exporter.returncode == 2
    assert said.decode().splitlines()[-1].startswith("BUS_AWAY: ")


async def until_missing(exporter: Exporter, replicas: int) -> None:
    """Return once every stream lacks so many replicas: a cluster takes its time to notice."""
    async with asyncio.timeout(60):
        while True:
            with suppress(BusAway, NoAnswer, ApiError):  # it may be electing a leader
                if {it.missing for it in (await exporter.look()).streams} == {replicas}:
                    return
            await asyncio.sleep(0.05)
