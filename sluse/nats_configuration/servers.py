"""The servers themselves, asked through the system account: how they are, and to read their files anew."""

from datetime import datetime

import msgspec
from msgspec import Struct, field
from nats.aio.msg import Msg

from shared.bus import Bus, NoAnswer
from shared.errors import SluseError

SECONDS = 2.0
RELOAD_SECONDS = 10.0


class NotReloaded(SluseError):
    """A server refuses its configuration, and goes on with the one before."""

    code = "NOT_RELOADED"


class ServerName(Struct):
    """Who answers."""

    name: str
    id: str
    ver: str


class Problem(Struct):
    """What a server says of a request that failed."""

    description: str = ""


class _Answer(Struct):
    server: ServerName
    error: Problem | None = None


class Leader(Struct):
    """The cluster's own group: `cluster_size` servers, and who leads them."""

    leader: str = ""
    cluster_size: int = 1


class StoreConfig(Struct):
    """Bytes; `sync_interval` in nanoseconds, `sync_always` beside it."""

    max_storage: int = 0
    sync_interval: int = 0
    sync_always: bool = False


class Store(Struct):
    """What a server's JetStream uses, in bytes; `now` is the server's clock."""

    now: datetime
    config: StoreConfig = field(default_factory=StoreConfig)
    storage: int = 0
    meta_cluster: Leader | None = None


class ServerStore(_Answer):
    """A server, and its JetStream; one without has no data."""

    data: Store | None = None


async def stores(bus: Bus) -> list[ServerStore]:
    """Each server's JetStream; those that do not answer within SECONDS are missing.

    How many there are is learnt from the first answer. Raises NoAnswer if there is none.
    """
    answers: list[ServerStore] = []

    def all_there(message: Msg) -> bool:
        answers.append(msgspec.json.decode(message.data, type=ServerStore))
        first = answers[0].data
        cluster = first.meta_cluster if first else None
        return len(answers) >= (cluster.cluster_size if cluster else 1)

    try:
        await bus.gather("$SYS.REQ.SERVER.PING.JSZ", b"", SECONDS, all_there)
    except NoAnswer:
        if not answers:
            raise
    return answers


async def reload(bus: Bus) -> list[str]:
    """Have every server read its configuration anew, and return their names. Raises NotReloaded.

    Twice: nats-server 2.15.1 takes up what a new account imports only when it reads it again.
    Nobody is disconnected who still may be there.
    """
    found = [store.server for store in await stores(bus)]
    for server in found * 2:
        message = await bus.request(f"$SYS.REQ.SERVER.{server.id}.RELOAD", b"", RELOAD_SECONDS)
        answer = msgspec.json.decode(message.data, type=_Answer)
        if answer.error is not None:
            raise NotReloaded(f"{server.name}: {answer.error.description}")
    return sorted(server.name for server in found)
