"""The programmes: what each says of itself, when it ended, and what surveys say of it."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from services.intake.events import ExternalIndicatorRecorded, ProgrammeClosed
from services.intake.events.definition import Period, Phase, Site
from services.intake.events.goals import Text
from services.intake.events.in_force import DefinitionFact, effective_on
from services.reporting.reader import Question, Reader
from shared import moment
from shared.clock import copenhagen_day, now
from shared.correction.effective import effective
from shared.envelope import Event
from shared.moment import Positions
from shared.subjects import subject_of


class Indicator(Struct, frozen=True, kw_only=True):
    """What a survey or a register says of the programme, as it was recorded."""

    indicator: str
    value: float
    on: date


class ProgrammeAnswer(Struct, frozen=True, kw_only=True):
    """A programme, and the definition in force on the day; a month in it stays a month.

    `closed_on`, `outcome` (closed, anchored): once it is over, by the day.
    """

    key: str
    name: Text
    moment: str
    valid_on: date
    definition_version: int
    checksum: str
    versions: list[int]
    period: Period
    sites: tuple[Site, ...]
    phases: tuple[Phase, ...]
    closed_on: date | None
    outcome: str | None
    indicators: list[Indicator]


async def programmes(reader: Reader, question: Question) -> list[ProgrammeAnswer]:
    """All programmes known at the moment, by their keys."""
    positions = await reader.moment(question.known)
    day = question.on or copenhagen_day(now())
    by_key: dict[str, list[DefinitionFact]] = {}
    for fact in await reader.facts(DefinitionFact, positions):
        by_key.setdefault(fact.programme, []).append(fact)
    said = await _said(reader, sorted(by_key), positions)
    answers = []
    for key, facts in sorted(by_key.items()):
        chosen = effective_on(facts, day)
        if chosen is not None:
            versions = sorted(fact.definition_version for fact in facts)
            answers.append(_answer(chosen, versions, said[key], moment.written(positions), day))
    return answers


async def _said(
    reader: Reader, keys: Sequence[str], positions: Positions
) -> dict[str, list[Event]]:
    """Each programme's own events that hold at the moment: a handful."""
    projection = reader.projection
    subjects = {key: subject_of("intake", "programme", key) for key in keys}
    async with projection.reading() as db:
        histories = await projection.log.histories(
            db, list(subjects.values()), projection.vocabularies, positions
        )
    return {
        key: [
            record.event
            for record in effective(histories[subject], projection.vocabularies["INTAKE"])
        ]
        for key, subject in subjects.items()
    }


def _answer(
    chosen: DefinitionFact, versions: list[int], said: Sequence[Event], known: str, day: date
) -> ProgrammeAnswer:
    definition = chosen.decoded()
    ends = [it for it in said if isinstance(it, ProgrammeClosed) and it.closed_on <= day]
    end = ends[-1] if ends else None
    indicators = [
        Indicator(indicator=it.indicator, value=it.value, on=it.on)
        for it in said
        if isinstance(it, ExternalIndicatorRecorded) and it.on <= day
    ]
    return ProgrammeAnswer(
        key=chosen.programme,
        name=definition.name,
        moment=known,
        valid_on=day,
        definition_version=chosen.definition_version,
        checksum=chosen.checksum,
        versions=versions,
        period=definition.period,
        sites=definition.sites,
        phases=definition.phases,
        closed_on=end.closed_on if end else None,
        outcome=end.outcome if end else None,
        indicators=sorted(indicators, key=lambda it: (it.indicator, it.on)),
    )
