"""An embedded sluse is backed up while it runs, and restored into its data directory."""

import json
import shutil
from pathlib import Path

import pytest

from tests.journeys import today
from tests.journeys.sluse_process import Up, run
from tests.journeys.test_front_door import accepted

pytestmark = pytest.mark.slow


def test_a_backup_is_restored_into_the_data_of_an_embedded_sluse(
    data: Path, tmp_path: Path
) -> None:
    with Up(data) as up:
        kept = accepted(up, "intake", today.register_person())
        backup = up.run("backup", tmp_path / "set")
        assert backup.status == 0, backup.said
        lost = accepted(up, "intake", today.register_person())
        up.wait("intake", lost["position"])
        assert up.run("verify").status == 0
        in_use = run("restore", tmp_path / "set", "--into", data)
        assert (in_use.status, "IN_USE" in in_use.said) == (2, True)
        assert up.interrupt() == 0
    shutil.rmtree(data / "nats" / "jetstream")
    restored = run("restore", tmp_path / "set", "--into", data)
    assert restored.status == 0, restored.said
    summary = json.loads(restored.lines[-1])
    with Up(data) as up:
        up.wait("intake", kept["position"])
        status = up.ask("/api/status")
        assert status["epoch"] == summary["epoch"]
        assert status["moment"].startswith(f"i{kept['position']}.")
        verified = up.run("verify", "--json")
        assert verified.status == 0, verified.lines
        again = accepted(up, "intake", today.register_person())
        assert again["position"] == lost["position"]
