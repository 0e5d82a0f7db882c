"""A server's own settings: where it listens, what it keeps its promises with, TLS, its cluster."""

import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from sluse.nats_configuration import passwords
from sluse.nats_configuration.accounts import LIST, SYS, WRITTEN, Accounts
from sluse.nats_configuration.files import replace_file

PAYLOAD = 1_048_576
FILE = "nats.conf"
ROUTE_USER = "route"


class Tls(Struct, frozen=True):
    """Files as the server finds them; with `verify` it lets nobody in without a certificate of `ca`."""

    cert: str
    key: str
    ca: str = ""
    verify: bool = False


class Cluster(Struct, frozen=True):
    """The servers that hold the streams together; `routes` are the others' addresses, host:port."""

    name: str
    routes: tuple[str, ...]
    listen: str = "0.0.0.0:6222"


class Server(Struct, frozen=True, kw_only=True):
    """One nats-server; `monitoring` is host:port of its HTTP endpoint, `tls` is for clients."""

    name: str
    store: str
    host: str = "127.0.0.1"
    port: int = 4222
    monitoring: str = ""
    pid_file: str = ""
    tls: Tls | None = None
    cluster: Cluster | None = None


def configure(directory: Path, secrets: Path, server: Server) -> Path:
    """Write everything that a server reads, with a password for every user; its main file.

    What is there already keeps its passwords, and the accounts of foreign systems stay.
    """
    Accounts(directory, secrets).write()
    main = directory / FILE
    lines = [f"{name}: {json.dumps(it)}\n" for name, it in _settings(server, secrets).items()]
    content = f"{WRITTEN}{''.join(lines)}include './{LIST}'\n"
    replace_file(main, content, 0o600 if server.cluster else 0o644)  # it holds the routes' password
    return main


def _settings(server: Server, secrets: Path) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "server_name": server.name,
        "host": server.host,
        "port": server.port,
        "max_payload": PAYLOAD,
        # Synced before it is acknowledged: an acknowledged event outlives the machine's power.
        "jetstream": {"store_dir": server.store, "sync_interval": "always"},
        "system_account": SYS,
    }
    if server.monitoring:
        settings["http"] = server.monitoring
    if server.pid_file:
        settings["pid_file"] = server.pid_file
    if server.tls is not None:
        settings["tls"] = _tls(server.tls)
    if server.cluster is not None:
        settings["cluster"] = _cluster(server.cluster, passwords.made(secrets, ROUTE_USER))
    return settings


def _tls(tls: Tls) -> dict[str, Any]:
    files = {"cert_file": tls.cert, "key_file": tls.key}
    return {**files, **({"ca_file": tls.ca} if tls.ca else {}), "verify": tls.verify}


def _cluster(cluster: Cluster, password: str) -> dict[str, Any]:
    """Without a password whoever reaches the port would be a server, and see every account."""
    return {
        "name": cluster.name,
        "listen": cluster.listen,
        "authorization": {"user": ROUTE_USER, "password": password},
        "routes": [f"nats-route://{ROUTE_USER}:{password}@{route}" for route in cluster.routes],
    }
