"""The metrics of a running system: what is counted is right, and no label is an id or a text."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from shared import errors, streams
from shared.metrics import UNREADABLE
from sluse.sending import commands
from tests.journeys import today
from tests.journeys.sluse_process import PATIENCE_SECONDS, Up
from tests.servers import free_port

SERVICES = {"intake", "placement", "aftercare", "reporting", "reports", "operations"}
COMMANDS = {kind.__name__ for kinds in commands().values() for kind in kinds} | {UNREADABLE}
OUTCOMES = {"accepted", "warned", "refused", "unanswered", "failed", "settled", "waits", "stored"}


def codes(kind: type[errors.SluseError] = errors.SluseError) -> set[str]:
    return {kind.code}.union(*(codes(child) for child in kind.__subclasses__()))


CODES = codes() | {"", "INTERNAL"}
CLOSED = {
    "service": SERVICES,
    "projection": SERVICES,
    "stream": set(streams.ALL),
    "command": COMMANDS,
    "outcome": OUTCOMES | {code.lower() for code in CODES} | {"interrupted"},
    "code": CODES,
    "method": {"GET", "POST"},
}
"""What each label may say; a value that is not here is one more series than there should be."""
SHAPED = {
    "route": r"/[a-z/]*(\{[a-z_]+\}[a-z/]*)?-?[a-z]*",
    "status": r"[2-5]\d\d",
    "reaction": r"[a-z-]+-v\d+",
    "le": r"[0-9.]+|\+Inf",
    "version": r"[0-9.]+",
    "python": r"[0-9.]+[a-z0-9+]*",
    "generation": r"\d+",
}
LIBRARIES = ("python_", "process_")


class Sample(Struct, frozen=True):
    """One line of an answer to Prometheus."""

    name: str
    labels: dict[str, str]
    value: float


class Watched:
    """A system, and what it tells Prometheus."""

    def __init__(self, up: Up, port: int) -> None:
        self.up = up
        self._url = f"http://127.0.0.1:{port}/metrics"

    def text(self) -> str:
        answer = httpx.get(self._url, trust_env=False, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200
        return answer.text

    def samples(self) -> list[Sample]:
        return [
            Sample(sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(self.text())
            for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of the name with these labels; 0 if there is none."""
        return sum(
            sample.value
            for sample in self.samples()
            if sample.name == name and labels.items() <= sample.labels.items()
        )


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A system that has heard good commands, bad ones, and questions of all kinds."""
    directory = tmp_path_factory.mktemp("metrics")
    port = free_port()
    settings = {"SLUSE_METRICS_PORT": str(port), "SLUSE_SWEEP_EVERY": "0.5"}
    with Up(directory / "data", **settings) as up:
        applied = up.run("programme", "apply", today.programme_file(directory))
        assert applied.status == 0, applied.said
        _use(up)
        yield Watched(up, port)


def _use(up: Up) -> None:
    person = today.register_person()
    assert up.command("intake", person).status_code == 200
    referral = today.refer(today.PROGRAMME, person["person_ref"])
    referred = up.command("intake", referral)
    assert referred.status_code == 200
    registered = up.command("placement", today.register_company())
    assert registered.status_code == 200
    up.wait("intake", referred.json()["position"])
    up.wait("placement", registered.json()["position"])
    for body in (
        {**today.register_person(), "area": "010190-1234"},
        {"type": "NoSuchThing", "command_id": "0101901234"},
        {**today.register_person(), "command_id": "sekret@example.dk"},
        {**referral, "command_id": "other", "benefit": "sekretkode"},
    ):
        assert up.command("intake", body).status_code in (409, 422), body
    broken = up.http.post("/intake/commands", content=b"{", headers=today.JSON)
    assert broken.status_code == 400
    for path in (
        f"/api/programmes/{today.PROGRAMME}/goals",
        f"/api/programmes/{today.PROGRAMME}/measures",
        f"/api/people/{person['person_ref']}/timeline",
    ):
        assert up.http.get(path).status_code == 200
    for path in ("/api/people/010190-1234/timeline", "/api/programmes/sekret/goals", "/sekret"):
        assert up.http.get(path).status_code == 404
    assert up.http.put("/api/programmes").status_code == 405


def test_commands_are_counted_by_what_became_of_them(watched: Watched) -> None:
    def of(**labels: str) -> float:
        return watched.value("sluse_commands_total", service="intake", **labels)

    assert of(command="RegisterPerson", outcome="accepted") == 1
    assert of(command="ReferParticipant", outcome="accepted") == 1
    assert of(command="ReferParticipant", outcome="refused") == 1
    assert of(command=UNREADABLE, code="MALFORMED_JSON") == 1
    assert of(command=UNREADABLE, code="INVALID_FIELD") >= 1
    assert watched.value("sluse_command_seconds_count", command="RegisterPerson") == 1
    assert watched.value("sluse_command_seconds_bucket", command="RegisterPerson", le="+Inf") == 1


def test_what_is_stored_is_counted_by_stream(watched: Watched) -> None:
    for stream in ("INTAKE", "PLACEMENT"):
        position = watched.value("sluse_projection_position", projection="reporting", stream=stream)
        assert watched.value("sluse_events_total", stream=stream) >= position > 0
        assert watched.value("sluse_appends_total", stream=stream, outcome="stored") > 0
        assert watched.value("sluse_append_seconds_count", stream=stream) > 0


def test_questions_are_timed_by_their_route(watched: Watched) -> None:
    def asked(path: str, status: str) -> float:
        return watched.value("sluse_http_requests_total", route=path, status=status)

    assert asked("/api/programmes/{key}/goals", "200") == 1
    assert asked("/api/programmes/{key}/goals", "404") == 1
    assert asked("/api/people/{person_ref}/timeline", "404") == 1
    assert asked("/intake/commands", "200") == 2
    assert (
        watched.value("sluse_http_request_seconds_count", route="/api/programmes/{key}/measures")
        == 1
    )


def test_the_bus_and_the_clock_are_shown(watched: Watched) -> None:
    assert watched.value("sluse_bus_connected") == 4
    assert watched.value("sluse_build_info") == 1
    swept = watched.value("sluse_sweep_timestamp_seconds", service="aftercare")
    gives_up = time.monotonic() + PATIENCE_SECONDS
    while watched.value("sluse_sweep_timestamp_seconds", service="aftercare") <= swept:
        assert time.monotonic() < gives_up, "nobody sweeps"


def test_every_label_is_from_a_closed_set(watched: Watched) -> None:
    strange = {
        (sample.name, label, value)
        for sample in watched.samples()
        if not sample.name.startswith(LIBRARIES)
        for label, value in sample.labels.items()
        if not (value in CLOSED[label] if label in CLOSED else re.fullmatch(SHAPED[label], value))
    }
    assert strange == set()


def test_nothing_of_what_was_sent_is_in_it(watched: Watched) -> None:
    text = watched.text()
    for secret in ("sekret", "010190", "NoSuchThing", today.PROGRAMME, today.COMPANY, "example.dk"):
        assert secret not in text


def test_without_a_port_nobody_is_answered(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        assert up.url
        listening = {
            connection.laddr.port
            for process in up.tree()
            for connection in process.net_connections("tcp")
            if connection.status == "LISTEN"
        }
    assert len(listening) == 2  # the front door and the bus
