"""The users' passwords: made once, each in a file of its own; the servers get only their hashes."""

import secrets
from pathlib import Path

import bcrypt

from sluse.nats_configuration.files import replace_file

ROUNDS = 4
"""The least: against the guessing of a password of 256 random bits no slowness is needed, and a
slow hash makes every reconnection of every service slow at the same moment."""


def file_of(directory: Path, user: str) -> Path:
    """Where a user's password is."""
    return directory / f"nats-{user}"


def made(directory: Path, user: str) -> str:
    """The user's password; a new one, in a file for the owner alone, if there is none yet."""
    directory.mkdir(parents=True, exist_ok=True)
    file = file_of(directory, user)
    if not file.exists():
        replace_file(file, secrets.token_urlsafe(32), 0o600)
    return file.read_text().strip()


def hashed(password: str, known: str = "") -> str:
    """The hash that nats-server takes; the known one if it is of this password.

    So that a configuration which is written again is the same, and a reload changes nothing.
    """
    if known and bcrypt.checkpw(password.encode(), known.encode()):
        return known
    # nats-server knows a hash by the prefix 2a
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS, prefix=b"2a")).decode()
