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

from shared.access.bearer import Bearer
from shared.bus_login import BusLogin, login_of
from shared.bus_refusals import Denied, LoginRefused, denial, refusal, refuse_denied
from shared.errors import BusAway, SluseError
from shared.reconnecting import next_try

OLDEST_SERVER = (2, 14, 3)
RECONNECT_WAIT_SECONDS = 0.2
CLOSE_SECONDS = 2
PING_SECONDS = 2
PINGS = 2  # unanswered ones: a server that is paused or cut off is left after some six seconds
# "JetStream system temporarily unavailable", "the cluster can not handle the request"
LEADERLESS = frozenset({10008, 10009})
NO_RESPONDERS = "503"

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


class Bus:
    """One connection; what cannot be sent is BusAway, what is not answered is NoAnswer."""

    def __init__(self, client: Client, user: str = "", token: Bearer | None = None) -> None:
        """`token`: what is shown to whoever is asked something over the bus."""
        self.client = client
        self.token = token or Bearer()
        self.connections = 1  # how many times it has connected
        self.revoked = asyncio.Event()  # the login is no longer valid: only a new process helps
        self._user = user
        self._accepted_version = ""
        self._inbox = ""
        self._collectors: dict[str, _Collector] = {}

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
        (answer,) = await self.gather(subject, body, timeout, lambda _: True, headers)
        if header(answer, "Status") == NO_RESPONDERS:
            raise BusAway
        return answer

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
        self,
        subject: str,
        body: bytes,
        timeout: float,
        ends: Callable[[Msg], bool],
        headers: Mapping[str, str] | None = None,
    ) -> list[Msg]:
        """Send, and collect the answers up to the one that ends them.

        Raises NoAnswer if the next one does not come within `timeout` seconds, BusAway if nothing
        can be sent, Denied if the server does not let us.
        """
        self.check_version()
        token = secrets.token_hex(8)
        inbox: asyncio.Queue[Msg | Denied] = asyncio.Queue()
        self._collectors[token] = _Collector(subject.lower(), inbox)
        answers: list[Msg] = []
        try:
            await self.client.publish(
                subject,
                body,
                reply=f"{self._inbox}.{token}",
                headers=dict(headers) if headers else None,
            )
            while not answers or not ends(answers[-1]):
                async with asyncio.timeout(timeout):
                    answer = await inbox.get()
                if isinstance(answer, Denied):
                    raise Denied(self._user, "publish", subject)
                answers.append(answer)
        except (NatsError, OSError):  # TimeoutError is an OSError
            raise NoAnswer(subject) from None
        finally:
            del self._collectors[token]
        return answers

    def deny(self, action: str, subject: str) -> None:
        """The server has denied something: whoever waits for an answer to it waits in vain."""
        log.error("bus_denied", user=self._user, action=action, subject=subject)
        for collector in self._collectors.values():
            if action == "publish" and collector.subject == subject:
                collector.inbox.put_nowait(Denied(self._user, action, subject))

    async def open_inbox(self) -> None:
        """One subscription for all that is gathered: one each would cost two messages more."""
        self._inbox = self.client.new_inbox()
        await self.client.subscribe(f"{self._inbox}.*", cb=self._collect)
        await flushed(self.client)
        refuse_denied(self.client.last_error, self._user)

    async def _collect(self, message: Msg) -> None:
        collector = self._collectors.get(message.subject.rsplit(".", 1)[1])
        if collector is not None:  # its asker may have given up
            collector.inbox.put_nowait(message)


class _Collector(Struct):
    """Where the answers to what was sent to a subject (in lower case) are waited for."""

    subject: str
    inbox: asyncio.Queue[Msg | Denied]


class _State(Struct):
    last_seq: int


class _Info(Struct):
    state: _State

    @property
    def last(self) -> int:
        return self.state.last_seq


async def flushed(client: Client) -> None:
    """Return when the server has dealt with all that was sent, and has told what it denies.

    nats-py writes a PING past what it has not written yet; a second one comes after all of that.
    """
    await client.flush()
    await client.flush()


@asynccontextmanager
async def connected(
    server: str | BusLogin, name: str, patience: float = 10.0
) -> AsyncIterator[Bus]:
    """A connection for as long as the block runs; once connected it reconnects for ever.

    Raises BusAway if nothing answers within `patience` seconds, LoginRefused if we are not let in,
    ServerTooOld if the server cannot keep our promises.
    """
    login = login_of(server)
    client = Client()
    bus = Bus(client, login.user, Bearer(login.token))

    async def failed(error: Exception) -> None:
        denied, refused = denial(error), refusal(error)
        if denied is not None:
            bus.deny(*denied)
        elif refused is not None and not first.is_set():
            raise LoginRefused(login.user, refused) from None  # ends the tries of connect()
        elif client.is_connected or refused is not None:  # else one of many tries to come back
            log.warning("bus_error", name=name, error=type(error).__name__, why=refused)

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

    async def closed() -> None:
        if not leaving.is_set():
            log.error("bus_login_revoked", name=name, user=login.user)
            bus.revoked.set()

    first, leaving = asyncio.Event(), asyncio.Event()
    try:
        async with asyncio.timeout(patience):
            await client.connect(
                login.servers,
                name=name,
                # annotated as int; nats-py hands it to asyncio.sleep, and a whole second is long
                reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]
                max_reconnect_attempts=-1,
                reconnect_to_server_handler=next_try,
                connect_timeout=2,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=PINGS,
                error_cb=failed,
                disconnected_cb=disconnected,
                reconnected_cb=reconnected,
                closed_cb=closed,
                **login.options(),
            )
            first.set()
    except (NatsError, OSError, TimeoutError, LoginRefused) as error:
        leaving.set()
        await _close(client)
        raise error if isinstance(error, LoginRefused) else BusAway() from None
    try:
        bus.check_version()
        await bus.open_inbox()
        yield bus
    finally:
        leaving.set()
        await _close(client)


async def _close(client: Client) -> None:
    """What is still to be sent is for nobody if the server is gone, and that is no error of ours.

    In a task of its own: nats-py cancels a future that its reading task and its closing share.
    Not for ever: what a failed TLS handshake leaves is never closed in Python 3.11.
    """
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            (outcome,) = await asyncio.gather(client.close(), return_exceptions=True)
    except TimeoutError:
        return
    if outcome is not None and not isinstance(outcome, OSError | asyncio.CancelledError):
        raise outcome


def header(message: Msg, name: str) -> str:
    """One header of a message, empty if it is not there."""
    headers: Mapping[str, Any] = message.headers or {}
    return str(headers.get(name, ""))
