"""A history told again by its entity's rules: what it leads to, and what in it cannot follow."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shared.claim import Claim, Release, Take
from shared.decider import Decider
from shared.envelope import Recorded
from shared.errors import NotPossible, Refused
from shared.fact_days import fact_days


class Replay(Struct, frozen=True):
    """The state at the end, the claims held then, and by event id what could not follow, and why."""

    state: Any
    held: Mapping[tuple[str, str], Take]
    broken: Mapping[str, tuple[Recorded, Refused]]


def replayed(
    decider: Decider[Any, Any, Any, Any], entity_id: str, records: Sequence[Recorded]
) -> Replay:
    """Tell the effective events of an entity again."""
    state = decider.INITIAL
    held: dict[tuple[str, str], Take] = {}
    broken: dict[str, tuple[Recorded, Refused]] = {}
    for record in records:
        try:
            decider.permit(state, record.event)
        except Refused as why:
            broken[record.envelope.id] = record, why
        for claim in decider.claims(entity_id, state, record.event):
            match claim:
                case Take():
                    held[claim.name, claim.key] = claim
                case Release():
                    held.pop((claim.name, claim.key), None)
        state = decider.evolve(state, record.event)
    return Replay(state, held, broken)


def refuse_broken(before: Replay, after: Replay) -> None:
    """Refuse what makes an event impossible; one that was impossible already may stay so."""
    for event_id, (record, why) in after.broken.items():
        if event_id not in before.broken:
            days = [day for _, day in fact_days(record.event)]
            where = f"of {days[0]}" if days else f"at position {record.position}"
            raise NotPossible(
                f"{record.envelope.type} {where} ({event_id}) could not stand: {why.message}",
                "$.event_id",
            )


def changed_claims(before: Replay, after: Replay) -> list[Claim]:
    """What is held after a change and was not before, and the other way round."""
    taken = [take for key, take in after.held.items() if key not in before.held]
    gone = [take for key, take in before.held.items() if key not in after.held]
    return [*taken, *(Release(take.name, take.key, take.holder) for take in gone)]
