"""The embedded mode's data directory: one process at a time, its own files only, a secret of its own."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import SluseError

OWN = ("nats", "databases", "digest.key", "demos")


class InUse(SluseError):
    """Another process works on the same data."""

    code = "IN_USE"

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} is in use by another sluse: end it, or choose another --data"
        )


class DataDirectory:
    """Where everything of an embedded sluse lies."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.nats = self.path / "nats"
        self.databases = self.path / "databases"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for as long as the block runs; the lock goes with the process, however it ends."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InUse(self.path) from None
            yield
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Remove what sluse made here, and nothing else."""
        for name in OWN:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make what is missing."""
        self.nats.mkdir(exist_ok=True)
        self.databases.mkdir(exist_ok=True)
        (self.path / "demos").mkdir(exist_ok=True)

    def digest_key(self) -> str:
        """The secret of command digests, made at the first start."""
        path = self.path / "digest.key"
        if not path.exists():
            part = path.with_suffix(".part")
            part.touch(mode=0o600)
            part.write_text(secrets.token_hex(32))
            part.rename(path)
        return path.read_text()

    def database_url(self) -> str:
        """SQLAlchemy's URL of a service's database."""
        return f"sqlite+aiosqlite:///{self.databases}/{{service}}.db"

    def demo_done(self, key: str, checksum: str) -> bool:
        """Whether a demo history of this content has been recorded to its end."""
        marker = self.path / "demos" / key
        return marker.exists() and marker.read_text() == checksum

    def mark_demo(self, key: str, checksum: str) -> None:
        """Remember that a demo history was recorded to its end."""
        (self.path / "demos" / key).write_text(checksum)
