"""Sixty simulated people through the doors: the figures say what the generator knows to be true."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from services.reporting import answers
from services.reporting.reader import Question
from shared.bus import connected
from sluse import programmes
from sluse.simulation.faults import is_registered_twice
from sluse.simulation.journey import Journey, journey
from sluse.simulation.setting import Setting, person
from tests.journeys import history
from tests.journeys.sluse_process import Up, run
from tests.journeys.test_old_moments import VOCABULARIES, answered, folded, recorded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KEY = "jobsporet"
PEOPLE, MONTHS, SEED = 60, 6, 3
FIRST_MONTH = date(2021, 11, 1)
LAST = date(2023, 12, 31)
ON = date(2023, 6, 30)
OPTIONS = (
    "--programme", KEY, "--people", str(PEOPLE), "--months", str(MONTHS), "--seed", str(SEED),
    "--until", str(LAST),
)  # fmt: skip


class Simulation(Struct, frozen=True):
    """A running system that has recorded a population; what the generator knows of it."""

    up: Up
    told: dict[str, Any]
    lines: list[history.Line]
    setting: Setting
    people: list[Journey]


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    file = programmes.DIRECTORY / f"{KEY}.toml"
    setting = Setting(
        definition=programmes.read(file),
        seed=SEED,
        first_month=FIRST_MONTH,
        months=MONTHS,
        until=LAST,
    )
    data = tmp_path_factory.mktemp("simulated") / "data"
    with Up(data, SLUSE_SWEEP_EVERY="3600") as up:
        assert up.run("programme", "apply", file).status == 0
        ran = up.run("simulate", *OPTIONS)
        assert ran.status == 0, (ran.said, ran.out)
        lines = history.read(up.run("export").out)
        for stream in history.LETTERS:
            up.wait(stream.lower(), max(it["position"] for it in lines if it["stream"] == stream))
        people = [journey(setting, number) for number in range(PEOPLE)]
        yield Simulation(up, msgspec.json.decode(ran.out), lines, setting, people)


def figures(simulation: Simulation) -> dict[str, dict[str, Any]]:
    told = simulation.up.ask(f"/api/programmes/{KEY}/measures", on=str(ON))
    return {f"{it['measure']} {it.get('variant') or ''}".strip(): it for it in told["figures"]}


def test_only_the_bad_rows_were_refused(simulation: Simulation) -> None:
    assert simulation.told["unexpected"] == 0
    refused = sum(simulation.told["refused"].values())
    assert 0 < refused < 0.04 * simulation.told["rows"]


def test_referred_are_the_people_and_the_doubles_that_nobody_found_out(
    simulation: Simulation,
) -> None:
    doubles = [is_registered_twice(simulation.setting, person(n)) for n in range(PEOPLE)]
    unmerged = sum(twice and not merged for twice, merged in doubles)
    assert figures(simulation)["M01 referred"]["value"] == PEOPLE + unmerged


def test_who_was_enrolled_started_and_completed(simulation: Simulation) -> None:
    told, people = figures(simulation), simulation.people
    assert told["M01 enrolled"]["value"] == sum(it.accepted for it in people)
    started = [it for it in people if it.first_attended_on is not None]
    assert told["M01 started"]["value"] == len(started)
    never = [it for it in people if it.never_started_on is not None]
    assert told["M02"]["value"] == len(never)


def test_who_dropped_out(simulation: Simulation) -> None:
    dropped = [it for it in simulation.people if it.practice and it.practice.dropped_out]
    assert dropped
    assert figures(simulation)["M16"]["value"] == len(dropped)


def test_who_entered_employment_within_four_weeks_of_the_programme(
    simulation: Simulation,
) -> None:
    """Jobsporet ends with December 2022, after everybody's exit."""
    entered = [
        it
        for it in simulation.people
        if it.practice
        and it.job
        and it.job.counts
        and it.job.start_on <= it.practice.end_on + timedelta(days=28)
    ]
    assert entered
    assert figures(simulation)["M04"]["value"] == len(entered)


def test_the_goals_say_the_same(simulation: Simulation) -> None:
    goals = simulation.up.ask(f"/api/programmes/{KEY}/goals", on=str(ON))["goals"]
    by_measure = {it["figure"]["measure"]: it["figure"]["value"] for it in goals}
    assert by_measure["M04"] == figures(simulation)["M04"]["value"]


async def test_fifty_old_moments_with_corrections_answer_as_a_fold_that_ends_there(
    simulation: Simulation, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    assert len(history.of_type(simulation.lines, "EventCorrected")) > 5
    records = [recorded(line) for line in simulation.lines]
    last = {stream: sum(record.stream == stream for record in records) for stream in VOCABULARIES}
    told_anything = 0
    async with connected(simulation.up.nats, "journey") as bus:
        for number in range(50):
            at = datetime.fromisoformat(chance.choice(simulation.lines)["recorded_at"])
            known = [record for record in records if record.recorded_at <= at]
            positions = {s: sum(record.stream == s for record in known) for s in last}
            letters = {stream: stream[0].lower() for stream in positions}
            moment = ".".join(f"{letters[s]}{positions[s]}" for s in history.LETTERS)
            on = FIRST_MONTH + timedelta(days=chance.randint(0, 600))
            async with folded(known, tmp_path / f"{number}.db", bus) as reader:
                goals = await answered(answers.goals_of(reader, KEY, Question(on)))
                partition = await answered(answers.partition_of(reader, KEY, Question(on)))
            assert live(simulation, "goals", known=moment, on=str(on)) == goals, moment
            assert live(simulation, "partition", known=moment, on=str(on)) == partition, moment
            told_anything += partition != "NOT_FOUND"
    assert told_anything > 40


def live(simulation: Simulation, what: str, **parameters: str) -> Any:
    response = simulation.up.http.get(f"/api/programmes/{KEY}/{what}", params=parameters)
    told = response.json()
    return told if response.status_code == 200 else told["error"]["code"]


def test_the_commands_alone_can_be_written_to_a_file(
    simulation: Simulation, tmp_path: Path
) -> None:
    for name in ("once", "again"):
        written = run("simulate", *OPTIONS, "--out", tmp_path / name)
        assert written.status == 0, written.said
    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()
    assert len((tmp_path / "once").read_bytes().splitlines()) == simulation.told["rows"]


def test_sent_again_nothing_new_is_recorded_nor_written_directly(simulation: Simulation) -> None:
    before = len(simulation.up.run("export").out.splitlines())
    sent = simulation.up.run("simulate", *OPTIONS, "--direct")
    assert sent.status == 0, sent.said
    assert msgspec.json.decode(sent.out)["events"] == 0
    assert len(simulation.up.run("export").out.splitlines()) == before
