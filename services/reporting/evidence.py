"""Evidence: the events behind the findings, read where they are kept."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from services.reporting.contradictions import is_late
from services.reporting.findings import LATE_IMPORT, LATE_REGISTRATION, SEARCHES, Evidence, Finding
from services.reporting.registration_facts import occurred_on
from shared.correction.effective import effective
from shared.envelope import Recorded
from shared.moment import Positions
from shared.projection import Projection


async def evidence(
    projection: Projection, findings: Sequence[Finding], positions: Positions
) -> list[Finding]:
    """The findings, each with its events: effective at the moment, and of its day or before."""
    subjects = sorted({subject for finding in findings for subject in finding.subjects})
    async with projection.reading() as db:
        histories = await projection.log.histories(db, subjects, projection.vocabularies, positions)
    events = {
        subject: effective(history, projection.vocabularies[history[0].stream])
        for subject, history in histories.items()
    }
    return [
        replace(
            finding,
            evidence=behind(
                finding, (it for name in finding.subjects for it in events.get(name, ()))
            ),
        )
        for finding in findings
    ]


def behind(finding: Finding, events: Iterable[Recorded]) -> tuple[Evidence, ...]:
    """Those of its subjects' events that tell of the finding."""
    return tuple(
        Evidence(
            id=event.envelope.id,
            type=event.envelope.type,
            stream=event.stream,
            position=event.position,
            subject=event.envelope.subject,
        )
        for event in events
        if _tells(finding, event) and _by(finding.valid_on, event)
    )


def _tells(finding: Finding, recorded: Recorded) -> bool:
    if finding.code not in (LATE_REGISTRATION, LATE_IMPORT):
        return isinstance(recorded.event, SEARCHES[finding.code].told_by)
    flags, late_reason = recorded.envelope.flags, recorded.envelope.latereason
    return is_late(flags, late_reason, imported=finding.code == LATE_IMPORT)


def _by(day: date, recorded: Recorded) -> bool:
    happened_on = occurred_on(recorded.event)
    return happened_on is None or happened_on <= day
