"""The connection to NATS: requests that always answer, and a server new enough to keep promises."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from shared.errors import BusAway, SluseError

OLDEST_SERVER = (2, 14, 3)
RECONNECT_WAIT_SECONDS = 0.2
# "JetStream system temporarily unavailable", "the cluster can not handle the request"
LEADERLESS = frozenset({10008, 10009})

log = structlog.get_logger()


class ServerTooOld(SluseError):
    """An older server ignores the expectation headers in silence: it would lose events."""

    code = "SERVER_TOO_OLD"

    def __init__(self, version: str) -> None:
        wanted = ".".join(map(str, OLDEST_SERVER))
        super().__init__(f"nats-server {version} is too old: {wanted} or newer is needed")


class ApiError(SluseError):
    """JetStream answered with an error; `number` is its err_code."""

    code = "JETSTREAM"

    def __init__(self, number: int, description: str) -> None:
        super().__init__(f"JetStream error {number}: {description}")
        self.number = number


class NoAnswer(SluseError):
    """Sent, perhaps received, never answered."""

    code = "NO_ANSWER"

    def __init__(self, subject: str) -> None:
        super().__init__(f"no answer on {subject}")


class _ApiProblem(Struct):
    err_code: int = 0
    description: str = ""


class _ApiAnswer(Struct):
    error: _ApiProblem | None = None


def refuse_old(version: str) -> None:
    """Raise ServerTooOld unless the version is at least OLDEST_SERVER."""
    parts = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if parts is None or tuple(map(int, parts.groups())) < OLDEST_SERVER:
        raise ServerTooOld(version)


def instant(nanoseconds: int) -> datetime:
    """A stream's timestamp, cut (not rounded) to the microsecond: the same wherever it is read."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)


def _cancellations() -> int:
    """How many times the running task has been told to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


class Bus:
    """One connection; what cannot be sent is BusAway, what is not answered is NoAnswer."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.connections = 1  # how many times it has connected
        self._accepted_version = ""
        self._inbox = ""
        self._collectors: dict[str, asyncio.Queue[Msg]] = {}

    def check_version(self) -> None:
        """Look at the server that is connected now; raises BusAway or ServerTooOld.

        Before every sending: a reconnection may have led to another server a moment ago.
        """
        if not self.client.is_connected:
            raise BusAway
        version = self.client.connected_server_version
        if repr(version) != self._accepted_version:
            refuse_old(f"{version.major}.{version.minor}.{version.patch}")
            self._accepted_version = repr(version)

    async def request(
        self, subject: str, body: bytes, timeout: float, headers: Mapping[str, str] | None = None
    ) -> Msg:
        """Send and wait for one answer."""
        self.check_version()
        before = _cancellations()
        try:
            return await self.client.request(
                subject, body, timeout=timeout, headers=dict(headers) if headers else None
            )
        except NoRespondersError:
            raise BusAway from None
        except (NatsError, OSError):
            raise NoAnswer(subject) from None
        finally:
            # Python 3.11's wait_for swallows a cancellation that comes together with the answer.
            if _cancellations() > before:
                raise asyncio.CancelledError

    async def api(self, name: str, body: object, timeout: float = 2.0) -> bytes:
        """One call of the JetStream API; its error answers are raised as ApiError.

        A cluster that is electing a leader is a bus that is away.
        """
        message = await self.request(f"$JS.API.{name}", msgspec.json.encode(body), timeout)
        problem = msgspec.json.decode(message.data, type=_ApiAnswer).error
        if problem is not None and problem.err_code in LEADERLESS:
            raise BusAway
        if problem is not None:
            raise ApiError(problem.err_code, problem.description)
        return message.data

    async def last_position(self, stream: str) -> int:
        """The stream's last position, from its leader."""
        return msgspec.json.decode(await self.api(f"STREAM.INFO.{stream}", {}), type=_Info).last

    async def publish(
        self, subject: str, body: bytes, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send without waiting; never into the buffer of a connection that is away."""
        self.check_version()
        try:
            await self.client.publish(
                subject, body, reply=reply, headers=dict(headers) if headers else None
            )
        except (NatsError, OSError):
            raise BusAway from None

    async def gather(
        self, subject: str, body: bytes, timeout: float, ends: Callable[[Msg], bool]
    ) -> list[Msg]:
        """Send, and collect the answers up to the one that ends them.

        Raises NoAnswer if the next one does not come within `timeout` seconds.
        """
        token = secrets.token_hex(8)
        inbox: asyncio.Queue[Msg] = asyncio.Queue()
        self._collectors[token] = inbox
        answers: list[Msg] = []
        try:
            await self.publish(subject, body, reply=f"{self._inbox}.{token}")
            while not answers or not ends(answers[-1]):
                async with asyncio.timeout(timeout):
                    answers.append(await inbox.get())
        except TimeoutError:
            raise NoAnswer(subject) from None
        finally:
            del self._collectors[token]
        return answers

    async def open_inbox(self) -> None:
        """One subscription for all that is gathered: one each would cost two messages more."""
        self._inbox = self.client.new_inbox()
        await self.client.subscribe(f"{self._inbox}.*", cb=self._collect)

    async def _collect(self, message: Msg) -> None:
        inbox = self._collectors.get(message.subject.rsplit(".", 1)[1])
        if inbox is not None:  # its asker may have given up
            inbox.put_nowait(message)


class _State(Struct):
    last_seq: int


class _Info(Struct):
    state: _State

    @property
    def last(self) -> int:
        return self.state.last_seq


@asynccontextmanager
async def connected(url: str, name: str, patience: float = 10.0) -> AsyncIterator[Bus]:
    """A connection for as long as the block runs; once connected it reconnects for ever.

    `url` may name several servers with commas between. Raises BusAway if nothing answers within
    `patience` seconds, ServerTooOld if the server cannot keep our promises.
    """
    client = Client()
    bus = Bus(client)

    async def failed(error: Exception) -> None:
        if client.is_connected:  # else it is one of many tries to connect again
            log.warning("bus_error", error=type(error).__name__)

    async def disconnected() -> None:
        if not client.is_closed:
            log.warning("bus_disconnected", name=name)

    async def reconnected() -> None:
        bus.connections += 1
        try:
            bus.check_version()
        except ServerTooOld as error:
            log.error("server_too_old", message=error.message)
        else:
            log.info("bus_reconnected", name=name)

    try:
        async with asyncio.timeout(patience):
            await client.connect(
                url.split(","),
                name=name,
                # annotated as int; nats-py hands it to asyncio.sleep, and a whole second is long
                reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]
                max_reconnect_attempts=-1,
                connect_timeout=2,
                error_cb=failed,
                disconnected_cb=disconnected,
                reconnected_cb=reconnected,
            )
    except (NatsError, OSError, TimeoutError):
        await _close(client)
        raise BusAway from None
    try:
        bus.check_version()
        await bus.open_inbox()
        yield bus
    finally:
        await _close(client)


async def _close(client: Client) -> None:
    """What is still to be sent is for nobody if the server is gone, and that is no error of ours.

    In a task of its own: nats-py cancels a future that its reading task and its closing share.
    """
    (outcome,) = await asyncio.gather(client.close(), return_exceptions=True)
    if outcome is not None and not isinstance(outcome, OSError | asyncio.CancelledError):
        raise outcome


def header(message: Msg, name: str) -> str:
    """One header of a message, empty if it is not there."""
    headers: Mapping[str, Any] = message.headers or {}
    return str(headers.get(name, ""))
