"""What corrections come to: the effective events of one entity, whatever was corrected or retracted."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from services.intake.events import VOCABULARY, PersonRegistered
from shared.correction.effective import effective
from shared.correction.events import (
    CorrectionApproved,
    CorrectionProposed,
    EventCorrected,
    EventRetracted,
)
from shared.envelope import Event, Recorded
from tests.measures.stories import recorded

FIRST, SECOND, THIRD, FOURTH = (f"p-1-{number}" for number in (1, 2, 3, 4))


def history(*events: Event, person: str = "p-1") -> list[Recorded]:
    """The ids of a person's events are p-1-1, p-1-2, …"""
    return recorded("intake", "person", person, events)


def born(year: int, person: str = "p-1") -> PersonRegistered:
    return PersonRegistered(person_ref=person, birth_year=year)


def corrected(event_id: str, year: int) -> EventCorrected:
    return EventCorrected(event_id=event_id, data=data(year), reason="typo")


def data(year: int) -> dict[str, object]:
    return {"person_ref": "p-1", "birth_year": year}


def retracted(event_id: str) -> EventRetracted:
    return EventRetracted(event_id=event_id, reason="wrong_person")


def years(*events: Event) -> list[int | None]:
    return birth_years(effective(history(*events), VOCABULARY))


def birth_years(records: Sequence[Recorded]) -> list[int | None]:
    return [it.event.birth_year for it in records if isinstance(it.event, PersonRegistered)]


def test_a_history_without_corrections_holds_as_it_was_recorded() -> None:
    records = history(born(1980), born(1990))
    assert effective(records, VOCABULARY) == tuple(records)


def test_a_correction_replaces_the_data_and_leaves_envelope_position_and_order() -> None:
    records = history(born(1980), born(1990), corrected(FIRST, 1981))

    first, second = effective(records, VOCABULARY)

    assert (first.event, second.event) == (born(1981), born(1990))
    assert (first.envelope, first.position, first.recorded_at) == (
        records[0].envelope,
        1,
        records[0].recorded_at,
    )


def test_of_two_corrections_the_later_one_holds() -> None:
    assert years(born(1980), corrected(FIRST, 1981), corrected(FIRST, 1982)) == [1982]


def test_a_retracted_correction_leaves_the_one_before_it() -> None:
    first, second = corrected(FIRST, 1981), corrected(FIRST, 1982)
    assert years(born(1980), first, second, retracted(THIRD)) == [1981]
    assert years(born(1980), first, second, retracted(SECOND)) == [1982]
    assert years(born(1980), first, retracted(SECOND)) == [1980]


def test_a_correction_of_a_correction_replaces_what_that_one_says() -> None:
    again = EventCorrected(
        event_id=SECOND,
        data={"event_id": FIRST, "data": data(1985), "reason": "typo"},
        reason="typo",
    )
    assert years(born(1980), corrected(FIRST, 1981), again) == [1985]
    assert years(born(1980), corrected(FIRST, 1981), again, retracted(THIRD)) == [1981]


def test_a_retraction_removes_the_event_and_makes_its_corrections_moot() -> None:
    assert years(born(1980), born(1990), retracted(FIRST)) == [1990]
    assert years(born(1980), corrected(FIRST, 1981), retracted(FIRST)) == []


def test_a_retracted_retraction_brings_back_the_event_with_its_corrections() -> None:
    assert years(born(1980), corrected(FIRST, 1981), retracted(FIRST), retracted(THIRD)) == [1981]
    once, twice, thrice = retracted(FIRST), retracted(SECOND), retracted(THIRD)
    assert years(born(1980), once, twice, thrice) == []
    assert years(born(1980), once, twice, thrice, retracted(FOURTH)) == [1980]


def test_a_proposal_and_its_approval_change_nothing_by_themselves() -> None:
    proposal = CorrectionProposed(event_id=FIRST, data=data(1981), reason="typo")
    assert years(born(1980), proposal, CorrectionApproved(proposal_id=SECOND)) == [1980]


def _event(draw: st.DrawFn, events: Sequence[Event]) -> Event:
    """A registration, or a correction or retraction of any event so far."""
    what = draw(st.sampled_from(["born", "corrected", "retracted"] if events else ["born"]))
    year = draw(st.integers(1950, 1959))
    if what == "born":
        return born(year)
    number = draw(st.integers(1, len(events)))
    target, event_id = events[number - 1], f"p-1-{number}"
    if what == "retracted":
        return retracted(event_id)
    return EventCorrected(event_id=event_id, data=_new_data(target, year), reason="typo")


def _new_data(target: Event, year: int) -> dict[str, object]:
    match target:
        case EventRetracted(event_id=event_id):
            return {"event_id": event_id, "reason": "mere_test"}
        case EventCorrected(event_id=event_id, data=inner):
            changed = {**inner, "birth_year": year} if "birth_year" in inner else inner
            return {"event_id": event_id, "data": changed, "reason": "mere_test"}
        case _:
            return data(year)


@st.composite
def any_history(draw: st.DrawFn) -> list[Recorded]:
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 12))):
        events.append(_event(draw, events))
    return history(*events)


def _by_definition(records: Sequence[Recorded]) -> list[Recorded]:
    """The same by the words alone: each event asks who retracts or corrects it, and whether they hold."""

    def against(record: Recorded, kind: type[Event]) -> list[Recorded]:
        return [
            it
            for it in records
            if isinstance(it.event, kind)
            and it.event.event_id == record.envelope.id
            and not gone(it)
        ]

    def gone(record: Recorded) -> bool:
        return bool(against(record, EventRetracted))

    def as_it_holds(record: Recorded) -> Recorded:
        corrections = against(record, EventCorrected)
        if not corrections:
            return record
        latest = as_it_holds(corrections[-1]).event
        return VOCABULARY.corrected(record, latest.data)

    ordinary = [it for it in records if isinstance(it.event, PersonRegistered)]
    return [as_it_holds(it) for it in ordinary if not gone(it)]


@given(any_history())
def test_the_effective_events_are_those_that_nobody_who_holds_retracts(
    records: list[Recorded],
) -> None:
    assert list(effective(records, VOCABULARY)) == _by_definition(records)


@given(any_history())
def test_what_is_effective_is_a_part_of_what_was_recorded_and_stays_so(
    records: list[Recorded],
) -> None:
    holding = effective(records, VOCABULARY)
    rest = iter(records)
    assert all(any(it.envelope == record.envelope for record in rest) for it in holding)
    assert effective(holding, VOCABULARY) == holding


@given(any_history(), st.data())
def test_a_retraction_that_is_retracted_leaves_everything_as_it_was(
    records: list[Recorded], choice: st.DataObject
) -> None:
    events = [record.event for record in records]
    target = choice.draw(st.sampled_from(records)).envelope.id
    retraction = f"p-1-{len(events) + 1}"
    both = history(*events, retracted(target), retracted(retraction))
    assert effective(both, VOCABULARY) == effective(records, VOCABULARY)


@given(any_history(), st.data())
def test_the_order_between_entities_does_not_matter(
    records: list[Recorded], choice: st.DataObject
) -> None:
    other = history(
        born(1970, "q-1"),
        EventCorrected(event_id="q-1-1", data=data(1971), reason="typo"),
        person="q-1",
    )
    places = choice.draw(st.tuples(*(st.integers(0, len(records)) for _ in other)).map(sorted))
    mixed = list(records)
    for place, record in reversed(list(zip(places, other, strict=True))):
        mixed.insert(place, record)

    holding = effective(mixed, VOCABULARY)

    own = [it for it in holding if it.envelope.subject == "intake.person.p-1"]
    assert tuple(own) == effective(records, VOCABULARY)
    assert birth_years([it for it in holding if it not in own]) == [1971]
