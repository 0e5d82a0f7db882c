"""The secrets of an installation: files, each made once and never shown."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from shared.access.issuing import JWKS, SIGNING_KEY, make_keys
from sluse.nats_configuration.server import Cluster, Server, configure

SERVICES = ("intake", "placement", "aftercare", "reporting")
SHARED_WITH_DATABASE = tuple(f"database-{service}" for service in SERVICES)
"""What a service and the database server both must read."""

OWN = ("digest-key", *SHARED_WITH_DATABASE)
DATABASES = ("postgres",)
"""What the database server alone reads."""

ALONE = "alone"
CLUSTER = ("nats", "nats-2", "nats-3")
"""The bus servers that are configured: one by itself, or three that are one cluster."""


class Secret(Struct, frozen=True):
    """What became of one file: made or kept."""

    secret: str
    outcome: str


class Owners(Struct, frozen=True):
    """The numeric users of the containers that read the files; only root can give files away."""

    services: int
    database: int


def make(directory: Path) -> list[Secret]:
    """Make the secrets that are missing, with mode 0600; what is there stays as it is."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = [_made(directory / name) for name in (*OWN, *DATABASES)]
    outcome = "kept" if (directory / JWKS).exists() else "made"
    if outcome == "made":
        make_keys(directory)
    for name in ALONE, *CLUSTER:
        configure(directory / "servers" / name, directory, _server(name))
    return [*made, Secret(SIGNING_KEY, outcome)]


def _server(name: str) -> Server:
    """As the compose files have it: only containers reach its ports, and its data is in a volume."""
    return Server(
        name=name,
        host="0.0.0.0",
        monitoring="0.0.0.0:8222",
        store="/data",
        cluster=None if name == ALONE else Cluster("sluse", tuple(f"{it}:6222" for it in CLUSTER)),
    )


def give_away(directory: Path, owners: Owners) -> None:
    """Let each container read its own files and no others."""
    for path in (directory, *_below(directory)):
        os.chown(path, owners.services, owners.services, follow_symlinks=False)
    for name in SHARED_WITH_DATABASE:
        os.chown(directory / name, owners.services, owners.database)
        (directory / name).chmod(0o640)
    for name in DATABASES:
        os.chown(directory / name, owners.database, owners.database)


def _below(directory: Path) -> Iterable[Path]:
    return directory.rglob("*")


def _made(path: Path) -> Secret:
    if path.exists():
        return Secret(path.name, "kept")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)  # of a run that was killed
    part.touch(mode=0o600)
    part.write_text(secrets.token_hex(32))
    part.rename(path)
    return Secret(path.name, "made")
