"""Placements with long histories, and many others around them: what a stream holds after years."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import msgspec

from services.placement.events import VOCABULARY, PlacementAgreed, PlacementEvent, WageHoursReported
from services.placement.placement import NAME, ReportWageHours
from shared.bus import Bus
from shared.envelope import Envelope, encode, encode_data
from shared.errors import SluseError
from shared.event_store import LARGEST_BATCH
from shared.identifiers import derived_id
from shared.subjects import subject_of

FIRST_DAY = date(2015, 1, 5)
EVENTS_OF_OTHERS = 10


class NotAsSaid(SluseError):
    """Something was not stored: what is measured would not be what is said."""

    code = "NOT_AS_SAID"


def subject(placement: str) -> str:
    """Where a placement's events stand."""
    return subject_of(VOCABULARY.service, NAME, placement)


def report(placement: str, week: int) -> ReportWageHours:
    """A command that a placement can hold any number of: the paid hours of one week."""
    begins = FIRST_DAY + timedelta(weeks=week)
    return ReportWageHours(
        command_id=str(uuid4()),
        placement=placement,
        from_on=begins,
        to_on=begins + timedelta(days=6),
        wage_minutes=600,
        evidence="payslip",
        late_reason="import",
    )


def stored(placement: str, index: int) -> tuple[str, bytes]:
    """The placement's event of this index, as the store writes it: first agreed, then week by week."""
    if index:
        begins = FIRST_DAY + timedelta(weeks=index)
        event: PlacementEvent = WageHoursReported(
            from_on=begins, to_on=begins + timedelta(days=6), wage_minutes=600, evidence="payslip"
        )
    else:
        event = PlacementAgreed(
            enrolment=derived_id("enrolment", placement),
            person_ref=derived_id("person", placement),
            programme="jobsporet",
            company="cvr12345678",
            purpose="practice",
        )
    command = derived_id(placement, str(index))
    return subject(placement), encode(
        Envelope(
            id=derived_id(command, subject(placement), "0"),
            source=VOCABULARY.source,
            type=type(event).__name__,
            subject=subject(placement),
            time=datetime.now(UTC),
            data=encode_data(event),
            commandid=command,
            commanddigest="0" * 64,
            correlationid=command,
            causationid=command,
            actor="benchmark",
            traceparent=f"00-{'0' * 32}-{'0' * 16}-01",
            latereason="import",
        )
    )


def spread(placements: Sequence[str], events: int, total: int) -> Iterator[tuple[str, bytes]]:
    """So many events of each placement, evenly among those of others, `total` together."""
    own = [(placement, index) for index in range(events) for placement in placements]
    others = max(total - len(own), 0)
    written = 0
    for count, (placement, index) in enumerate(own, start=1):
        yield stored(placement, index)
        while written < others * count // len(own):
            yield stored(f"other-{written // EVENTS_OF_OTHERS}", written % EVENTS_OF_OTHERS)
            written += 1


def in_a_row(placements: Sequence[str], events: int) -> Iterator[tuple[str, bytes]]:
    """So many events of each placement, one placement after the other."""
    for placement in placements:
        for index in range(events):
            yield stored(placement, index)


async def fill(bus: Bus, messages: Iterator[tuple[str, bytes]]) -> int:
    """Store the messages in atomic batches as large as the server takes; how many there were."""
    batch: list[tuple[str, bytes]] = []
    count = 0
    for message in messages:
        batch.append(message)
        count += 1
        if len(batch) == LARGEST_BATCH:
            await _store(bus, batch)
            batch = []
    if batch:
        await _store(bus, batch)
    return count


async def _store(bus: Bus, batch: Sequence[tuple[str, bytes]]) -> None:
    name = uuid4().hex
    for number, (to, body) in enumerate(batch, start=1):
        headers = {"Nats-Batch-Id": name, "Nats-Batch-Sequence": str(number)}
        if number < len(batch):
            await bus.publish(to, body, headers=headers)
        else:
            answer = await bus.request(to, body, 60.0, headers | {"Nats-Batch-Commit": "1"})
            if "error" in msgspec.json.decode(answer.data):
                raise NotAsSaid(answer.data.decode())
