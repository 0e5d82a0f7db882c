"""A real nats-server as sluse configures it: accounts, users with passwords, rights, TLS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared import streams
from shared.bus import ApiError, Bus, NoAnswer, connected
from shared.bus_login import BusLogin
from shared.errors import BusAway
from sluse.nats_configuration import passwords
from sluse.nats_configuration.accounts import Accounts
from sluse.nats_configuration.server import Cluster, Server, Tls, configure
from tests.servers import NatsServer, free_port


class GuardedServer(NatsServer):
    """Its files lie in the directory, the passwords in `secrets`."""

    def __init__(
        self,
        directory: Path,
        *,
        name: str = "n1",
        secrets: Path | None = None,
        tls: Tls | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        """`secrets`: shared by the servers of a cluster."""
        super().__init__(directory, name=name)
        self.tls = tls
        self.cluster = cluster
        self.changes: dict[str, str] = {}  # in its main file, for what a generator would not write
        self.secrets = secrets or directory / "secrets"
        self.configuration = directory / "configuration"
        self.accounts = Accounts(self.configuration, self.secrets)

    def configured(self) -> Path:
        server = Server(
            name=self.name,
            store=str(self.directory / "store"),
            port=self.port,
            tls=self.tls,
            cluster=self.cluster,
        )
        file = configure(self.configuration, self.secrets, server)
        for written, other in self.changes.items():
            assert written in file.read_text()
            file.write_text(file.read_text().replace(written, other))
        return file

    def login(self, user: str) -> BusLogin:
        """How to come as a user that has a password."""
        return BusLogin(self.url, user, passwords.file_of(self.secrets, user).read_text())


@asynccontextmanager
async def guarded(directory: Path, *, with_streams: bool = True) -> AsyncIterator[GuardedServer]:
    """A server alone, with its streams made by its operator."""
    server = GuardedServer(directory / "guarded")
    await server.start()
    try:
        if with_streams:
            async with connected(server.login("operator"), "operator") as bus:
                await streams.apply(bus)
        yield server
    finally:
        server.kill()


@asynccontextmanager
async def guarded_cluster(directory: Path) -> AsyncIterator[list[GuardedServer]]:
    """Three servers as a cluster, with its streams on all three; each login holds at each."""
    ports = [free_port() for _ in range(3)]
    servers = []
    for number, port in enumerate(ports, start=1):
        routes = tuple(f"127.0.0.1:{other}" for other in ports if other != port)
        cluster = Cluster("guarded", routes, f"127.0.0.1:{port}")
        name = f"n{number}"
        servers.append(
            GuardedServer(
                directory / name, name=name, secrets=directory / "secrets", cluster=cluster
            )
        )
    try:
        for server in servers:
            await server.start()
        async with connected(servers[0].login("operator"), "operator") as bus:
            await _applied(bus, 3)
        yield servers
    finally:
        for server in servers:
            server.kill()


async def _applied(bus: Bus, replicas: int) -> None:
    """Streams made, as soon as the servers have found a leader."""
    async with asyncio.timeout(60):
        while True:
            try:
                await streams.apply(bus, replicas)
                return
            except (BusAway, NoAnswer, ApiError):
                await asyncio.sleep(0.05)
