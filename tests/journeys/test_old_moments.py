"""Old moments: what was known then is answered as if nothing had been recorded since."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.reporting import answers
from services.reporting.facts import PLAN
from services.reporting.reader import Question, Reader
from shared.bus import Bus, connected
from shared.database import opened
from shared.envelope import Recorded
from shared.errors import SluseError
from shared.projection import Projection
from shared.subjects import stream_of
from tests.journeys import history
from tests.journeys.conftest import Demo

pytestmark = pytest.mark.slow

VOCABULARIES = {vocabulary.stream: vocabulary for vocabulary in PLAN.vocabularies}
GOALS = "/api/programmes/jobsporet/goals"
PARTITION = "/api/programmes/jobsporet/partition"


def recorded(line: history.Line) -> Recorded:
    """The exported event as a reader of its stream would get it."""
    return VOCABULARIES[line["stream"]].read(
        line["event"]["subject"],
        line["position"],
        datetime.fromisoformat(line["recorded_at"]),
        msgspec.json.encode(line["event"]),
    )


@asynccontextmanager
async def folded(records: Iterable[Recorded], file: Path, bus: Bus) -> AsyncIterator[Reader]:
    """A read model of these events and no others."""
    async with opened(f"sqlite+aiosqlite:///{file}") as engine:
        projection = Projection(PLAN, engine)
        await projection.prepare()
        by_stream: dict[str, list[Recorded]] = {}
        for record in records:
            by_stream.setdefault(record.stream, []).append(record)
        for stream, some in by_stream.items():
            await projection.apply(stream, some)
        yield Reader(projection, bus, 1.0)


async def answered(asking: Any) -> Any:
    """The answer as JSON; a refusal's code."""
    try:
        return msgspec.json.decode(msgspec.json.encode(await asking))
    except SluseError as error:
        return error.code


def live(demo: Demo, path: str, **parameters: str) -> Any:
    response = demo.up.http.get(path, params=parameters)
    told = response.json()
    return told if response.status_code == 200 else told["error"]["code"]


async def test_fifty_old_moments_answer_as_a_fold_that_ends_there(
    demo: Demo, tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    records = [recorded(line) for line in demo.lines]
    last = {stream: sum(record.stream == stream for record in records) for stream in VOCABULARIES}
    told_anything = 0
    async with connected(demo.up.nats, "journey") as bus:
        for number in range(50):
            positions = {stream: chance.randint(0, end) for stream, end in last.items()}
            moment = ".".join(f"{stream[0].lower()}{positions[stream]}" for stream in positions)
            on = date(2021, 11, 1) + timedelta(days=chance.randint(0, 600))
            known = [record for record in records if record.position <= positions[record.stream]]
            question = Question(on)
            async with folded(known, tmp_path / f"{number}.db", bus) as reader:
                goals = await answered(answers.goals_of(reader, "jobsporet", question))
                partition = await answered(answers.partition_of(reader, "jobsporet", question))
            assert live(demo, GOALS, known=moment, on=str(on)) == goals, moment
            assert live(demo, PARTITION, known=moment, on=str(on)) == partition, moment
            told_anything += partition != "NOT_FOUND"
    assert told_anything > 40


def test_an_instant_means_the_last_positions_recorded_by_then(demo: Demo) -> None:
    chance = random.Random(1)
    for line in chance.sample(demo.lines[1:], 10):
        at = line["recorded_at"]
        by_then = [other for other in demo.lines if other["recorded_at"] <= at]
        moment = history.moment_of(by_then)
        by_instant = live(demo, PARTITION, known=at, on="2022-04-27")
        assert by_instant["moment"] == moment
        assert by_instant == live(demo, PARTITION, known=moment, on="2022-04-27")
        assert live(demo, GOALS, known=at) == live(demo, GOALS, known=moment)


def test_an_instant_may_be_said_with_any_offset(demo: Demo) -> None:
    at = datetime.fromisoformat(demo.lines[700]["recorded_at"])
    utc = live(demo, PARTITION, known=at.isoformat())
    assert utc["moment"] == history.moment_of(demo.lines[:701])
    danish = at.astimezone().isoformat() if at.astimezone().utcoffset() else at.isoformat()
    assert live(demo, PARTITION, known=danish) == utc
    assert live(demo, PARTITION, known=f"{at.replace(tzinfo=None).isoformat()}Z") == utc


def test_an_instant_that_has_not_come_is_refused(demo: Demo) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    response = demo.up.http.get(GOALS, params={"known": tomorrow})
    assert response.status_code == 422
    error = response.json()["error"]
    assert (error["code"], error["path"]) == ("INVALID_FIELD", "known")


@pytest.mark.parametrize("stream", history.LETTERS)
def test_a_moment_that_has_not_come_says_where_the_read_models_are(demo: Demo, stream: str) -> None:
    here = demo.up.ask("/api/status")["moment"]
    letter = history.LETTERS[stream]
    ahead = ".".join(
        f"{part[0]}{int(part[1:]) + 100_000}" if part[0] == letter else part
        for part in here.split(".")
    )
    response = demo.up.http.get(PARTITION, params={"known": ahead})
    assert response.status_code == 409
    error = response.json()["error"]
    assert (error["code"], error["path"]) == ("NOT_YET", "known")
    now = demo.up.ask("/api/status")["moment"]
    assert here in error["message"] or now in error["message"]  # the clock may tick meanwhile


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("known", "yesterday"),
        ("known", "i5.p5"),
        ("known", "i5.p5.a5.a5"),
        ("known", "i05.p5.a5"),
        ("known", "i-1.p5.a5"),
        ("known", "i99999999999999999999.p5.a5"),
        ("known", "2026-01-01T10:00:00"),
        ("known", ""),
        ("on", "27-04-2022"),
        ("on", "2022-02-30"),
        ("on", "today"),
        ("on", ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_parameters_name(
    demo: Demo, parameter: str, text: str
) -> None:
    for path in (GOALS, PARTITION, "/api/programmes"):
        response = demo.up.http.get(path, params={parameter: text})
        assert response.status_code == 422, response.text
        error = response.json()["error"]
        assert (error["code"], error["path"]) == ("INVALID_FIELD", parameter)


def test_services_and_streams_have_one_letter_each() -> None:
    assert {stream_of(stream.lower())[0].lower() for stream in history.LETTERS} == set("ipa")
