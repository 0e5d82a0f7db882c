"""What was measured, as a table and as the page docs/performance.md."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median, quantiles

import psutil
from msgspec import Struct, field

from shared.event_store import REMEMBERED

PACKAGES = ("nats-py", "msgspec")


PAGE = """\
# Performance

Written by `make bench ARGS=--write`. Ratios travel between machines, milliseconds do not.

## A command on an entity with {entity} events, in a stream of {long}

A placement takes one `ReportWageHours` more.

- **(a)** is the least it can cost: a read of the entity's last message and an append with an
  expectation, by hand, nothing decoded.
- **(b)** is the real thing in a long stream: load, fold, decide, append. At the *first* command the
  event store knows nothing of the entity (each has a fresh one) and reads and decodes all its events.
  They lie in a row near the stream's end (b1), or evenly over the whole stream (b2): one every few
  thousand events, as of an entity that lives for years. At the *next* command on the spread entity
  (b3) the same store remembers them and asks only for what is new.
- **(c)** and **(c3)** are the first and the next command in a short stream on a server of its own.

{table}

What to read in it:

- **b3 / a** is what a command costs beside its two round trips, once the store knows the entity: the
  one event that is new is decoded, all are folded, one is decided on and encoded.
- **b3 / c3** is what the stream's length costs then, and that the events lie far apart.
- **b1 / c** is what the stream's length costs at a first command when the events lie close together.
- **b2 / c** is what it costs when they lie far apart: the price of the first touch of a spread entity.
  The server finds each next message of a subject by looking at every message between, in each block
  (8 MB) where the subject occurs; so it grows with the stream, up to one block for each event of the
  entity. It is paid after each start of the service, and for an entity that has been pushed out: a
  service remembers the {remembered} events that it used last, here {entities} entities.

Measured by hand on 2026-11-22, three of each, beside this: after a pause of 14 s the server has dropped
its caches. Then the first command on a spread entity took 240 to 420 ms in a stream of 200,000, the
next command on one that the store remembered 4 to 5 ms.

All of them take turns command by command, so that whatever else the machine does falls on all alike.
Each entity grows from {first} to {last} events. Left out: the doors (HTTP, NATS) and the view's query.
"""


class Run(Struct):
    """Seconds of each, one number per command."""

    raw: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)
    apart_again: list[float] = field(default_factory=list)
    short: list[float] = field(default_factory=list)
    short_again: list[float] = field(default_factory=list)


class Measured(Struct, frozen=True, kw_only=True):
    """All counted runs, and what they were runs of; `load` is the machine's load average."""

    server: str
    long: int
    short: int
    entity: int
    commands: int
    load: float
    runs: list[Run]


def table(measured: Measured) -> str:
    """Medians in milliseconds with the spread of the runs' medians, and the ratios, run by run."""
    long, short = f"{measured.long:,}", f"{measured.short:,}"
    runs = measured.runs
    rows = [
        _times(f"(a) two raw round trips, {long} events", [run.raw for run in runs]),
        _times(
            f"(b1) first command, {long} events, its own in a row", [run.together for run in runs]
        ),
        _times(f"(b2) first command, {long} events, its own spread", [run.apart for run in runs]),
        _times("(b3) next command on (b2)'s entity", [run.apart_again for run in runs]),
        _times(f"(c) first command, {short} events", [run.short for run in runs]),
        _times("(c3) next command on (c)'s entity", [run.short_again for run in runs]),
    ]
    ratios = [
        _ratio("b3 / a", [(run.apart_again, run.raw) for run in runs]),
        _ratio("b3 / c3", [(run.apart_again, run.short_again) for run in runs]),
        _ratio("b1 / c", [(run.together, run.short) for run in runs]),
        _ratio("b2 / c", [(run.apart, run.short) for run in runs]),
    ]
    return "\n".join(
        [
            "| one caller | median, ms | runs' medians, ms | 95 % within, ms |",
            "|---|---|---|---|",
            *rows,
            "",
            "| ratio | median of runs | lowest to highest run |",
            "|---|---|---|",
            *ratios,
            "",
            _made_of(measured),
        ]
    )


def page(measured: Measured) -> str:
    """The whole of docs/performance.md."""
    return PAGE.format(
        entity=measured.entity,
        first=measured.entity - 5,
        last=measured.entity + 5,
        long=f"{measured.long:,}",
        remembered=f"{REMEMBERED:,}",
        entities=REMEMBERED // measured.entity,
        table=table(measured),
    )


def _times(name: str, runs: list[list[float]]) -> str:
    medians = [median(run) for run in runs]
    every = [one for run in runs for one in run]
    return (
        f"| {name} | {_ms(median(medians))} | {_ms(min(medians))} to {_ms(max(medians))} "
        f"| {_ms(quantiles(every, n=20)[-1])} |"
    )


def _ratio(name: str, runs: list[tuple[list[float], list[float]]]) -> str:
    ratios = [median(above) / median(below) for above, below in runs]
    return f"| {name} | {median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


def _made_of(measured: Measured) -> str:
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"A single measurement of {datetime.now(UTC):%Y-%m-%d}: {len(measured.runs)} runs of "
        f"{measured.commands} commands of each kind, of (b1) twice as many. "
        f"nats-server {measured.server} (one node, file storage, `sync_interval: always`), "
        f"Python {platform.python_version()}, {packages}; "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"load average at most {measured.load:.1f} when it began and ended (1 is this measurement's own)."
    )
