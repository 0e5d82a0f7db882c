"""The life of `sluse up`: it starts, ends in order, goes on with its data, and says what is in its way."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.journeys import history
from tests.journeys.sluse_process import Up, ended, run, server_of
from tests.journeys.today import register_person
from tests.servers import BINARY

pytestmark = pytest.mark.slow


def assert_left_in_order(up: Up, status: int, tree: list[psutil.Process]) -> None:
    assert status == 0
    assert psutil.wait_procs(tree, 5)[1] == []
    assert server_of(up.data) is None
    said = "\n".join(up.err.all())
    assert "Traceback" not in said
    assert '"level": "error"' not in said


@pytest.mark.parametrize("leave", [Up.interrupt, Up.terminate], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_everything_in_order(data: Path, leave: Callable[[Up], int]) -> None:
    with Up(data) as up:
        recorded = up.command("intake", register_person())
        tree = up.tree()
        assert len(tree) >= 2
        status = leave(up)
        assert_left_in_order(up, status, tree)
    with Up(data) as again:
        assert again.http.get("/api/status").json()["moment"] == "i1.p0.a0"
        assert recorded.json()["position"] == 1


def test_a_signal_during_the_start_ends_it_in_order(data: Path) -> None:
    """At whichever step it comes: the server may have started, the services not yet."""
    for seconds in (1.2, 1.5, 1.8, 2.1):  # before that, Python still imports
        with Up(data) as up:
            psutil.wait_procs(up.tree(), seconds)
            tree = up.tree()
            status = up.interrupt()
            if status != -signal.SIGINT:  # the interpreter's own answer, before sluse is there
                assert_left_in_order(up, status, tree)
            assert server_of(data) is None


def test_ctrl_c_in_the_middle_of_the_demo_ends_it_in_order_and_the_next_start_goes_on(
    data: Path,
) -> None:
    with Up(data, "--demo", "jobsporet") as up:
        up.wait("intake", 50)
        tree = up.tree()
        assert_left_in_order(up, up.interrupt(), tree)
        assert "recorded" not in "\n".join(up.out.all())
    with Up(data, "--demo", "jobsporet") as up:
        assert up.says(r"demo jobsporet: (\d+) commands recorded")[1] == "1320"
        ids = history.ids(history.read(up.run("export").out))
        assert len(ids) == len(set(ids))
        up.interrupt()
    with Up(data, "--demo", "jobsporet", general=("--verbose",)) as up:
        up.says("demo jobsporet: recorded before")
        assert up.ask("/api/programmes/jobsporet/partition", on="2022-04-27")["enrolled"] == 54
        assert history.ids(history.read(up.run("export").out))[: len(ids)] == ids
        sent = {line for line in up.err.so_far() if '"accepted"' in line}
        assert all('"OpenProgramme"' in line or '"MissFollowUp"' in line for line in sent), sent


def test_fresh_starts_over_and_leaves_what_is_not_its_own(data: Path) -> None:
    with Up(data) as up:
        up.command("intake", register_person())
        up.interrupt()
    (data / "notes.txt").write_text("mine")
    key = (data / "digest.key").read_text()
    with Up(data, "--fresh") as up:
        assert up.ask("/api/status")["moment"] == "i0.p0.a0"
        assert (data / "notes.txt").read_text() == "mine"
        assert (data / "digest.key").read_text() != key


def test_a_second_one_on_the_same_data_is_refused_and_harms_nothing(data: Path) -> None:
    with Up(data) as up:
        assert up.nats
        for option in ((), ("--fresh",)):
            second = run("up", "--data", data, "--port", "0", "--nats-port", "0", *option)
            assert second.status == 2
            assert f"IN_USE: {data} is in use" in second.said
        assert up.command("intake", register_person()).status_code == 200


@pytest.mark.parametrize("option", ["--port", "--nats-port"])
def test_a_taken_port_is_named_and_nothing_is_left_running(data: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with Up(data, option, port) as up:
            tree = up.tree()
            assert up.process.wait(30) == 2
            said = "\n".join(up.err.all())
            assert port in said
            assert "Address already in use" in said
            assert "Traceback" not in said
            assert psutil.wait_procs(tree, 5)[1] == []
            assert server_of(data) is None


def test_an_unknown_demo_is_told_before_anything_starts(data: Path) -> None:
    told = run("up", "--data", data, "--port", "0", "--nats-port", "0", "--demo", "jobspor")
    assert told.status == 2
    assert "NO_DEMO: there is no demo 'jobspor'; there is: all, " in told.said
    assert not data.exists()


def test_a_setting_that_cannot_be_read_is_told_by_its_name(data: Path) -> None:
    told = run("up", "--data", data, "--port", "0", "--nats-port", "0", SLUSE_SWEEP_EVERY="often")
    assert told.status == 2
    assert "SETTINGS" in told.said
    assert "sweep_every" in told.said
    assert server_of(data) is None


def test_a_server_left_behind_is_ended_and_its_events_are_there(data: Path) -> None:
    with Up(data) as killed:
        assert killed.command("intake", register_person()).status_code == 200
        killed.kill_parent()
        orphan = server_of(data)
        assert orphan is not None
        with Up(data) as up:
            assert up.ask("/api/wait", service="intake", position="1")["ok"]
            assert ended(orphan)
            assert up.err.match("ended the nats-server that an earlier run had left behind", 5)


def test_somebody_elses_process_under_the_pid_is_left_alone(data: Path, tmp_path: Path) -> None:
    """Another program, and another sluse's nats-server: the pid alone proves nothing."""
    another = [str(BINARY), "-a", "127.0.0.1", "-p", "-1", "-l", str(tmp_path / "another.log")]
    for command in ([sys.executable, "-c", "input()"], another):
        with subprocess.Popen(command, stdin=subprocess.PIPE) as foreign:
            shutil.rmtree(data, ignore_errors=True)
            (data / "nats").mkdir(parents=True)
            (data / "nats" / "nats.pid").write_text(str(foreign.pid))
            with Up(data) as up:
                assert up.command("intake", register_person()).status_code == 200
                assert foreign.poll() is None
                assert not up.err.match("left behind", 0)
            assert foreign.poll() is None
            foreign.kill()


@pytest.mark.parametrize(
    "content", ["", "not a number", "0", "-1", "99999999999999999999", str(os.getpid())]
)
def test_whatever_stands_in_the_pid_file_it_starts(data: Path, content: str) -> None:
    (data / "nats").mkdir(parents=True)
    (data / "nats" / "nats.pid").write_text(content)
    with Up(data) as up:
        assert up.says("sluse answers")
