"""Running a simulation: its rows to a file or through the doors, or its events into the streams."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct, field

from services.intake.events import VOCABULARY as INTAKE
from services.intake.events.definition import Definition
from services.intake.events.in_force import DefinitionFact, fold, in_force
from shared.bus import Bus
from shared.clock import copenhagen_day, now
from shared.correction.effective import effective
from shared.errors import NotFound
from shared.event_store import EventStore
from shared.subjects import subject_of
from sluse import programmes
from sluse.sending import Sender
from sluse.simulation import direct
from sluse.simulation.direct import Written
from sluse.simulation.faults import Row
from sluse.simulation.population import rows
from sluse.simulation.wish import Wish, setting_of

DIGEST_KEY = "SLUSE_DIGEST_KEY"
SHOWN = 10


class Unexpected(Struct, frozen=True):
    """A row that was not answered as it was meant to be."""

    command_id: str
    code: str
    message: str
    meant: str | None


class Simulated(Struct, kw_only=True):
    """What became of the rows; `refused` counts the bad ones, by code."""

    programme: str
    people: int
    rows: int = 0
    events: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unexpected: int = 0
    first_unexpected: list[Unexpected] = field(default_factory=list)


def to_file(wish: Wish, file: Path) -> Simulated:
    """Write the commands alone, one a line."""
    definition = programmes.read(wish.definition or _file_of(wish.programme))
    setting = setting_of(wish, definition, copenhagen_day(now()))
    every = rows(setting, wish.people, wish.faults)
    file.write_bytes(b"".join(row.body + b"\n" for row in every))
    return Simulated(programme=definition.key, people=wish.people, rows=len(every))


async def over_the_bus(bus: Bus, wish: Wish, progress: Callable[[], object]) -> Simulated | Written:
    """Through the doors, or straight into the streams."""
    if wish.definition is not None:
        definition = programmes.read(wish.definition)
    else:
        definition = await _open_definition(bus, wish.programme)
    setting = setting_of(wish, definition, copenhagen_day(now()))
    if wish.direct:
        return await direct.write(
            bus,
            setting,
            wish.people,
            faults=wish.faults,
            digest_key=os.environ.get(DIGEST_KEY, "").encode(),
            progress=progress,
        )
    simulated = Simulated(programme=definition.key, people=wish.people)
    await send(rows(setting, wish.people, wish.faults), Sender(bus), simulated, progress)
    return simulated


async def send(
    every: Iterable[Row], sender: Sender, simulated: Simulated, progress: Callable[[], object]
) -> None:
    """Row by row; a bad one is meant to be refused, all others to be recorded."""
    for row in every:
        reply = await sender.send(row.body)
        simulated.rows += 1
        simulated.events += len(reply.events or ())
        code = reply.error.code if reply.error else None
        if code is not None and code == row.refused:
            simulated.refused[code] = simulated.refused.get(code, 0) + 1
        elif code != row.refused:
            simulated.unexpected += 1
            message = reply.error.message if reply.error else "accepted"
            told = Unexpected(row.command.command_id, code or "", message, row.refused)
            simulated.first_unexpected = [*simulated.first_unexpected, told][:SHOWN]
        progress()


def _file_of(key: str) -> Path:
    return programmes.DIRECTORY / f"{key}.toml"


async def _open_definition(bus: Bus, key: str) -> Definition:
    """The definition by which the programme is open."""
    history = await EventStore(bus, INTAKE).load(subject_of("intake", "programme", key))
    facts = fold(key, effective(history.records, INTAKE))
    known = [fact for fact in facts if isinstance(fact, DefinitionFact)]
    definition = in_force(known, copenhagen_day(now()))
    if definition is None:
        raise NotFound(f"no programme {key!r} is open: sluse programme apply")
    return definition
