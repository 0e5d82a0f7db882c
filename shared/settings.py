"""Settings: read from the environment once, at the start; secrets also from files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from shared.errors import SluseError

PREFIX = "SLUSE_"
Seconds = Annotated[float, Meta(gt=0)]


class SettingsError(SluseError):
    """A setting is missing, unknown or of the wrong shape."""

    code = "SETTINGS"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each field is the environment variable SLUSE_<FIELD>; SLUSE_<FIELD>_FILE names a file of it.

    `database`: SQLAlchemy's URL; {service} stands for the service's name.
    `digest_key`: the secret of command digests; the same for all replicas, for ever.
    `view_wait`, `command_timeout`: seconds. `sweep_every`: seconds between looks at ended windows.
    `import_quiet`: how many seconds without an imported event until the clock dares to say "missed".
    """

    nats_url: str = "nats://127.0.0.1:4222"
    database: str = "sqlite+aiosqlite:///.sluse/{service}.db"
    digest_key: Annotated[str, Meta(min_length=16)]
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    log_format: Literal["auto", "json", "pretty"] = "auto"
    replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    request_timeout: Seconds = 2.0
    view_wait: Seconds = 3.0
    command_timeout: Seconds = 12.0
    sweep_every: Seconds = 30.0
    import_quiet: Seconds = 20.0

    def database_of(self, service: str) -> str:
        """The database of one service."""
        return self.database.replace("{service}", service)


def from_environment(environment: Mapping[str, str], **fallbacks: object) -> Settings:
    """Decode all SLUSE_ variables; `fallbacks` fill what is not set."""
    given: dict[str, object] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name == "SLUSE_":
            continue
        field = name.removeprefix(PREFIX).lower()
        if field.endswith("_file"):
            given[field.removesuffix("_file")] = _content(name, value)
        else:
            given[field] = value
    try:
        return msgspec.convert({**fallbacks, **given}, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"environment ({PREFIX}*): {error}") from None


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}: {path}") from None
