"""What is true of a person: the names of the same one, and where they live."""

from services.intake.events import (
    PersonMergeReverted,
    PersonRegistered,
    PersonsMerged,
    ResidenceChanged,
)
from services.reporting.person_facts import AliasFact, ResidenceFact, survivors
from tests.measures.stories import (
    folded,
    of_kind,
    on,
)


def person(*events):
    return folded(
        "intake", "person", "anna", PersonRegistered(person_ref="anna", area="by"), *events
    )


def test_a_merge_gives_another_name_until_it_is_reverted():
    merged = PersonsMerged(merged_ref="anne", evidence="same_cpr")
    assert of_kind(AliasFact, person(merged)) == [AliasFact(person_ref="anna", merged_ref="anne")]
    reverted = PersonMergeReverted(merged_ref="anne", evidence="other_birthday")
    assert of_kind(AliasFact, person(merged, reverted)) == []


def test_a_name_leads_through_all_merges_to_the_one_who_survives():
    merges = [AliasFact(person_ref="b", merged_ref="a"), AliasFact(person_ref="c", merged_ref="b")]
    assert survivors(merges) == {"a": "c", "b": "c"}


def test_people_merged_in_a_ring_stay_apart():
    ring = [AliasFact(person_ref="b", merged_ref="a"), AliasFact(person_ref="a", merged_ref="b")]
    assert survivors(ring) == {"a": "a", "b": "b"}


def test_a_person_lives_where_they_were_registered_until_they_move():
    moved = ResidenceChanged(area=None, from_on=on("03-01"))
    assert [(fact.area, fact.from_on) for fact in of_kind(ResidenceFact, person(moved))] == [
        ("by", None),
        (None, on("03-01")),
    ]
