"""Systems that have recorded one demonstration, all of them or none, and a programme that runs today."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.journeys import history
from tests.journeys.sluse_process import Up
from tests.journeys.today import PROGRAMME, programme_file


class Demo(Struct, frozen=True):
    """A running system, and what was exported when its history had been loaded."""

    up: Up
    lines: list[history.Line]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`sluse up --demo jobsporet`, with a clock that looks often once the import is quiet."""
    data = tmp_path_factory.mktemp("demo") / "data"
    with Up(data, "--demo", "jobsporet", SLUSE_SWEEP_EVERY="0.5", SLUSE_IMPORT_QUIET="5") as up:
        up.says(r"demo jobsporet: \d+ commands recorded")
        exported = up.run("export")
        assert exported.status == 0, exported.said
        lines = history.without_clock(history.read(exported.out))
        for stream in history.LETTERS:
            last = max(line["position"] for line in lines if line["stream"] == stream)
            up.wait(stream.lower(), last)
        yield Demo(up, lines)


@pytest.fixture(scope="session")
def all_demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """`sluse up --demo all`, with a clock that waits: what it would say is no part of the demos."""
    data = tmp_path_factory.mktemp("all") / "data"
    with Up(data, "--demo", "all", SLUSE_IMPORT_QUIET="86400") as up:
        up.says(r"demo all: \d+ commands recorded", seconds=1500)
        exported = up.run("export")
        assert exported.status == 0, exported.said
        lines = history.read(exported.out)
        for stream in history.LETTERS:
            last = max(line["position"] for line in lines if line["stream"] == stream)
            up.wait(stream.lower(), last)
        yield Demo(up, lines)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`sluse up` with nothing recorded."""
    with Up(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def programme(up: Up, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A programme that runs today, opened as its operator does."""
    applied = up.run("programme", "apply", programme_file(tmp_path_factory.mktemp("programme")))
    assert applied.status == 0, applied.said
    return PROGRAMME


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that nobody has used."""
    return tmp_path / "data"
