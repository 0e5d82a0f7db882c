"""What every test needs to know of the machine before it starts."""

import os

# Read when testcontainers is imported: the engine's published ports are on this machine's loopback.
for name, value in {
    "TESTCONTAINERS_RYUK_DISABLED": "true",
    "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
    "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
}.items():
    os.environ.setdefault(name, value)

from tests.containers.fixtures import cluster, image, system  # noqa: E402, F401 - for every test
