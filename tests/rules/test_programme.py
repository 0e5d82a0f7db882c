"""A programme is opened once, revised by ever higher versions, and closed once."""

from datetime import date

import pytest
from msgspec.structs import replace

from services.intake import programme
from services.intake.events import (
    ExternalIndicatorRecorded,
    ProgrammeClosed,
    ProgrammeOpened,
    ProgrammeRevised,
)
from services.intake.events.definition import Definition, Period, checksum_of
from services.intake.programme import (
    CloseProgramme,
    OpenProgramme,
    RecordExternalIndicator,
    ReviseProgramme,
)
from shared.errors import InvalidField
from tests.definitions import DEFINITION, definition
from tests.rules.given import given

SECOND = definition(version=2, effective_from=date(2022, 1, 1), late_after_days=90)


def opened(what: Definition) -> ProgrammeOpened:
    return ProgrammeOpened(
        programme=what.key,
        definition=what,
        definition_version=what.version,
        checksum=checksum_of(what),
        effective_from=what.effective_from,
    )


def revised(what: Definition) -> ProgrammeRevised:
    return ProgrammeRevised(
        programme=what.key,
        definition=what,
        definition_version=what.version,
        checksum=checksum_of(what),
        effective_from=what.effective_from,
    )


def open_by(what: Definition, key: str = "jobsporet") -> OpenProgramme:
    return OpenProgramme(command_id="c", programme=key, definition=what)


def revise_by(what: Definition, key: str = "jobsporet") -> ReviseProgramme:
    return ReviseProgramme(command_id="c", programme=key, definition=what)


CLOSED = ProgrammeClosed(closed_on=date(2022, 8, 31), outcome="anchored")
SAFETY = ExternalIndicatorRecorded(indicator="safety", value=3.7, on=date(2022, 6, 15))


def close(on: date = date(2022, 8, 31), outcome: str = "anchored") -> CloseProgramme:
    return CloseProgramme(command_id="c", programme="jobsporet", closed_on=on, outcome=outcome)


def indicate(value: float = 3.7, on: date = date(2022, 6, 15)) -> RecordExternalIndicator:
    return RecordExternalIndicator(
        command_id="c", programme="jobsporet", indicator="safety", value=value, on=on
    )


def test_the_key_names_the_entity() -> None:
    assert programme.entity_id(open_by(DEFINITION)) == "jobsporet"


def test_a_programme_is_opened_by_its_definition() -> None:
    given(programme).when(open_by(DEFINITION)).then(opened(DEFINITION))


def test_opening_it_again_by_the_same_definition_changes_nothing() -> None:
    given(programme, opened(DEFINITION)).when(open_by(DEFINITION)).then()


def test_after_a_revision_it_is_not_opened_by_an_older_definition() -> None:
    history = (opened(DEFINITION), revised(SECOND))
    given(programme, *history).when(open_by(DEFINITION)).refused("STATE")
    given(programme, *history).when(open_by(SECOND)).then()


def test_an_open_programme_is_not_opened_by_another_definition() -> None:
    given(programme, opened(DEFINITION)).when(open_by(SECOND)).refused("STATE")


def test_a_definition_is_of_the_programme_that_it_names() -> None:
    given(programme).when(open_by(DEFINITION, "other")).refused("INVALID_FIELD", "$.definition.key")


def test_an_open_programme_is_revised_by_a_higher_version() -> None:
    given(programme, opened(DEFINITION)).when(revise_by(SECOND)).then(revised(SECOND))


def test_revising_it_by_what_is_in_force_changes_nothing() -> None:
    given(programme, opened(DEFINITION)).when(revise_by(DEFINITION)).then()
    given(programme, opened(DEFINITION), revised(SECOND)).when(revise_by(SECOND)).then()


def test_another_content_needs_a_higher_version() -> None:
    changed = definition(late_after_days=90)
    given(programme, opened(DEFINITION)).when(revise_by(changed)).refused(
        "INVALID_FIELD", "$.definition.version"
    )


def test_a_revision_does_not_go_back_to_an_older_version() -> None:
    going_back = given(programme, opened(DEFINITION), revised(SECOND)).when(revise_by(DEFINITION))
    going_back.refused("INVALID_FIELD", "$.definition.version")
    with pytest.raises(InvalidField, match="version 2 is in force"):
        going_back.decided()


def test_a_programme_that_is_not_open_cannot_be_revised() -> None:
    given(programme).when(revise_by(DEFINITION)).refused("STATE")


def test_a_definition_with_a_problem_is_refused_where_the_problem_is() -> None:
    backwards = Period(start="2022-12", end="2021-03")
    given(programme).when(open_by(definition(period=backwards))).refused(
        "INVALID_FIELD", "$.definition.period.end"
    )
    given(programme, opened(DEFINITION)).when(revise_by(replace(SECOND, period=backwards))).refused(
        "INVALID_FIELD", "$.definition.period.end"
    )


def test_a_programme_ends_closed_or_with_its_roles_made_permanent() -> None:
    given(programme, opened(DEFINITION)).when(close()).then(CLOSED)
    given(programme, opened(DEFINITION)).when(close(outcome="closed")).then(
        ProgrammeClosed(closed_on=date(2022, 8, 31), outcome="closed")
    )


def test_a_programme_is_closed_once() -> None:
    history = (opened(DEFINITION), CLOSED)
    given(programme, *history).when(close()).then()
    given(programme, *history).when(close(on=date(2022, 8, 30))).refused("STATE")
    given(programme, *history).when(close(outcome="closed")).refused("STATE")


def test_a_programme_does_not_end_before_it_starts() -> None:
    given(programme, opened(DEFINITION)).when(close(date(2021, 2, 28))).refused(
        "STATE", "$.closed_on"
    )
    given(programme, opened(DEFINITION)).when(close(date(2021, 3, 1))).then(
        ProgrammeClosed(closed_on=date(2021, 3, 1), outcome="anchored")
    )


def test_what_a_survey_says_is_recorded() -> None:
    given(programme, opened(DEFINITION)).when(indicate()).then(SAFETY)


def test_of_one_day_an_indicator_has_one_value() -> None:
    history = (opened(DEFINITION), SAFETY)
    given(programme, *history).when(indicate(3.8)).refused("STATE", "$.value")
    given(programme, *history).when(indicate(3.8, date(2022, 6, 16))).then(
        ExternalIndicatorRecorded(indicator="safety", value=3.8, on=date(2022, 6, 16))
    )


def test_a_programme_that_is_not_open_has_no_end_and_no_indicator() -> None:
    given(programme).when(close()).refused("STATE")
    given(programme).when(indicate()).refused("STATE")


def test_after_its_end_a_programme_is_still_revised_and_looked_at() -> None:
    history = (opened(DEFINITION), CLOSED)
    given(programme, *history).when(revise_by(SECOND)).then(revised(SECOND))
    given(programme, *history).when(indicate()).then(SAFETY)
    given(programme, *history, revised(SECOND)).when(close()).then()
    given(programme, *history, revised(SECOND)).when(close(outcome="closed")).refused("STATE")


def test_a_programme_needs_no_claim() -> None:
    assert list(programme.claims("jobsporet", programme.INITIAL, opened(DEFINITION))) == []
