"""What compose.yaml has beside the services, for those who ask for it."""

import json
import time

import httpx
import pytest

from tests.containers.compose import SERVICES, Compose

pytestmark = pytest.mark.slow

SCRAPED_WITHIN_SECONDS = 120


def test_the_simulator_registers_people_who_never_were(system: Compose) -> None:
    system.environment |= {"SLUSE_DEMO": "gullestrup", "SLUSE_DEMO_PEOPLE": "2"}
    done = system.compose("run", "--rm", "--no-TTY", "--no-deps", "--quiet", "simulator")
    assert done.status == 0, done.out + done.said
    told = json.loads(done.out)
    assert (told["people"], told["unexpected"]) == (2, 0)
    assert told["events"] > 0


def test_prometheus_asks_every_service(system: Compose) -> None:
    up = system.compose(
        *("--profile", "observability", "up", "--wait", "--no-deps"), "prometheus", "exporter"
    )
    assert up.status == 0, up.said
    waiting = {*SERVICES, "exporter"}
    deadline = time.monotonic() + SCRAPED_WITHIN_SECONDS
    url = f"http://127.0.0.1:{system.prometheus_port}/api/v1"
    while waiting and time.monotonic() < deadline:
        series = httpx.get(f"{url}/query", params={"query": "up == 1"}).json()
        waiting -= {it["metric"]["process"] for it in series["data"]["result"]}
        time.sleep(0.05)
    rules = httpx.get(f"{url}/rules").json()["data"]["groups"]
    assert not waiting, f"nothing is known of {waiting}"
    assert rules
