"""Of several definitions of a programme, the latest version that is effective holds."""

from datetime import date

import msgspec

from services.intake.events.definition import Definition, checksum_of
from services.intake.events.in_force import DefinitionFact, effective_on, in_force
from tests.definitions import DEFINITION, definition


def fact(what: Definition) -> DefinitionFact:
    return DefinitionFact(
        programme=what.key,
        definition_version=what.version,
        checksum=checksum_of(what),
        effective_from=what.effective_from,
        definition=msgspec.json.encode(what).decode(),
    )


FIRST = fact(DEFINITION)
SECOND = fact(definition(version=2, effective_from=date(2022, 1, 1)))
BACKDATED = fact(definition(version=3, effective_from=date(2021, 1, 1)))


def test_a_definition_holds_from_its_day_on() -> None:
    assert effective_on([FIRST, SECOND], date(2021, 2, 28)) is None
    assert effective_on([FIRST, SECOND], date(2021, 12, 31)) == FIRST
    assert effective_on([FIRST, SECOND], date(2022, 1, 1)) == SECOND


def test_a_later_version_replaces_the_earlier_ones_though_it_reaches_further_back() -> None:
    for day in (date(2021, 1, 1), date(2021, 6, 1), date(2022, 6, 1)):
        assert effective_on([FIRST, SECOND, BACKDATED], day) == BACKDATED


def test_before_any_is_effective_commands_are_checked_by_the_one_that_takes_effect_first() -> None:
    assert in_force([SECOND, FIRST], date(2020, 1, 1)) == DEFINITION
    assert in_force([], date(2020, 1, 1)) is None
