"""What a question is answered from: the moment meant, the day meant, and the facts of both."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.events.conformity import last_counted_day
from services.intake.events.in_force import DefinitionFact, effective_on
from services.reporting.caseload import Caseload
from services.reporting.figure import AsOf
from services.reporting.programme_facts import AtMoment, caseload_of
from shared import moment
from shared.bus import Bus, NoAnswer
from shared.clock import copenhagen_day, now
from shared.errors import BusAway, InvalidField, NotFound, NotYet
from shared.facts import Fact
from shared.moment import Positions
from shared.projection import Projection

F = TypeVar("F", bound=Fact)

SETTLING_SECONDS = 1.0


class Question(Struct, frozen=True):
    """As asked: `on`, a day, and `known`, a moment or an instant; either may be left out."""

    on: date | None = None
    known: Positions | datetime | None = None


class Reader:
    """Answers from the fact tables alone; no question reads a stream."""

    def __init__(self, projection: Projection, bus: Bus, wait: float) -> None:
        """`wait` in seconds is how long a moment just gone may take to arrive."""
        self.projection = projection
        self._bus = bus
        self._wait = wait

    async def moment(self, known: Positions | datetime | None) -> Positions:
        """The positions meant; NotYet if the tables have not come so far."""
        if known is None:
            return dict(self.projection.positions)
        if isinstance(known, datetime):
            return await self._at(known)
        for stream, position in known.items():
            if position > self.projection.positions[stream]:
                raise self._not_yet()
        return known

    async def latest(self) -> Positions:
        """The positions once the tables include all that is recorded by now; else NotYet."""
        for stream in self.projection.positions:
            await self._catch_up(stream)
        return dict(self.projection.positions)

    async def facts(self, kind: type[F], positions: Positions, **equals: object) -> list[F]:
        """The facts of a kind effective at the moment whose fields equal what is given."""
        async with self.projection.reading() as db:
            return await self._at_moment(db, positions).facts(kind, **equals)

    async def among(
        self, kind: type[F], positions: Positions, name: str, values: Iterable[str]
    ) -> list[F]:
        """The facts of a kind effective at the moment whose field is one of the values."""
        async with self.projection.reading() as db:
            return await self._at_moment(db, positions).among(kind, name, values)

    async def caseload(self, programme: str, question: Question) -> tuple[Caseload, AsOf]:
        """A programme's facts at the moment, with the definition recorded by then for the day.

        The day left out is today, but at most the programme's end plus its goal window.
        """
        positions = await self.moment(question.known)
        async with self.projection.reading() as db:
            at = self._at_moment(db, positions)
            definitions = await at.facts(DefinitionFact, programme=programme)
            if not definitions:
                raise NotFound("no such programme is known at this moment", "key")
            day = question.on or _default_day(definitions)
            chosen = effective_on(definitions, day)
            if chosen is None:
                first = min(fact.effective_from for fact in definitions)
                raise InvalidField("on", f"no definition is in force then, the first is on {first}")
            caseload = await caseload_of(at, programme, chosen.decoded(), day)
        as_of = AsOf(
            programme=programme,
            moment=moment.written(positions),
            valid_on=day,
            definition_version=chosen.definition_version,
            checksum=chosen.checksum,
        )
        return caseload, as_of

    async def wait(self, stream: str, position: int, timeout: float) -> str:
        """The moment once the tables include the position; NotYet after `timeout` seconds."""
        if not await self.projection.reached(stream, position, timeout):
            raise self._not_yet("position")
        return self.here()

    def here(self) -> str:
        """The moment that the tables have reached."""
        return moment.written(self.projection.positions)

    def _at_moment(self, db: AsyncConnection, positions: Positions) -> AtMoment:
        return AtMoment(db, self.projection.tables, positions)

    async def _at(self, at: datetime) -> Positions:
        """The last positions recorded at or before an instant, once they cannot change any more."""
        if at > now():
            raise InvalidField("known", "this instant has not come yet")
        # A server's clock may be a little behind ours: what it records now may bear an older time.
        await asyncio.sleep(max(0.0, SETTLING_SECONDS - (now() - at).total_seconds()))
        positions: dict[str, int] = {}
        for stream in self.projection.positions:
            async with self.projection.reading() as db:
                settled = await self.projection.log.recorded_after(db, stream, at)
            if not settled:
                await self._catch_up(stream)
            async with self.projection.reading() as db:
                positions[stream] = await self.projection.log.position_at(db, stream, at)
        return positions

    async def _catch_up(self, stream: str) -> None:
        try:
            last = await self._bus.last_position(stream)
        except NoAnswer:
            raise BusAway from None
        if not await self.projection.reached(stream, last, self._wait):
            raise self._not_yet()

    def _not_yet(self, path: str = "known") -> NotYet:
        return NotYet(f"the read models are at {self.here()}", path)


def _default_day(definitions: Sequence[DefinitionFact]) -> date:
    today = copenhagen_day(now())
    latest = effective_on(definitions, today) or definitions[0]
    return min(today, last_counted_day(latest.decoded()))


def parse_question(on: str | None, known: str | None, name: str = "known") -> Question:
    """The two query parameters; refused with the name of the one that cannot be read."""
    day: date | None = None
    if on is not None:
        try:
            day = date.fromisoformat(on)
        except ValueError:
            raise InvalidField("on", "give a day like 2022-04-27") from None
    return Question(day, None if known is None else moment.parse(known.replace(" ", "+"), name))
