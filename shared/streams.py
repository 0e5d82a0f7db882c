"""The streams and their settings, made by an operator's command and never by a service."""

import msgspec
from msgspec import Struct

from shared.bus import ApiError, Bus
from shared.subjects import SERVICES, stream_of

STREAM_NOT_FOUND = 10059

PRIVATE = {stream_of(service): f"{service}.>" for service in SERVICES}
ALL = {**PRIVATE, "REPORTS": "reports.>", "OPERATIONS": "operations.>"}


class Applied(Struct, frozen=True):
    """What became of one stream: created, changed or unchanged."""

    stream: str
    outcome: str


class _Config(Struct):
    config: dict[str, object]


def wanted(stream: str, subject: str, replicas: int) -> dict[str, object]:
    """The settings that lose nothing: no age limit, new messages refused when full, no purge."""
    return {
        "name": stream,
        "subjects": [subject],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_age": 0,
        "max_bytes": -1,
        "max_msgs": -1,
        "max_msgs_per_subject": -1,
        "deny_purge": True,
        "allow_direct": True,
        "allow_atomic": True,
        "num_replicas": replicas,
    }


async def apply(
    bus: Bus, replicas: int = 1, streams: dict[str, str] | None = None
) -> list[Applied]:
    """Create what is missing and change what differs; what is as wanted stays untouched."""
    return [
        Applied(stream, await _apply(bus, wanted(stream, subject, replicas)))
        for stream, subject in (streams or ALL).items()
    ]


async def _apply(bus: Bus, config: dict[str, object]) -> str:
    stream = config["name"]
    try:
        answer = await bus.api(f"STREAM.INFO.{stream}", {})
    except ApiError as error:
        if error.number != STREAM_NOT_FOUND:
            raise
        await bus.api(f"STREAM.CREATE.{stream}", config, timeout=10)
        return "created"
    present = msgspec.json.decode(answer, type=_Config).config
    if all(present.get(key) == value for key, value in config.items()):
        return "unchanged"
    await bus.api(f"STREAM.UPDATE.{stream}", {**present, **config}, timeout=10)
    return "changed"
