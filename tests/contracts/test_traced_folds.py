"""A batch of events in the traces: within the one that they are of, or linked to all."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from shared import tracing
from shared.envelope import Recorded
from shared.projection import Projection
from tests.contracts.poison import PLAN, in_turn, person, recorded
from tests.contracts.reading import projected
from tests.otlp_receiver import Span, receiving

ONE, OTHER = "a" * 32, "b" * 32


def traceparent(trace: str, span: int) -> str:
    return f"00-{trace}-{span:016x}-01"


def traced(parents: Sequence[str]) -> list[Recorded]:
    """An event for each traceparent."""
    events = recorded(in_turn(*(person(number, "north") for number in range(1, len(parents) + 1))))
    return [
        replace(event, envelope=replace(event.envelope, traceparent=parent))
        for event, parent in zip(events[: len(parents)], parents, strict=True)
    ]


async def folded(projection: Projection, parents: Sequence[str]) -> Span:
    """The span of the batch."""
    with receiving() as receiver:
        async with tracing.exporting("contract", receiver.endpoint):
            await projection.apply("INTAKE", traced(parents))
        (span,) = receiver.spans()
    assert span.name == "fold INTAKE"
    return span


@pytest.mark.parametrize(
    ("parents", "trace", "parent", "links"),
    [
        ([traceparent(ONE, 1), traceparent(ONE, 2)], ONE, f"{2:016x}", 2),
        ([traceparent(ONE, 1), traceparent(OTHER, 2), traceparent(OTHER, 2)], "", "", 2),
        (["", traceparent(ONE, 1)], ONE, f"{1:016x}", 1),
        (["", ""], "", "", 0),
        (["no traceparent at all", "x"], "", "", 0),
    ],
)
async def test_a_batch_is_one_span(parents: list[str], trace: str, parent: str, links: int) -> None:
    async with projected(PLAN) as projection:
        span = await folded(projection, parents)

        assert span.parent == parent
        assert span.trace == trace or (not trace and span.trace not in (ONE, OTHER))
        assert len(span.links) == links
        assert projection.positions["INTAKE"] == len(parents)
