"""Restoring a backup into an empty server: sources first, in a new epoch, and compared with the backup."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from shared.bus import ApiError, Bus, NoAnswer
from shared.bus_refusals import Denied
from shared.epoch import Epoch, following, latest
from shared.errors import BusAway, SluseError
from shared.streams import ALL
from shared.subjects import status_subject
from sluse.backup import manifest
from sluse.backup.contents import content
from sluse.backup.manifest import PUBLIC, Manifest, StreamEntry
from sluse.backup.snapshot import SnapshotFailed, State, upload
from sluse.backup.taking import consumers, stream_names

SERVICES = ("intake", "placement", "aftercare", "reporting")
LOOK_SECONDS = 2.0
CONSUMER_NOT_FOUND = 10014


class ServerNotEmpty(SluseError):
    """Events are never restored among others."""

    code = "SERVER_NOT_EMPTY"


class ServicesRun(SluseError):
    """A service that goes on meanwhile would write on what is restored already."""

    code = "SERVICES_RUN"


class RestoreInterrupted(SluseError):
    """The server holds a part of the backup; the message says which."""

    code = "RESTORE_INTERRUPTED"


class RestoredStream(Struct, frozen=True, kw_only=True):
    """What became of a stream: `expected` and `position` are the backup's last and the stream's.

    outcome `same`: all up to the expected position is as it was; `more`: and behind it stands what
    was recorded while the backup was taken; `differs`: `detail` says what.
    """

    stream: str
    expected: int
    position: int
    outcome: str
    detail: str = ""


class Restored(Struct, frozen=True):
    """The epoch that has begun, and all streams; ok if none of them differs."""

    ok: bool
    epoch: str
    streams: list[RestoredStream]


async def restore(
    bus: Bus,
    directory: Path,
    replicas: int | None = None,
    said: Callable[[RestoredStream], object] = lambda stream: None,
) -> Restored:
    """Restore all streams; `replicas` of each (None: as many as there were).

    Raises Contradiction, ServerNotEmpty or ServicesRun before anything is changed, and
    RestoreInterrupted if it fails on the way.
    """
    backup = manifest.read(directory)
    await _refuse_unless_empty(bus, backup)
    await _refuse_if_services_run(bus)
    epoch = following(latest(entry.epoch for entry in backup.streams))
    done: list[RestoredStream] = []
    for entry in reversed(backup.streams):
        begins = Epoch(epoch, entry.epoch, entry.position)
        try:
            done.append(await _restored(bus, directory, entry, _config(entry, begins, replicas)))
        except (SnapshotFailed, ApiError, BusAway, NoAnswer) as error:
            raise RestoreInterrupted(_left(entry, done, backup, error)) from None
        said(done[-1])
    return Restored(all(it.outcome != "differs" for it in done), epoch, done)


def _left(
    entry: StreamEntry, done: list[RestoredStream], backup: Manifest, error: SluseError
) -> str:
    there = ", ".join(f"{it.stream} up to {it.position}" for it in done) or "nothing"
    names = {entry.stream, *(it.stream for it in done)}
    missing = ", ".join(it.stream for it in backup.streams if it.stream not in names)
    return (
        f"{entry.stream} failed ({error.message}) and may be there or not; "
        f"on the server is {there}; missing is {missing}: "
        "empty the server and restore again, before any service starts"
    )


async def _refuse_unless_empty(bus: Bus, backup: Manifest) -> None:
    ours = {*ALL, *(entry.stream for entry in backup.streams)}
    names = await stream_names(bus)
    there = sorted(name for name in names if name in ours or name.startswith(PUBLIC))
    if there:
        raise ServerNotEmpty(f"there is {', '.join(there)} already: restore into an empty server")


async def _refuse_if_services_run(bus: Bus) -> None:
    running = [service for service in SERVICES if await _answers(bus, service)]
    if running:
        raise ServicesRun(f"stop {', '.join(running)} first: start them when all is restored")


async def _answers(bus: Bus, service: str) -> bool:
    try:
        await bus.request(status_subject(service), b"", LOOK_SECONDS)
    except Denied:
        raise
    except BusAway:  # nobody listens
        return False
    except NoAnswer:  # somebody does
        return True
    return True


def _config(entry: StreamEntry, epoch: Epoch, replicas: int | None) -> Mapping[str, Any]:
    """The stream's own settings, with the epoch: no moment is there without it."""
    metadata = {**entry.config.get("metadata", {}), **epoch.metadata()}
    own = {name: text for name, text in metadata.items() if not name.startswith("_nats.")}
    more = {} if replicas is None else {"num_replicas": replicas}
    return {**entry.config, **more, "metadata": own}


async def _restored(
    bus: Bus, directory: Path, entry: StreamEntry, config: Mapping[str, Any]
) -> RestoredStream:
    state = await upload(bus, entry.stream, config, entry.state, directory / entry.file)
    wrong = [*_wrong_state(entry, state)]
    if state.last_seq >= entry.position:
        found = await content(bus, entry.stream, entry.position)
        if found.sha256 != entry.content:
            wrong.append(f"what stands up to {entry.position} is not what stood there")
    wrong += await _settle_consumers(bus, entry)
    more = state.last_seq - entry.position
    return RestoredStream(
        stream=entry.stream,
        expected=entry.position,
        position=state.last_seq,
        outcome="differs" if wrong else "more" if more else "same",
        detail="; ".join(wrong) or (f"{more} recorded while it was taken" if more else ""),
    )


def _wrong_state(entry: StreamEntry, state: State) -> list[str]:
    wrong = []
    if state.last_seq < entry.position:
        wrong.append(f"it ends at {state.last_seq} instead of {entry.position}")
    if state.messages and entry.position and state.first_seq != entry.state["first_seq"]:
        wrong.append(f"it begins at {state.first_seq} instead of {entry.state['first_seq']}")
    missing = entry.state["last_seq"] - entry.state["messages"]
    if state.last_seq - state.messages != missing:
        wrong.append(f"{state.messages} messages up to {state.last_seq}: some are missing")
    return wrong


async def _settle_consumers(bus: Bus, entry: StreamEntry) -> list[str]:
    """Readers' own consumers go; a durable one goes back to what it had settled at the beginning.

    What it settled later may have left its traces only in a stream that was taken before. Its
    reactions have ids of their own: what is there already is not recorded twice.
    """
    names = set()
    for consumer in await consumers(bus, entry.stream):
        if not consumer.is_durable:
            await _delete(bus, entry.stream, consumer.name)
            continue
        names.add(consumer.name)
        floor = entry.floors.get(consumer.name, 0)
        if consumer.delivered.stream_seq > floor:
            reset = f"CONSUMER.RESET.{entry.stream}.{consumer.name}"
            await bus.api(reset, {"seq": floor + 1})
    gone = entry.floors.keys() - names
    return [f"the consumer {name} is missing" for name in sorted(gone)]


async def _delete(bus: Bus, stream: str, consumer: str) -> None:
    """One that has gone by itself meanwhile is as good."""
    try:
        await bus.api(f"CONSUMER.DELETE.{stream}.{consumer}", {})
    except ApiError as error:
        if error.number != CONSUMER_NOT_FOUND:
            raise
