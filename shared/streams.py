"""The streams and their settings, made by an operator's command and never by a service."""

import asyncio

import msgspec
from msgspec import Struct

from shared.bus import LEADERLESS, ApiError, Bus, NoAnswer
from shared.errors import BusAway
from shared.subjects import SERVICES, stream_of

STREAM_NOT_FOUND = 10059
READY_SECONDS = 10.0
# A position that no stream has: a message that expects it is refused, and so nothing is stored.
UNREACHABLE = str(2**62)

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
    """Create what is missing and change what differs; what is as wanted stays untouched.

    What was created or changed can be written to through this connection. Raises BusAway if it
    can't be within READY_SECONDS.
    """
    applied = []
    for stream, subject in (streams or ALL).items():
        outcome = await _apply(bus, wanted(stream, subject, replicas))
        if outcome != "unchanged":
            await ready(bus, subject)
        applied.append(Applied(stream, outcome))
    return applied


async def ready(bus: Bus, subject: str) -> None:
    """Return once the stream behind `X.>` answers through this connection, or raise BusAway.

    In a cluster the stream's leader knows of it first; the node of this connection may take a
    moment longer, and until then says that nobody listens.
    """
    deadline = asyncio.get_running_loop().time() + READY_SECONDS
    while not await _answers(bus, subject.replace(">", "ready")):
        if asyncio.get_running_loop().time() > deadline:
            raise BusAway
        await asyncio.sleep(0.02)


async def _answers(bus: Bus, subject: str) -> bool:
    try:
        answer = await bus.request(
            subject, b"", timeout=1, headers={"Nats-Expected-Last-Sequence": UNREACHABLE}
        )
    except (BusAway, NoAnswer):
        return False
    refusal = msgspec.json.decode(answer.data, type=_Refusal).error
    return refusal.err_code not in LEADERLESS


class _Problem(Struct):
    err_code: int


class _Refusal(Struct):
    error: _Problem


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
