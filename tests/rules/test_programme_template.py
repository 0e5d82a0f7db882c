"""A programme of another kind needs a file alone: the template is one, and is measured as it stands."""

from datetime import date
from pathlib import Path

import pytest

from services.intake.events.definition import Definition
from services.intake.events.definition_check import problems
from services.reporting import goals
from services.reporting.goals import GoalAnswer
from sluse import programmes
from sluse.programmes import BadDefinition, FileExists
from tests.measures.stories import basis, caseload, enrolled, enrolment, job, placement

FIRST_MONTH = date(2022, 1, 1)


@pytest.fixture
def written(tmp_path: Path) -> Definition:
    return programmes.write_new(tmp_path / "new.toml", "unge-i-laere", FIRST_MONTH)


def test_the_template_can_be_applied_as_it_is(written: Definition) -> None:
    assert problems(written) == []
    assert written.key == "unge-i-laere"
    assert (written.period.start, written.period.end) == ("2022-01", "2024-12")
    assert written.assumed


def test_its_comments_say_what_can_be_filled_in(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    programmes.write_new(file, "unge-i-laere", FIRST_MONTH)
    comments = [line for line in file.read_text().splitlines() if "#" in line]
    assert len(comments) > 30
    for measure in ("M01", "M03", "M04", "M05", "M06", "M07a", "M17", "M22"):
        assert any(measure in line for line in comments)


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text("mine")
    with pytest.raises(FileExists):
        programmes.write_new(file, "unge-i-laere", FIRST_MONTH)
    assert file.read_text() == "mine"


def test_a_key_that_cannot_stand_in_a_subject_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    with pytest.raises(BadDefinition) as caught:
        programmes.write_new(file, "Unge i lære", FIRST_MONTH)
    assert [problem.path for problem in caught.value.problems] == ["$.key"]
    assert not file.exists()


def test_young_people_in_apprenticeship_are_counted_by_the_file_alone(written: Definition) -> None:
    """Three begin an apprenticeship, one takes a full-time job instead; one has been in it a year."""

    def told(day: str) -> dict[str, GoalAnswer]:
        facts = [
            *enrolment("anna", enrolled("01-10")),
            *placement("anna", job("02-01", "apprenticeship")),
            *enrolment("bo", enrolled("01-10")),
            *placement("bo", job("05-01", "apprenticeship")),
            *enrolment("carl", enrolled("01-10")),
            *placement("carl", job("06-01", "apprenticeship")),
            *enrolment("dina", enrolled("01-10")),
            *placement("dina", job("02-01", "full_time")),
        ]
        as_of = basis(written, "i1.p1.a1", date.fromisoformat(day))
        return {goal.id: goal for goal in goals.answer(caseload(facts, definition=written), as_of)}

    summer = told("2022-06-30")
    assert summer["apprenticeships"].figure.counted == ("anna", "bo", "carl")
    assert (summer["apprenticeships"].target, summer["apprenticeships"].missing) == (30, 27)
    assert summer["apprenticeships"].state == "undecided"
    assert summer["still_after_12_months"].figure.value == 0
    assert summer["still_after_12_months"].figure.pending == 3

    a_year_on = told("2023-02-01")["still_after_12_months"]
    # Nobody has said anything of anna since: she is unknown, not retained, and matured alone.
    assert (a_year_on.figure.value, a_year_on.figure.unknown) == (0, 1)
    assert (a_year_on.figure.denominator, a_year_on.figure.pending) == (1, 2)
