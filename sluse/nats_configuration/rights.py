"""What each user may publish and subscribe to: what its service does, and nothing else.

Within one account this is the second line of defence, not the first: see docs/decisions/0043.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from services.aftercare import caseload
from services.aftercare import reactions as aftercare_reactions
from services.intake import app as intake
from services.placement import enrolled
from services.placement import reactions as placement_reactions
from services.reporting import facts, reports
from shared.bus_login import INBOX
from shared.plan import Plan
from shared.streams import ALL
from shared.subjects import DOORS, PROJECTING, SERVICES

API = "$JS.API"
OPERATIONS = "OPERATIONS"


class Rights(Struct, frozen=True):
    """Subjects, wildcards included; `answers`: may answer what it is asked, wherever that is."""

    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()
    never_publish: tuple[str, ...] = ()
    answers: bool = False


class Durable(Struct, frozen=True):
    """A durable consumer, and the service that reacts with it; `waits`: it asks how far that is."""

    stream: str
    name: str
    service: str
    waits: bool = False


class Duty(Struct, frozen=True):
    """What a service does: the streams that it writes, those that it folds, the doors that it opens.

    `looks_up`: streams whose messages it asks for by position, beside its own.
    """

    writes: tuple[str, ...]
    follows: tuple[Plan, ...]
    doors: tuple[str, ...]
    looks_up: tuple[str, ...] = ()


DUTIES = {
    "intake": Duty(("INTAKE",), (intake.PLAN,), ("intake",)),
    "placement": Duty(("PLACEMENT",), (enrolled.PLAN,), ("placement",)),
    "aftercare": Duty(("AFTERCARE",), (caseload.PLAN,), ("aftercare",)),
    "reporting": Duty(
        ("REPORTS", OPERATIONS),
        (facts.PLAN, reports.PLAN),
        ("reports", "operations"),
        looks_up=("INTAKE", "PLACEMENT", "AFTERCARE"),
    ),
}

DURABLES = (
    Durable("INTAKE", placement_reactions.DURABLE, "placement"),
    Durable("PLACEMENT", aftercare_reactions.DURABLE, "aftercare", waits=True),
)

ANSWERED: Mapping[str, tuple[str, ...]] = {
    "commands": DOORS,
    "schema": DOORS,
    "status": PROJECTING,
    "projections": PROJECTING,
    "parked": PROJECTING,
    "fingerprint": PROJECTING,
    "erasures": ("intake",),
}
"""What is asked on <family>.<door or service>, and who answers."""

ASKED_BY: Mapping[str, tuple[str, ...]] = {
    "reporting": ("commands", "schema", "parked", "erasures"),
    "operator": tuple(family for family in ANSWERED if family != "erasures"),
    "metrics": ("status",),
    "simulator": ("commands",),
}

SYSTEM_USER = "system"
SYSTEM = {
    SYSTEM_USER: Rights(
        publish=(
            "$SYS.REQ.SERVER.PING.JSZ",
            "$SYS.REQ.SERVER.*.RELOAD",
        ),
        subscribe=(f"{INBOX}.{SYSTEM_USER}.>",),
    )
}
"""Whoever looks at the servers themselves: doctor, and the one who makes them read their files anew."""


def own_account() -> dict[str, Rights]:
    """User to rights in the account that sluse's own services share."""
    services = {name: _service(name, duty) for name, duty in DUTIES.items()}
    return {**services, "operator": _operator(), "metrics": _metrics(), "simulator": _simulator()}


def _service(name: str, duty: Duty) -> Rights:
    followed = {v.stream for plan in duty.follows for v in plan.vocabularies} | {OPERATIONS}
    durables = [durable for durable in DURABLES if durable.service == name]
    publish: list[str] = []
    for stream in duty.writes:
        publish += [
            f"{stream.lower()}.*.*",
            f"{API}.STREAM.INFO.{stream}",
            f"{API}.DIRECT.GET.{stream}",
            f"{API}.STREAM.MSG.GET.{stream}",
        ]
    publish += [f"{API}.DIRECT.GET.{stream}" for stream in duty.looks_up]
    for stream in sorted(followed):
        publish += _reading(stream)
    for durable in durables:
        publish += _reacting(durable)
    answered = [
        f"{family}.{door}"
        for family, doors in ANSWERED.items()
        for door in dict.fromkeys((name, *duty.doors))
        if door in doors
    ]
    return Rights(
        publish=_once([*publish, *_asking(name)]),
        subscribe=(f"{INBOX}.{name}.>", *answered),
        never_publish=_never(name),
        answers=True,
    )


def _reading(stream: str) -> list[str]:
    """A consumer of its own, without acknowledgements."""
    return [
        f"{API}.STREAM.INFO.{stream}",
        f"{API}.CONSUMER.CREATE.{stream}.*",
        f"{API}.CONSUMER.MSG.NEXT.{stream}.*",
        f"{API}.CONSUMER.DELETE.{stream}.*",
    ]


def _reacting(durable: Durable) -> list[str]:
    stream, name = durable.stream, durable.name
    asked = [f"{API}.STREAM.MSG.GET.{stream}"] if durable.waits else []
    return [
        *asked,
        f"{API}.CONSUMER.INFO.{stream}.{name}",
        f"{API}.CONSUMER.CREATE.{stream}.{name}.>",
        f"{API}.CONSUMER.MSG.NEXT.{stream}.{name}",
        *acknowledging(stream, name),
    ]


def acknowledging(stream: str, consumer: str) -> list[str]:
    """Where the messages of a consumer are acknowledged; the second form names domain and account."""
    return [f"$JS.ACK.{stream}.{consumer}.>", f"$JS.ACK.*.*.{stream}.{consumer}.>"]


def _never(name: str) -> tuple[str, ...]:
    """Of the durables: nobody's to delete, and nobody else's to change or to read from."""
    denied = []
    for durable in DURABLES:
        denied.append(f"{API}.CONSUMER.DELETE.{durable.stream}.{durable.name}")
        if durable.service != name:
            denied += [
                f"{API}.CONSUMER.CREATE.{durable.stream}.{durable.name}",
                f"{API}.CONSUMER.CREATE.{durable.stream}.{durable.name}.>",
                f"{API}.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}",
            ]
    return tuple(denied)


def _asking(name: str) -> list[str]:
    return [f"{family}.{door}" for family in ASKED_BY.get(name, ()) for door in ANSWERED[family]]


def _operator() -> Rights:
    """Makes streams, reads all of them, asks everybody; writes no event, deletes no stream."""
    calls = (
        "INFO",
        "STREAM.LIST",
        "STREAM.NAMES",
        "STREAM.INFO.*",
        "STREAM.CREATE.*",
        "STREAM.UPDATE.*",
        "STREAM.SNAPSHOT.*",
        "STREAM.RESTORE.*",
        "STREAM.MSG.GET.*",
        "DIRECT.GET.*",
        "CONSUMER.LIST.*",
        "CONSUMER.NAMES.*",
        "CONSUMER.INFO.*.*",
        "CONSUMER.CREATE.>",
        "CONSUMER.MSG.NEXT.*.*",
        "CONSUMER.DELETE.*.*",
        "CONSUMER.RESET.*.*",
    )
    probes = [subject.replace(">", "ready") for subject in ALL.values()]
    return Rights(
        publish=(
            *(f"{API}.{call}" for call in calls),
            "$JS.SNAPSHOT.>",
            *probes,
            *_asking("operator"),
        ),
        subscribe=(f"{INBOX}.operator.>",),
    )


def _metrics() -> Rights:
    calls = ("INFO", "STREAM.LIST", "STREAM.NAMES", "STREAM.INFO.*")
    consumers = ("CONSUMER.LIST.*", "CONSUMER.NAMES.*", "CONSUMER.INFO.*.*")
    return Rights(
        publish=(*(f"{API}.{call}" for call in (*calls, *consumers)), *_asking("metrics")),
        subscribe=(f"{INBOX}.metrics.>",),
    )


def _simulator() -> Rights:
    """Writes events past the doors: for trials and load, in a system that holds nobody's data."""
    streams = [name.upper() for name in SERVICES]
    return Rights(
        publish=(
            *(f"{name}.*.*" for name in SERVICES),
            *(f"{API}.DIRECT.GET.{stream}" for stream in streams),
            *(f"{API}.STREAM.MSG.GET.{stream}" for stream in streams),
            *_asking("simulator"),
        ),
        subscribe=(f"{INBOX}.simulator.>",),
    )


def _once(subjects: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(subjects))
