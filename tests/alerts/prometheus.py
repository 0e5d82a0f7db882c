"""A real Prometheus in a container that looks every second, and its promtool."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import yaml
from testcontainers.core.container import DockerContainer

from tests.servers import free_port

IMAGE = "prom/prometheus:v2.53.3"
ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
CASES = Path(__file__).parent / "rules.test.yml"
PATIENCE_SECONDS = 90


def promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run promtool over the project's own rules and cases, at their own places."""
    mounts = [
        f"--volume={path}:/check/{path.relative_to(ROOT)}:ro"
        for path in (RULES.parent, CASES.parent)
    ]
    command = ["docker", "run", "--rm", "--network=none", "--workdir=/check", *mounts]
    return subprocess.run(
        [*command, "--entrypoint=promtool", IMAGE, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert of the rules by its name."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


class Prometheus:
    """What it says of the alerts."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    async def firing(self) -> list[dict[str, str]]:
        """The labels of the alerts that fire now; none while it does not answer yet."""
        async with httpx.AsyncClient(trust_env=False) as client:
            with suppress(httpx.TransportError):
                answer = await client.get(f"{self._url}/alerts")
                if answer.status_code == 200:
                    found = answer.json()["data"]["alerts"]
                    return [alert["labels"] for alert in found if alert["state"] == "firing"]
        return []

    async def up(self) -> dict[str, str]:
        """By address: what the last look at each process gave, "1" or "0"."""
        async with httpx.AsyncClient(trust_env=False) as client:
            with suppress(httpx.TransportError):
                answer = await client.get(f"{self._url}/query", params={"query": "up"})
                if answer.status_code == 200:
                    found = answer.json()["data"]["result"]
                    return {it["metric"]["process"]: it["value"][1] for it in found}
        return {}

    async def until_up(self, *processes: str) -> None:
        """Return once it has looked at all of them, and they answered."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.up() != dict.fromkeys(processes, "1"):
                await asyncio.sleep(0.05)

    async def until_fired(self, name: str, **labels: str) -> None:
        """Return once the alert fires with these labels; what fires instead is in the error."""
        wanted = {"alertname": name, **labels}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not any(wanted.items() <= it.items() for it in await self.firing()):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{wanted} has not fired, but {await self.firing()}") from None

    async def until_quiet(self, *but: str) -> None:
        """Return once none fires but those that are named."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while {it["alertname"] for it in await self.firing()} - {*but}:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def watching(directory: Path, ports: Mapping[str, int]) -> AsyncIterator[Prometheus]:
    """Prometheus, with the project's rules, asking processes of this machine by name and port.

    It looks each second and waits for nothing before it fires; else all is as in the rules.
    """
    port = free_port()
    _configure(directory, ports)
    container = (
        DockerContainer(IMAGE)
        .with_kwargs(network_mode="host", labels={"sluse.tests": "metrics"})
        .with_volume_mapping(str(directory), "/etc/prometheus", "ro")
        .with_command(
            "--config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/tmp "
            f"--web.listen-address=127.0.0.1:{port}"
        )
    )
    await asyncio.to_thread(container.start)
    try:
        yield Prometheus(port)
    finally:
        await asyncio.to_thread(container.stop)


def _configure(directory: Path, ports: Mapping[str, int]) -> None:
    rules = yaml.safe_load(RULES.read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["for"] = "0s"
    targets = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"process": process}}
        for process, port in ports.items()
    ]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "sluse", "static_configs": targets}],
    }
    directory.mkdir()
    for name, content in {"rules.yml": rules, "prometheus.yml": config}.items():
        (directory / name).write_text(yaml.safe_dump(content))
        (directory / name).chmod(0o644)
    directory.chmod(0o755)  # Prometheus is nobody there
