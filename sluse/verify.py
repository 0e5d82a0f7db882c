"""Whether all is as it must be: the streams whole, the read models a fold of them, reports the same."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Literal

import msgspec
from msgspec import Struct

from services.aftercare.caseload import PLAN as AFTERCARE
from services.intake.app import PLAN as INTAKE
from services.placement.enrolled import PLAN as PLACEMENT
from services.reporting.facts import PLAN as REPORTING
from services.reporting.reader import Reader
from services.reporting.reports import PLAN as REPORTS
from services.reporting.reports import ReportFact
from shared.access.asking import Declined, ask
from shared.bus import ApiError, Bus, NoAnswer
from shared.errors import BusAway, SluseError
from shared.fingerprint import Fingerprint, TablePrint, entities, fingerprint
from shared.fingerprint_door import Asked, Told
from shared.moment import Positions
from shared.plan import Plan
from shared.projection import Projection
from shared.streams import ALL
from shared.subjects import fingerprint_subject
from sluse import reports
from sluse.fresh_fold import NotFolded, fresh
from sluse.stream_checks import StreamLook

PLANS: Mapping[str, tuple[Plan, ...]] = {
    "intake": (INTAKE,),
    "placement": (PLACEMENT,),
    "aftercare": (AFTERCARE,),
    "reporting": (REPORTING, REPORTS),
}
TIMEOUT_SECONDS = 300.0
NAMED = 5


class Check(Struct, frozen=True):
    """One thing that was looked at: `kind` of it, its name, and how it is."""

    kind: Literal["stream", "read model", "report"]
    name: str
    outcome: Literal["ok", "wrong", "unknown"]
    detail: str


class Verification(Struct, frozen=True):
    """All that was looked at, as of one moment; ok when nothing is wrong or unknown."""

    ok: bool
    moment: dict[str, int]
    checks: list[Check]


async def verify(bus: Bus) -> Verification:
    """Look at all streams, read models and reports as of now; runs under load.

    Raises BusAway if the bus does not answer, ApiError if a stream has not been made.
    """
    moment = {stream: await bus.last_position(stream) for stream in ALL}
    checks = [check async for check in _checks(bus, moment)]
    return Verification(all(check.outcome == "ok" for check in checks), moment, checks)


async def _checks(bus: Bus, moment: Positions) -> AsyncIterator[Check]:
    look = StreamLook(bus)
    await look.quarantined(moment["OPERATIONS"])
    for stream, last in moment.items():
        found = await look.at(stream, last)
        outcome: Literal["ok", "wrong"] = "wrong" if found.gaps or found.wrong else "ok"
        yield Check("stream", stream, outcome, found.said())
    for service, plans in PLANS.items():
        told = await _told(bus, service, Asked(dict(moment)))
        for plan in plans:
            yield await _read_model(bus, service, plan, moment, told)
    async for check in _reports(bus, moment):
        yield check


async def _told(bus: Bus, service: str, asked: Asked) -> Told | str:
    """What the service says of its read models, or why it does not."""
    body = msgspec.json.encode(asked)
    try:
        answer = await ask(bus, fingerprint_subject(service), body, TIMEOUT_SECONDS)
    except Declined as error:
        return f"{error.code}: {error.message}"
    except BusAway:
        return f"{service} does not run"
    except NoAnswer:
        return f"{service} does not answer"
    return msgspec.json.decode(answer, type=Told)


async def _read_model(
    bus: Bus, service: str, plan: Plan, moment: Positions, told: Told | str
) -> Check:
    name = f"{service}: {plan.name}"
    if isinstance(told, str):
        return Check("read model", name, "unknown", told)
    theirs = next((it for it in told.projections if it.projection == plan.name), None)
    if theirs is None:
        return Check("read model", name, "unknown", f"{service} has no such projection")
    if theirs.version != plan.version:
        why = f"{service} folds version {theirs.version}, this command {plan.version}"
        return Check("read model", name, "unknown", why)
    try:
        async with fresh(plan, bus, moment) as projection:
            ours = await fingerprint(projection, moment)
            differing = _differing(theirs, ours)
            parked = sorted(projection.parked)
            if not differing and not parked:
                rows = sum(table.rows for table in ours.tables)
                return Check("read model", name, "ok", f"{rows} rows equal a fresh fold")
            said = [
                await _said(bus, service, projection, moment, theirs=one, ours=other)
                for one, other in differing
            ]
            if parked:
                said.append(f"{len(parked)} entities are parked: {_few(parked)}")
    except NotFolded as error:
        return Check("read model", name, "unknown", f"the streams cannot be folded: {error}")
    return Check("read model", name, "wrong", "; ".join(said))


def _differing(theirs: Fingerprint, ours: Fingerprint) -> list[tuple[TablePrint, TablePrint]]:
    """The tables that differ, theirs and ours; one that is missing is empty."""
    names = dict.fromkeys([*(it.table for it in ours.tables), *(it.table for it in theirs.tables)])
    pairs = [(_of(theirs, name), _of(ours, name)) for name in names]
    return [(one, other) for one, other in pairs if one != other]


def _of(told: Fingerprint, name: str) -> TablePrint:
    return next((it for it in told.tables if it.table == name), TablePrint(name, 0, {}))


async def _said(
    bus: Bus,
    service: str,
    projection: Projection,
    moment: Positions,
    *,
    theirs: TablePrint,
    ours: TablePrint,
) -> str:
    """A table that differs, with a few of the entities that do."""
    subjects: list[str] = []
    for bucket in sorted({*theirs.buckets, *ours.buckets}):
        if theirs.buckets.get(bucket) == ours.buckets.get(bucket):
            continue
        asked = Asked(dict(moment), projection.plan.name, ours.table, bucket)
        told = await _told(bus, service, asked)
        if isinstance(told, str):
            return f"{ours.table}: {told}"
        fold = await entities(projection, ours.table, bucket, moment)
        everywhere = sorted({*told.entities, *fold})
        subjects += [it for it in everywhere if told.entities.get(it) != fold.get(it)]
        if len(subjects) >= NAMED:
            break
    named = ", ".join(subjects[:NAMED])
    return f"{ours.table} has {theirs.rows} rows, a fresh fold {ours.rows}; differing: {named}"


async def _reports(bus: Bus, moment: Positions) -> AsyncIterator[Check]:
    """Every issued report, computed again from a fresh fold."""
    async with AsyncExitStack() as stack:
        try:
            listed = await stack.enter_async_context(fresh(REPORTS, bus, moment))
            async with listed.reading() as db:
                issued = await listed.tables[ReportFact].effective(db)
            if not issued:
                return
            folded = await stack.enter_async_context(fresh(REPORTING, bus, moment))
        except NotFolded as error:
            yield Check("report", "all", "unknown", f"the streams cannot be folded: {error}")
            return
        reader = Reader(folded, bus, TIMEOUT_SECONDS)
        for fact in sorted(issued, key=lambda fact: fact.position):
            yield await _report(bus, reader, fact.report)


async def _report(bus: Bus, reader: Reader, report_id: str) -> Check:
    try:
        verified = await reports.recomputed(bus, reader, report_id)
    except ApiError:
        raise
    except SluseError as error:
        return Check("report", report_id, "unknown", f"{error.code}: {error.message}")
    if verified.outcome == "equal":
        return Check("report", report_id, "ok", f"recomputed at {verified.moment}")
    paths = [difference.path for difference in verified.differences]
    detail = f"recomputed, it says something else at {_few(paths)}"
    return Check("report", report_id, "wrong", detail)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
