"""The operator folds a projection anew, exchanges it and goes back, while everything goes on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import today
from tests.journeys.sluse_process import Up


def listed(up: Up) -> list[dict[str, Any]]:
    """Reporting's generations."""
    told = up.run("projection", "list", "--service", "reporting", "--json")
    assert told.status == 0, told.said
    rows = [json.loads(line) for line in told.lines]
    return [row for row in rows if row["projection"] == "reporting"]


def states(up: Up) -> dict[int, str]:
    return {row["generation"]: row["state"] for row in listed(up)}


@pytest.mark.slow
def test_an_operator_rebuilds_promotes_goes_back_and_drops(up: Up, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson"
    file.write_text("\n".join(json.dumps(today.register_person()) for _ in range(30)))
    assert up.run("send", file).status == 0
    everybody = up.run("projection", "list")
    assert everybody.status == 0, everybody.said
    for service in ("intake", "placement", "aftercare", "reporting"):
        assert service in everybody.out.decode()
    assert states(up) == {1: "live"}

    rebuilt = up.run("projection", "rebuild")
    assert rebuilt.status == 0, rebuilt.said
    progress = [json.loads(line) for line in rebuilt.said.splitlines() if line.startswith("{")]
    assert all(row["events"] <= row["of"] for row in progress)
    assert states(up) == {1: "live", 2: "building"}
    assert up.run("projection", "promote").status == 0
    assert states(up) == {1: "previous", 2: "live"}
    assert up.ask("/api/programmes") == []
    assert up.run("projection", "rollback").status == 0
    assert states(up) == {1: "live", 2: "previous"}
    position = up.command("intake", today.register_person()).json()["position"]
    up.wait("intake", position)

    asked = up.run("projection", "drop", "--generation", "1")
    assert (asked.status, asked.said.split(":")[0]) == (2, "GENERATION_STATE")
    assert up.run("projection", "drop", "--generation", "2").status == 0
    assert states(up) == {1: "live"}
    nothing = up.run("projection", "promote", "--service", "placement")
    assert (nothing.status, nothing.said.split(":")[0]) == (2, "NO_SUCH_GENERATION")
