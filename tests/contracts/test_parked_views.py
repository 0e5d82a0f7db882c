"""A view says nothing of parked entities; which those may be, the keys of a question tell."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Raw
from msgspec.structs import replace

from services.aftercare import caseload
from services.intake.events.in_force import DefinitionFact
from services.placement import enrolled
from services.placement.enrolled import AliasFact, EnrolledFact
from services.placement.placed import PlacementFact
from services.reporting.events import issued
from shared.envelope import Recorded
from shared.errors import Parked
from shared.facts import Fact
from shared.plan import Plan
from shared.view import View
from tests.contracts.reading import (
    by_stream,
    demonstration,
    own_bus,
    projected,
    recorded,
)

PLANS = {"placement": enrolled.PLAN, "aftercare": caseload.PLAN}
EVENTS = by_stream(demonstration())
BAD = next(it for it in demonstration() if it.type == "ParticipantEnrolled")
GOOD = next(it for it in demonstration() if it.type == "ParticipantEnrolled" and it is not BAD)


def histories(events: Mapping[str, list[Recorded]]) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for record in (record for records in events.values() for record in records):
        found.setdefault(record.envelope.subject, []).append(record)
    return found


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_fact_says_whose_fold_makes_it(plan: Plan) -> None:
    """Else a look-up would not see that the entity is parked."""
    made: dict[type[Fact], set[str]] = {}
    for subject, history in histories(EVENTS).items():
        service, entity, entity_id = subject.split(".")
        if fold := plan.folds.get((service, entity)):
            for fact in fold(entity_id, history):
                made.setdefault(type(fact), set()).add(f"{service}.{entity}")

    assert {kind: {kind.ENTITY} for kind in made} == made
    assert {kind for kind in plan.facts if not kind.ENTITY} == set()
    of_reports = {".".join(of) for of in issued.FOLDS}
    assert {issued.IssuedFact.ENTITY} == of_reports


def poison() -> Recorded:
    """The enrolment is corrected by data that no version can read."""
    data = b'{"event_id":"%s","data":{"start_on":"never"},"reason":"mistake"}' % BAD.id.encode()
    one = replace(
        BAD, id="3b241101-e2bb-4255-8caf-4136c566a962", type="EventCorrected", data=Raw(data)
    )
    return recorded(one, len(EVENTS["INTAKE"]) + 1)


async def test_a_view_answers_nothing_of_what_is_parked_and_all_of_the_rest(
    tmp_path: Path,
) -> None:
    bad, good = (it.subject.rsplit(".", 1)[1] for it in (BAD, GOOD))
    async with own_bus(tmp_path) as (_, bus), projected(enrolled.PLAN) as projection:
        view = View(projection, bus, wait=1)
        for stream, records in EVENTS.items():
            if stream in projection.positions:
                await projection.apply(stream, records)
        before = await view.facts(EnrolledFact)
        [known] = await view.facts(EnrolledFact, enrolment=bad)
        placed = await view.facts(PlacementFact, enrolment=bad)

        await projection.apply("INTAKE", [poison()])

        assert list(projection.parked) == [BAD.subject]
        for keys in ({"enrolment": bad}, {}):
            with pytest.raises(Parked):
                await view.facts(EnrolledFact, **keys)
        assert await view.facts(EnrolledFact, enrolment=good)
        assert await view.facts(EnrolledFact, enrolment="nobody") == []
        assert await view.facts(DefinitionFact, programme="jobsporet")
        assert placed
        assert await view.facts(PlacementFact, enrolment=bad) == placed
        assert await view.facts(AliasFact, merged_ref=known.person_ref) == []
        assert await view.settled(EnrolledFact) == [it for it in before if it != known]
