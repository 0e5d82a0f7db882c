"""`sluse` as its operator starts it: `up` as a process with all its children, the rest as short ones."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import httpx
import psutil

PATIENCE_SECONDS = 120
LEAVING_SECONDS = 20
COMMAND = (sys.executable, "-m", "sluse")


def environment(settings: dict[str, str]) -> dict[str, str]:
    """This process' environment, with these settings of sluse and no others."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SLUSE_")},
        "COLUMNS": "200",
        **settings,
    }


def run(*arguments: str | Path, given: bytes = b"", **settings: str) -> "Ran":
    """Run a command to its end; `given` is its standard input."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        env=environment(settings),
        check=False,
    )
    return Ran(done)


class Ran:
    """What a command left: its status and what it said; never a traceback."""

    def __init__(self, done: "subprocess.CompletedProcess[bytes]") -> None:
        self.status = done.returncode
        self.out = done.stdout
        self.said = done.stderr.decode()
        assert "Traceback" not in self.said, self.said

    @property
    def lines(self) -> list[str]:
        return self.out.decode().splitlines()


class _Said:
    """The lines that a process has written to one of its outputs so far."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output = output
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._output:
            for line in self._output:
                with self._news:
                    self._lines.append(line.decode().rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def match(self, pattern: str, seconds: float) -> "re.Match[str] | None":
        """The first line that the pattern is found in; None if it does not come."""

        def found() -> "re.Match[str] | None":
            return next((hit for line in self._lines if (hit := re.search(pattern, line))), None)

        with self._news:
            self._news.wait_for(lambda: self._over or found() is not None, seconds)
            return found()

    def all(self) -> list[str]:
        """All lines, once the process has ended."""
        self._thread.join(LEAVING_SECONDS)
        return self.so_far()

    def so_far(self) -> list[str]:
        with self._news:
            return list(self._lines)


class Up:
    """One `sluse up`, by default on ports of its own; `close` leaves no process behind."""

    def __init__(
        self, data: Path, *arguments: str, general: tuple[str, ...] = (), **settings: str
    ) -> None:
        """`general`: options that stand before `up`; `settings`: SLUSE_ variables."""
        self.data = data
        ports = [
            part
            for option in ("--port", "--nats-port")
            if option not in arguments
            for part in (option, "0")
        ]
        self.process = subprocess.Popen(
            [*COMMAND, *general, "up", "--data", str(data), *ports, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(settings),
            start_new_session=True,  # a process group of its own, as a terminal gives
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = _Said(self.process.stdout)
        self.err = _Said(self.process.stderr)
        self._client: httpx.Client | None = None
        self._left_behind: list[psutil.Process] = []

    def says(self, pattern: str, seconds: float = PATIENCE_SECONDS) -> "re.Match[str]":
        """The line of standard output that the pattern is found in, as soon as it is there."""
        found = self.out.match(pattern, seconds)
        if found is None:
            raise AssertionError(
                "\n".join([f"never said: {pattern}", *self.out.so_far(), *self.err.so_far()])
            )
        return found

    @property
    def url(self) -> str:
        return self.says(r"sluse answers at (\S+)")[1]

    @property
    def nats(self) -> str:
        return self.says(r"the bus is at ([^\s,]+)")[1]

    @property
    def http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=40, trust_env=False)
        return self._client

    def ask(self, path: str, **parameters: str) -> Any:
        """The answer to a question, as JSON."""
        response = self.http.get(path, params=parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def command(
        self, service: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """The response to a command at the front door."""
        return self.http.post(f"/{service}/commands", json=body, headers=headers)

    def wait(self, service: str, position: int, timeout: str = "30") -> str:
        """The moment once the read models include the position."""
        told = self.ask("/api/wait", service=service, position=str(position), timeout=timeout)
        return str(told["moment"])

    def run(self, *arguments: str | Path, given: bytes = b"") -> Ran:
        """A short command that talks to this bus."""
        return run(*arguments, given=given, SLUSE_NATS_URL=self.nats)

    def tree(self) -> list[psutil.Process]:
        """The process and all that it has started."""
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def server(self) -> psutil.Process:
        """The nats-server among them."""
        return next(process for process in self.tree() if "nats-server" in process.name())

    def interrupt(self) -> int:
        """Ctrl-C: a terminal sends SIGINT to the whole process group; the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LEAVING_SECONDS)

    def terminate(self) -> int:
        """SIGTERM to the process alone, as a service manager does; the exit status."""
        self.process.terminate()
        return self.process.wait(LEAVING_SECONDS)

    def kill_tree(self) -> None:
        """kill -9 of everything at once."""
        processes = self.tree()
        for process in processes:
            _kill(process)
        self.process.wait(LEAVING_SECONDS)
        psutil.wait_procs(processes, LEAVING_SECONDS)

    def kill_parent(self) -> None:
        """kill -9 of sluse alone: its nats-server lives on."""
        self._left_behind = self.tree()
        self.process.kill()
        self.process.wait(LEAVING_SECONDS)

    def close(self) -> None:
        """End what is left of it, the server that it may have orphaned too."""
        if self._client is not None:
            self._client.close()
        if self.process.poll() is None:
            self.kill_tree()
        if (orphan := server_of(self.data)) is not None:
            self._left_behind.append(orphan)
        for process in self._left_behind:
            _kill(process)
        self.out.all()
        self.err.all()

    def __enter__(self) -> "Up":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def server_of(data: Path) -> psutil.Process | None:
    """The running nats-server whose files lie in this data directory, by its pid file."""
    try:
        process = psutil.Process(int((data / "nats" / "nats.pid").read_text()))
        ours = str(data / "nats" / "nats.json") in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if ours and process.status() != psutil.STATUS_ZOMBIE else None


def ended(process: psutil.Process) -> bool:
    """Whether it runs no more; its adopter may not have looked after it yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
