"""The alerts: well-formed, explained in the handbook, and heard when something is wrong."""

import re
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml

from shared import streams
from shared.bus import connected
from tests.alerts.prometheus import CASES, ROOT, alerts, promtool, watching
from tests.servers import NatsServer, free_port
from tests.service_process import ServiceProcess, started

pytestmark = pytest.mark.slow

UNREADABLE = ("SluseProjectionStopped", "SluseProjectionStalled", "SluseProjectionLags")
"""What an event that nobody can read sets off."""
HANDBOOK = ROOT / "docs" / "operations.md"

each_alert = pytest.mark.parametrize("rule", alerts().values(), ids=alerts().keys())


def anchors(path: Path) -> set[str]:
    """The headings of a page as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_promtool_finds_no_fault_in_the_rules_and_the_configuration() -> None:
    for kind, name in (("rules", "rules.yml"), ("config", "prometheus.yml")):
        done = promtool("check", kind, f"deploy/prometheus/{name}")
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_case_fires_what_it_should_and_nothing_else() -> None:
    done = promtool("test", "rules", f"tests/alerts/{CASES.name}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_case() -> None:
    fired = {
        sample["labels"]
        for case in yaml.safe_load(CASES.read_text())["tests"]
        for question in case["promql_expr_test"]
        for sample in question["exp_samples"]
    }
    assert fired == {f'{{alertname="{name}"}}' for name in alerts()}


@each_alert
def test_an_alert_says_how_urgent_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert ROOT / page == HANDBOOK
    assert anchor in anchors(HANDBOOK)


async def test_what_goes_wrong_is_heard_in_a_real_prometheus(tmp_path: Path) -> None:
    """One service, one server: an unreadable event, a bus that is away, a process that is gone."""
    server = NatsServer(tmp_path / "nats")
    await server.start()
    async with connected(server.url, "operator") as bus:
        await streams.apply(bus)
    metrics = free_port()
    intake = ServiceProcess(
        "intake", server.url, tmp_path / "intake", SLUSE_METRICS_PORT=str(metrics)
    )
    try:
        async with (
            started(intake),
            watching(tmp_path / "prometheus", {"intake": metrics}) as prometheus,
        ):
            await prometheus.until_up("intake")
            await prometheus.until_quiet()

            client = await nats.connect(server.url)
            await client.jetstream().publish("reports.report.nonsense", b"no event")
            await client.close()
            await prometheus.until_fired(
                "SluseProjectionStopped", service="intake", projection="intake", stream="REPORTS"
            )
            await prometheus.until_quiet(*UNREADABLE)

            server.kill()
            await prometheus.until_fired("SluseBusAway", service="intake", severity="page")
            await server.start()
            await prometheus.until_quiet(*UNREADABLE)

            intake.kill()
            await prometheus.until_fired("SluseServiceDown", process="intake", severity="page")
    finally:
        server.kill()
