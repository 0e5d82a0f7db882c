"""Traces of a running system: one request, followed through the doors, the events and the reactions."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import today
from tests.journeys.sluse_process import Up
from tests.otlp_receiver import Receiver, Span, receiving
from tests.servers import free_port

CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS_SPAN = "00f067aa0ba902b7"
TRACEPARENT = f"00-{CALLER}-{CALLERS_SPAN}-01"
pytestmark = pytest.mark.slow

QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # milliseconds; it is five seconds otherwise


class Traced:
    """A system in which a person was employed, by a request that bore the caller's trace."""

    def __init__(self, up: Up, receiver: Receiver) -> None:
        self.up = up
        self.receiver = receiver

    def until(self, *folded: str) -> list[Span]:
        """The caller's trace once reporting has folded what it left in these streams."""

        def of(spans: list[Span]) -> list[Span]:
            return [span for span in spans if span.trace == CALLER]

        def whole(spans: list[Span]) -> bool:
            known = {CALLERS_SPAN} | {span.id for span in spans}
            names = {s.name for s in spans if s.attributes.get("sluse.projection") == "reporting"}
            return {f"fold {stream}" for stream in folded} <= names and all(
                span.parent in known for span in spans
            )

        return of(self.receiver.until(lambda spans: whole(of(spans))))

    def all(self) -> list[Span]:
        return self.receiver.spans()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    directory = tmp_path_factory.mktemp("traces")
    with (
        receiving() as receiver,
        Up(
            directory / "data",
            general=("--verbose",),
            SLUSE_OTLP_ENDPOINT=receiver.endpoint,
            SLUSE_LOG_FORMAT="json",
            **QUICK,
        ) as up,
    ):
        applied = up.run("programme", "apply", today.programme_file(directory))
        assert applied.status == 0, applied.said
        _employ(up)
        yield Traced(up, receiver)


def _employ(up: Up) -> None:
    person = today.register_person()
    referral = today.refer(today.PROGRAMME, person["person_ref"])
    enrolment = referral["enrolment"]
    for service, body in (
        ("placement", today.register_company()),
        ("intake", person),
        ("intake", referral),
        ("intake", today.assess(enrolment)),
        ("intake", today.enrol(enrolment)),
        ("intake", today.start_participation(enrolment)),
    ):
        assert up.command(service, body).status_code == 200, body
    placement = today.agree_placement(enrolment)
    agreed = up.command("placement", placement)
    assert agreed.status_code == 200
    up.wait("placement", agreed.json()["position"])  # else both are folded at one go: two traces
    employment = today.start_employment(placement["placement"])
    answer = up.command("placement", employment, {"traceparent": TRACEPARENT})
    assert answer.status_code == 200


def one(spans: list[Span], name: str, **attributes: str) -> Span:
    wanted = {f"sluse.{key}": value for key, value in attributes.items()}
    (span,) = [s for s in spans if s.name == name and wanted.items() <= s.attributes.items()]
    return span


def test_one_trace_leads_from_the_front_door_to_the_reaction_and_the_figures(
    traced: Traced,
) -> None:
    spans = traced.until("PLACEMENT", "AFTERCARE")
    by_id = {span.id: span for span in spans}
    path = [one(spans, "fold AFTERCARE", projection="reporting")]
    while (parent := by_id.get(path[0].parent)) is not None:
        path.insert(0, parent)
    assert path[0].parent == CALLERS_SPAN
    assert [span.name for span in path] == [
        "POST /placement/commands",
        "forward to placement",
        "take placement",
        "handle StartEmployment",
        "react aftercare-offers-v1",
        "handle OfferAftercare",
        "fold AFTERCARE",
    ]
    for stream, handled in (("PLACEMENT", path[3]), ("AFTERCARE", path[5])):
        appended = [span.parent for span in spans if span.name == f"append {stream}"]
        assert handled.id in appended, stream
    folded = one(spans, "fold PLACEMENT", projection="reporting")
    assert folded.parent == one(spans, "handle StartEmployment").id
    assert folded.links == (folded.parent,)


def test_a_request_without_a_trace_begins_one(traced: Traced) -> None:
    traced.until("AFTERCARE")
    firsts = [span for span in traced.all() if span.name == "POST /intake/commands"]
    assert len(firsts) == 5
    assert {span.parent for span in firsts} == {""}
    assert len({span.trace for span in firsts}) == 5


def test_the_log_and_the_events_name_the_trace(traced: Traced) -> None:
    spans = traced.until("AFTERCARE")
    exported = traced.up.run("export")
    events = [json.loads(line) for line in exported.out.decode().splitlines()]
    parents = {
        event["type"]: event.get("traceparent", "")
        for event in (line.get("event", line) for line in events)
        if "type" in event
    }
    handled = one(spans, "handle StartEmployment")
    assert parents["EmploymentStarted"] == f"00-{CALLER}-{handled.id}-01"
    lines = [json.loads(line) for line in traced.up.err.so_far() if line.startswith("{")]
    said = {it["command"] for it in lines if it.get("trace_id") == CALLER and "command" in it}
    assert said == {"StartEmployment", "OfferAftercare"}


def test_a_span_says_codes_and_never_what_was_sent(traced: Traced) -> None:
    secret = {**today.register_person(), "area": "sekret@example.dk"}
    response = traced.up.command(
        "intake", secret, {"traceparent": TRACEPARENT.replace(CALLER, CALLER[::-1])}
    )
    assert response.status_code == 422
    traced.receiver.until(lambda spans: any(span.trace == CALLER[::-1] for span in spans))
    assert "sekret" not in str(traced.all())
    assert {key for span in traced.all() for key in span.attributes} <= {
        f"sluse.{key}"
        for key in (
            "service", "command_id", "outcome", "code", "events", "projection", "stream",
        )
    }  # fmt: skip


def test_a_collector_that_is_away_holds_up_nothing(tmp_path: Path) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with Up(tmp_path / "data", SLUSE_OTLP_ENDPOINT=nobody, SLUSE_LOG_FORMAT="json", **QUICK) as up:
        for _ in range(5):
            assert up.command("intake", today.register_person()).status_code == 200
        assert up.interrupt() == 0  # within LEAVING_SECONDS
        said = [json.loads(line) for line in up.err.all()]
    assert {line["event"] for line in said} == {"library"}
    assert {line["source"].split(".")[0] for line in said} == {"opentelemetry"}


def test_without_an_endpoint_the_callers_trace_is_kept_and_nothing_is_loaded(
    tmp_path: Path,
) -> None:
    with Up(tmp_path / "data") as up:
        headers = {"traceparent": TRACEPARENT}
        assert up.command("intake", today.register_person(), headers).status_code == 200
        assert TRACEPARENT in up.run("export").out.decode()


WITHOUT_THE_SDK = """
import asyncio, sys
sys.modules["opentelemetry.sdk"] = None
sys.modules["opentelemetry.exporter"] = None
from shared.settings import SettingsError
from shared.tracing import exporting

async def main(endpoint):
    async with exporting("intake", endpoint):
        print("runs")

asyncio.run(main(""))
try:
    asyncio.run(main("http://127.0.0.1:4318"))
except SettingsError as error:
    print(error.message)
"""


def test_an_endpoint_without_the_sdk_is_refused_by_name_and_without_one_nothing_needs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_SDK], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "runs",
        "otlp_endpoint needs the extra: pip install 'sluse[tracing]'",
    ]
