"""A nats-server that is too old for us: it takes the headers of an expectation and ignores them."""

import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).with_name("old-nats-server.lock")
INSTALLED = Path(sys.prefix) / "old-nats"


def binary() -> Path:
    """The executable that `make install` puts beside the environment; a failure if it is missing."""
    path = INSTALLED / "bin" / "nats-server"
    if not path.exists():
        raise AssertionError(f"{path} is missing: run `make install`, or install {LOCK} there")
    return path


def version() -> str:
    """What the old server calls itself."""
    answer = subprocess.run([binary(), "--version"], check=True, capture_output=True, text=True)
    return answer.stdout.strip().rpartition("v")[2]
