"""Who may do what on the bus, written down once more by hand, and which subjects the code knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from shared import streams, subjects
from shared.subjects import DOORS, PROJECTING

ROOT = Path(__file__).parents[2]

SERVICES = ("intake", "placement", "aftercare", "reporting")
USERS = (*SERVICES, "operator", "metrics", "simulator", "system")
NOBODY: frozenset[str] = frozenset()
OPERATOR = frozenset({"operator"})
LOOKING = frozenset({"operator", "metrics"})

WRITERS = {
    "INTAKE": {"intake", "simulator"},
    "PLACEMENT": {"placement", "simulator"},
    "AFTERCARE": {"aftercare", "simulator"},
    "REPORTS": {"reporting"},
    "OPERATIONS": {"reporting"},
}
FOLLOWERS = {
    "INTAKE": {"placement", "aftercare", "reporting"},
    "PLACEMENT": {"placement", "aftercare", "reporting"},
    "AFTERCARE": {"aftercare", "reporting"},
    "REPORTS": set(SERVICES),
    "OPERATIONS": set(SERVICES),
}
LOOKED_UP = {  # by position or by entity, without following: the quarantine's check
    "INTAKE": {"reporting"},
    "PLACEMENT": {"reporting"},
    "AFTERCARE": {"reporting"},
}
WAITED_FOR = {"PLACEMENT": {"aftercare"}}
DURABLES = {
    "placement-persons-v1": ("INTAKE", "placement"),
    "aftercare-offers-v1": ("PLACEMENT", "aftercare"),
}
ANSWERED_BY = {door: {door} for door in SERVICES} | {
    "reports": {"reporting"},
    "operations": {"reporting"},
}
ASKED_BY = {
    "commands": {"reporting", "operator", "simulator"},
    "schema": {"reporting", "operator"},
    "status": {"operator", "metrics"},
    "projections": {"operator"},
    "parked": {"operator", "reporting"},
    "fingerprint": {"operator"},
    "erasures": {"reporting"},
}
ANSWERING = {
    "commands": DOORS,
    "schema": DOORS,
    "status": PROJECTING,
    "projections": PROJECTING,
    "parked": PROJECTING,
    "fingerprint": PROJECTING,
    "erasures": ("intake",),
}

STREAM_CALLS = {
    "STREAM.CREATE": OPERATOR,
    "STREAM.UPDATE": OPERATOR,
    "STREAM.SNAPSHOT": OPERATOR,
    "STREAM.RESTORE": OPERATOR,
    "STREAM.DELETE": NOBODY,
    "STREAM.PURGE": NOBODY,
    "STREAM.MSG.DELETE": NOBODY,
    "STREAM.LEADER.STEPDOWN": NOBODY,
    "CONSUMER.LIST": LOOKING,
    "CONSUMER.NAMES": LOOKING,
}
GENERAL_CALLS = {"INFO": LOOKING, "STREAM.LIST": LOOKING, "STREAM.NAMES": LOOKING}
PER_STREAM = {"STREAM.INFO", "STREAM.MSG.GET", "DIRECT.GET"}
PER_CONSUMER = {
    "CONSUMER.CREATE",
    "CONSUMER.INFO",
    "CONSUMER.MSG.NEXT",
    "CONSUMER.DELETE",
    "CONSUMER.RESET",
    "CONSUMER.DURABLE.CREATE",
}
SYSTEM = {
    "$SYS.REQ.SERVER.PING.JSZ",
    "$SYS.REQ.SERVER.NANY.RELOAD",
}
OTHERS = {
    "$SYS.REQ.SERVER.PING.CONNZ",
    "$SYS.REQ.ACCOUNT.SLUSE.JSZ",
    "$JS.EVENT.ADVISORY.API",
    "anything",
}


def who_may_publish() -> dict[str, set[str] | frozenset[str]]:
    """Every subject that anybody could think of, and the users that may publish to it."""
    allowed: dict[str, set[str] | frozenset[str]] = {}
    for stream in streams.ALL:
        allowed |= _of_stream(stream)
    for name, (stream, service) in DURABLES.items():
        allowed |= _of_durable(stream, name, service)
    for family, answering in ANSWERING.items():
        allowed |= {f"{family}.{door}": ASKED_BY[family] for door in answering}
    allowed |= {f"$JS.API.{call}": users for call, users in GENERAL_CALLS.items()}
    allowed |= {subject: {"system"} for subject in SYSTEM}
    allowed |= dict.fromkeys(OTHERS, NOBODY)
    allowed |= {f"_INBOX.{user}.x": NOBODY for user in USERS}
    return allowed


def _of_stream(stream: str) -> dict[str, set[str] | frozenset[str]]:
    writers, followers = WRITERS[stream], FOLLOWERS[stream]
    readers = followers | OPERATOR
    return {
        f"{stream.lower()}.entity.id": writers,
        f"{stream.lower()}.ready": OPERATOR,
        f"{stream.lower()}.entity.id.more": NOBODY,
        f"$JS.API.STREAM.INFO.{stream}": readers | LOOKING | (writers - {"simulator"}),
        f"$JS.API.DIRECT.GET.{stream}": writers | OPERATOR | LOOKED_UP.get(stream, set()),
        f"$JS.API.STREAM.MSG.GET.{stream}": writers | OPERATOR | WAITED_FOR.get(stream, set()),
        f"$JS.API.CONSUMER.CREATE.{stream}.reader-1": readers,
        f"$JS.API.CONSUMER.CREATE.{stream}.reader-1.{stream.lower()}.>": OPERATOR,
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.reader-1": readers,
        f"$JS.API.CONSUMER.DELETE.{stream}.reader-1": readers,
        f"$JS.API.CONSUMER.INFO.{stream}.reader-1": LOOKING,
        f"$JS.API.CONSUMER.RESET.{stream}.reader-1": OPERATOR,
        f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.reader-1": NOBODY,
        f"$JS.ACK.{stream}.reader-1.1.1.1.1.0": NOBODY,
        f"$JS.SNAPSHOT.ACK.{stream}.x": OPERATOR,
        f"$JS.SNAPSHOT.RESTORE.{stream}.x": OPERATOR,
        **{f"$JS.API.{call}.{stream}": users for call, users in STREAM_CALLS.items()},
    }


def _of_durable(stream: str, name: str, service: str) -> dict[str, set[str] | frozenset[str]]:
    owner = {service}
    return {
        f"$JS.API.CONSUMER.CREATE.{stream}.{name}": owner | OPERATOR,
        f"$JS.API.CONSUMER.CREATE.{stream}.{name}.{stream.lower()}.>": owner | OPERATOR,
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}": owner | OPERATOR,
        f"$JS.API.CONSUMER.INFO.{stream}.{name}": owner | LOOKING,
        f"$JS.API.CONSUMER.DELETE.{stream}.{name}": OPERATOR,
        f"$JS.ACK.{stream}.{name}.1.1.1.1.0": owner,
        f"$JS.ACK._.account.{stream}.{name}.1.1.1.1.0.t": owner,
    }


def who_may_subscribe() -> dict[str, set[str] | frozenset[str]]:
    """Every subject, and the users that may listen to it: mostly nobody, as readers pull."""
    allowed: dict[str, set[str] | frozenset[str]] = dict.fromkeys(who_may_publish(), NOBODY)
    for family, answering in ANSWERING.items():
        allowed |= {f"{family}.{door}": ANSWERED_BY[door] for door in answering}
    allowed |= {f"_INBOX.{user}.x": {user} for user in USERS}
    wide = (">", "*", "_INBOX.>", "_INBOX.*.x", "commands.*", "$SYS.>", "$JS.>")
    return allowed | dict.fromkeys((*wide, *streams.ALL.values()), NOBODY)


def families() -> set[str]:
    """The request subjects that the code knows: those that shared/subjects.py makes of a service."""
    makers = [it for name, it in vars(subjects).items() if name.endswith("_subject")]
    return {str(make("door")).removesuffix(".door") for make in makers}


def known_calls() -> set[str]:
    """The calls of JetStream's API that the matrix has."""
    return {*STREAM_CALLS, *GENERAL_CALLS, *PER_STREAM, *PER_CONSUMER}


def called() -> set[str]:
    """The calls of JetStream's and the servers' own API in the product's code, without their ends."""
    return {found[1] or found[0] for text in _literals() if (found := _API.match(text))}


# how a call begins, wherever it is written: $JS.API.STREAM.INFO.…, STREAM.INFO.…, $SYS.REQ.…
_API = re.compile(
    r"^(?:\$JS\.API\.)?((?:(?:STREAM|CONSUMER|DIRECT|META|SERVER|ACCOUNT)\.[A-Z.]*[A-Z]|INFO$))"
    r"|^\$(?:SYS|JS\.(?!API))[A-Z.]*"
)


def _literals() -> Iterator[str]:
    for package in ("shared", "services", "sluse"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name in ("rights.py", "accounts.py"):
                continue  # what may be called, not what is
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
