"""Settings: read from the environment once, at the start; secrets also from files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from shared.bus_login import BusLogin
from shared.errors import SluseError

PREFIX = "SLUSE_"
Seconds = Annotated[float, Meta(gt=0)]


class SettingsError(SluseError):
    """A setting is missing, unknown or of the wrong shape."""

    code = "SETTINGS"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Each field is the environment variable SLUSE_<FIELD>; SLUSE_<FIELD>_FILE names a file of it.

    `database`: SQLAlchemy's URL without a password; {service} stands for the service's name.
    `lease_seconds`: after how long a projection's writer that gives no sign is replaced.
    `stall_seconds`: how long a projection may lag without progress until it counts as stalled.
    `digest_key`: the secret of command digests; the same for all replicas, for ever.
    `view_wait`, `command_timeout`: seconds. `sweep_every`: seconds between looks at ended windows.
    `import_quiet`: how many seconds without an imported event until the clock dares to say "missed".
    `metrics_port`: where Prometheus may ask; 0: nowhere. `otlp_endpoint`: where traces go, as
    http://collector:4318; empty: nowhere.
    `auth`: off only on loopback. `jwks`: URL or path of the keys that tokens are checked by, or the
    keys themselves; read again every `jwks_max_age` seconds. `jwt_issuer`, `jwt_audience`: what a
    token must say. `rate_limit`: HTTP requests a second and caller; 0: any number.
    `token`: what the operator's command shows at the doors; no service reads it.
    """

    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str = ""
    nats_password: str = ""
    nats_ca: str = ""
    nats_cert: str = ""
    nats_key: str = ""
    database: str = "sqlite+aiosqlite:///.sluse/{service}.db"
    database_password: str = ""
    lease_seconds: Annotated[float, Meta(ge=2)] = 5.0  # its holder gives a sign each second
    stall_seconds: Seconds = 30.0
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
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    otlp_endpoint: str = ""
    auth: Literal["on", "off"] = "on"
    jwks: str = ""
    jwks_max_age: Seconds = 300.0
    jwt_issuer: str = "sluse"
    jwt_audience: str = "sluse"
    rate_limit: Annotated[int, Meta(ge=0)] = 50
    token: str = ""

    @property
    def bus(self) -> BusLogin:
        """Where the bus is, and as whom this process comes."""
        return BusLogin(
            self.nats_url,
            self.nats_user,
            self.nats_password,
            self.nats_ca,
            self.nats_cert,
            self.nats_key,
            self.token,
        )

    def database_of(self, service: str) -> str:
        """The database of one service."""
        return self.database.replace("{service}", service)


def from_environment(environment: Mapping[str, str], **fallbacks: object) -> Settings:
    """Decode all SLUSE_ variables; `fallbacks` fill what is not set."""
    given = _given(environment)
    try:
        settings = msgspec.convert({**fallbacks, **given}, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"environment ({PREFIX}*): {error}") from None
    if urlsplit(settings.database).password is not None:  # addresses are shown, passwords never
        raise SettingsError(f"{PREFIX}DATABASE: give the password in {PREFIX}DATABASE_PASSWORD")
    return settings


def bus_from(environment: Mapping[str, str], url: str) -> BusLogin:
    """What SLUSE_NATS_* and SLUSE_TOKEN say of an address, for who needs no other setting."""
    needed = (f"{PREFIX}NATS_", f"{PREFIX}TOKEN")
    given = _given({n: value for n, value in environment.items() if n.startswith(needed)})
    fields = {"token": given.get("token", "")}
    for name in ("user", "password", "ca", "cert", "key"):
        fields[name] = given.get(f"nats_{name}", "")
    return BusLogin(url, **{name: str(value) for name, value in fields.items()})


def _given(environment: Mapping[str, str]) -> dict[str, object]:
    """Field to value, as far as the environment says; the content of the files that it names."""
    given: dict[str, object] = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name == PREFIX:
            continue
        field = name.removeprefix(PREFIX).lower()
        if field.endswith("_file"):
            given[field.removesuffix("_file")] = _content(name, value)
        else:
            given[field] = value
    return given


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}: {error.strerror}: {path}") from None
