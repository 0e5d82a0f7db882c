"""A system of containers as a test works with it: docker compose under a name of its own."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from shared.access.issuing import issue

ROOT = Path(__file__).parent.parent.parent
PREFIX = "sluse-test-"
"""What the projects of tests are called by, so that what a killed run left behind can be found."""

SERVICES = ("intake", "placement", "aftercare", "reporting")
UP_SECONDS = 600
PATIENCE_SECONDS = 120.0


class Result(NamedTuple):
    """How a command ended: its exit status, what it printed, and what it said beside that."""

    status: int
    out: str
    said: str


class Failed(Exception):
    """A command ended otherwise than it had to."""


def docker(*arguments: str, timeout: float = 120, stdin: bytes | None = None) -> Result:
    """The docker command, whatever comes of it."""
    return _run(["docker", *arguments], dict(os.environ), timeout, stdin)


def built(tag: str) -> str:
    """The product's image, built from the working tree."""
    dockerfile = str(ROOT / "deploy" / "Dockerfile")
    _must(docker("build", "--quiet", "--tag", tag, "--file", dockerfile, str(ROOT), timeout=400))
    return tag


DOWN = ("--volumes", "--remove-orphans", "--timeout", "5")


class Compose:
    """One project; services by their names in the files, replicas counted from 1."""

    def __init__(self, name: str, image: str, directory: Path, *files: str) -> None:
        """`directory`: of this test's own, for secrets and backups. `files`: beside compose.yaml."""
        self.project = f"{PREFIX}{name}-{os.getpid()}"
        self.port, self.nats_port, self.prometheus_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.nats_url = f"nats://127.0.0.1:{self.nats_port}"
        self.started_in = 0.0
        self._signing_key = b""
        self._secrets, self._backups = directory / "secrets", directory / "backups"
        self.environment = {
            **os.environ,
            "SLUSE_IMAGE": image,
            "SLUSE_SECRETS": str(self._secrets),
            "SLUSE_BACKUPS": str(self._backups),
            "SLUSE_PORT": str(self.port),
            "SLUSE_PROMETHEUS_PORT": str(self.prometheus_port),
            "SLUSE_TEST_NATS_PORT": str(self.nats_port),
        }
        self._options = ["--project-name", self.project, "--project-directory", str(ROOT)]
        for file in ("compose.yaml", *files):
            self._options += ["--file", str(ROOT / file)]

    def compose(
        self, *arguments: str, timeout: float = UP_SECONDS, stdin: bytes | None = None
    ) -> Result:
        """Any docker compose command of this project, whatever comes of it."""
        command = ["docker", "compose", *self._options, *arguments]
        return _run(command, self.environment, timeout, stdin)

    def up(self, *services: str) -> None:
        """Start what does not run, and return once all of it is healthy; seconds in started_in."""
        if not self._secrets.exists():
            _must(self.compose("run", "--rm", "secrets"))
        began = time.monotonic()
        _must(self.compose("up", "--wait", "--no-build", *services))
        self.started_in = time.monotonic() - began

    def down(self) -> None:
        """Remove everything of this project."""
        _must(self.compose("--profile", "*", "down", *DOWN))
        if self._secrets.exists():  # they belong to the containers' users
            directory = f"{self._secrets.parent}:/parent"
            image = self.environment["SLUSE_IMAGE"]
            remove = ("rm", "-rf", f"/parent/{self._secrets.name}", f"/parent/{self._backups.name}")
            _must(docker("run", "--rm", "--user", "0", "--volume", directory, image, *remove))

    def stop(self, *services: str) -> None:
        """Tell every replica to end, and wait until it has."""
        _must(docker("stop", *self._all(services)))

    def start(self, *services: str) -> None:
        """Start what was stopped or killed; does not wait for health."""
        _must(docker("start", *self._all(services)))

    def restart(self, *services: str) -> None:
        """Stop and start."""
        _must(docker("restart", *self._all(services)))

    def kill(self, service: str, signal: str = "KILL", index: int = 1) -> None:
        """Send a signal; killed like this a container stays down until it is started."""
        _must(docker("kill", "--signal", signal, self.container(service, index)))

    def pause(self, service: str, index: int = 1) -> None:
        """Freeze all processes of a container."""
        _must(docker("pause", self.container(service, index)))

    def unpause(self, service: str, index: int = 1) -> None:
        """Let them go on."""
        _must(docker("unpause", self.container(service, index)))

    def disconnect(self, service: str, index: int = 1) -> None:
        """Take a container off the network on which the others are."""
        _must(docker("network", "disconnect", self.network, self.container(service, index)))

    def connect(self, service: str, index: int = 1) -> None:
        """Put it back, under its name."""
        container = self.container(service, index)
        _must(docker("network", "connect", "--alias", service, self.network, container))

    @property
    def network(self) -> str:
        """The network on which all containers are."""
        return f"{self.project}_inside"

    def exec(self, service: str, *command: str, index: int = 1) -> Result:
        """Run a command in a container that runs."""
        return docker("exec", self.container(service, index), *command)

    def sluse(
        self, *arguments: str, stdin: bytes | None = None, token: str = "", timeout: float = 300
    ) -> Result:
        """The operator's command, in a container of its own, logged in at the bus as operator."""
        options = ("run", "--rm", "--no-deps", "--no-TTY", "--interactive", "--quiet")
        shown = ("--env", f"SLUSE_TOKEN={token}")
        return self.compose(*options, *shown, "operator", *arguments, timeout=timeout, stdin=stdin)

    def token(self, subject: str, **roles: Iterable[str]) -> str:
        """A token of somebody with these roles for these programmes, signed by this system's key."""
        if not self._signing_key:
            self._signing_key = self.secret("signing-key.pem").encode() + b"\n"
        return issue(self._signing_key, subject, {role: tuple(it) for role, it in roles.items()})

    def logs(self, *services: str) -> str:
        """All that they have said so far."""
        result = self.compose("logs", "--no-color", "--timestamps", *services)
        return result.out + result.said

    def logs_of(self, service: str, index: int) -> str:
        """All that one replica has said."""
        result = docker("logs", self.container(service, index))
        return result.out + result.said

    def container(self, service: str, index: int = 1) -> str:
        """The id of a container, whether it runs or not."""
        found = self.containers(service)
        if len(found) < index:
            raise Failed(f"{service} has {len(found)} containers")
        return found[index - 1]

    def containers(self, service: str) -> list[str]:
        """The ids of a service's containers, in the order of their numbers."""
        label = "label=com.docker.compose"
        filters = (f"{label}.project={self.project}", f"{label}.service={service}")
        options = [
            it for value in (*filters, f"{label}.oneoff=False") for it in ("--filter", value)
        ]
        shown = '{{.Label "com.docker.compose.container-number"}} {{.ID}}'
        listed = _must(docker("ps", "--all", *options, "--format", shown)).out.splitlines()
        return [line.split()[1] for line in sorted(listed, key=lambda it: int(it.split()[0]))]

    def _all(self, services: Iterable[str]) -> list[str]:
        return [id_ for service in services for id_ in self.containers(service)]

    def services(self) -> set[str]:
        """The services that have containers."""
        return set(_must(self.compose("ps", "--all", "--services")).out.split())

    def inspect(self, service: str, index: int = 1) -> dict[str, Any]:
        """What the engine knows of a container."""
        return inspected(self.container(service, index))

    def health(self, service: str, index: int = 1) -> str:
        """starting, healthy, unhealthy; or the state of a container that does not run."""
        state = self.inspect(service, index)["State"]
        return state["Health"]["Status"] if state["Running"] else state["Status"]

    def until_healthy(
        self, services: Iterable[str] = SERVICES, seconds: float = PATIENCE_SECONDS
    ) -> float:
        """Return once every replica of these is healthy; in how many seconds that was."""
        began = time.monotonic()
        waiting = {id_: service for service in services for id_ in self.containers(service)}
        while waiting:
            for id_ in list(waiting):
                if inspected(id_)["State"].get("Health", {}).get("Status") == "healthy":
                    del waiting[id_]
            if waiting and time.monotonic() - began > seconds:
                raise Failed(f"not healthy after {seconds} s: {sorted(waiting.values())}")
            time.sleep(0.05)
        return time.monotonic() - began

    def secret(self, name: str) -> str:
        """What is in a secret file."""
        command = ("run", "--rm", "--no-TTY", "--quiet", "secrets", "cat", f"/secrets/{name}")
        return _must(self.compose(*command)).out.strip()


def inspected(container: str) -> dict[str, Any]:
    """What the engine knows of a container, by id."""
    return json.loads(_must(docker("inspect", container)).out)[0]


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody has at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for it in sockets:
            it.bind(("127.0.0.1", 0))
        return [it.getsockname()[1] for it in sockets]
    finally:
        for it in sockets:
            it.close()


def _run(
    command: list[str], environment: dict[str, str], timeout: float, stdin: bytes | None
) -> Result:
    done = subprocess.run(
        command,
        env=environment,
        input=stdin if stdin is not None else b"",
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def _must(result: Result) -> Result:
    if result.status:
        raise Failed(f"exit status {result.status}: {result.out[-1000:]}{result.said[-3000:]}")
    return result
