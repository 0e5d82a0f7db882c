"""Which reports were issued, and by which moment: for every view that must not change their ground."""

from collections.abc import Iterable, Mapping, Sequence

from services.reporting.events import VOCABULARY, ReportIssued
from shared import moment
from shared.envelope import Recorded
from shared.facts import Fact, Fold
from shared.handling import Issued
from shared.view import View


class IssuedFact(Fact, frozen=True, kw_only=True):
    """A report of a programme, and the position in each stream up to which it counted."""

    report: str
    programme: str
    intake: int
    placement: int
    aftercare: int


def fold(report: str, history: Sequence[Recorded]) -> Iterable[Fact]:
    """One fact for a report, superseded or not: it was given out."""
    for recorded in history:
        match recorded.event:
            case ReportIssued() as event:
                positions = moment.parse_positions(event.moment)
                yield IssuedFact(
                    report=report,
                    programme=event.programme,
                    intake=positions["INTAKE"],
                    placement=positions["PLACEMENT"],
                    aftercare=positions["AFTERCARE"],
                )


def used_by(
    facts: Iterable[IssuedFact], programme: str | None, stream: str, position: int
) -> str | None:
    """The first report that counted the event at a position of a stream.

    What belongs to no programme (a person, a company) may stand in a report of any.
    """
    using = sorted(
        fact.report
        for fact in facts
        if (programme is None or fact.programme == programme)
        and position <= getattr(fact, stream.lower())
    )
    return using[0] if using else None


FOLDS: Mapping[tuple[str, str], Fold] = {(VOCABULARY.service, "report"): fold}


def issued_in(view: View) -> Issued:
    """What a service asks before it changes an event: which report used it."""

    async def issued(programme: str | None, stream: str, position: int) -> str | None:
        await view.catch_up()
        return used_by(await view.facts(IssuedFact), programme, stream, position)

    return issued
