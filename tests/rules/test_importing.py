"""What a municipality's file says: its cells, its columns, and the commands that a row comes to."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from services.intake.enrolment_commands import EnrolParticipant, ReferParticipant
from services.intake.person import RegisterPerson
from services.placement.company_commands import RegisterCompany
from shared.clock import now
from shared.command import Command
from sluse.importing import forms, mapping, rejects, rows, table
from sluse.importing.forms import Writing
from sluse.importing.kinds import COMPANIES, KINDS, PEOPLE, Kind
from sluse.importing.mapping import BadMap, Map
from sluse.importing.rows import PersonalKeys, Sheet, Wrong
from sluse.importing.table import BadFile, Row, Table

DANISH = Writing(date_formats=("dd-mm-yyyy",), decimal=",")
SAVED = datetime(2022, 5, 2, 8, 0, tzinfo=UTC)
IDS = {"person_ref": "p-1", "enrolment": "e-1"}


def sheet(
    kind: Kind, header: str, *lines: str, programme: str | None = None, saved: datetime = SAVED
) -> Sheet:
    """A file with semicolons between the cells, read by the kind's default map."""
    cells = [tuple(line.split(";")) for line in lines]
    found = tuple(Row(number, row) for number, row in enumerate(cells, start=2))
    return rows.sheet(
        kind, mapping.read(kind, None), Table(tuple(header.split(";")), found, saved), programme
    )


def commands(of: Sheet) -> Sequence[Command]:
    said = rows.values(of, of.table.rows[0])
    return [command for _, command in rows.commands(of, said, IDS)]


def refusal(of: Sheet) -> tuple[str, str]:
    """Code and field of what is wrong with the first row."""
    with pytest.raises(Wrong) as caught:
        commands(of)
    return caught.value.problem.code, caught.value.field


@pytest.mark.parametrize(
    ("said", "minutes"),
    [("7,5", 450), ("37", 2220), ("7:30", 450), ("0", 0), ("0,33", 20), ("12,0125", 721)],
)
def test_hours_with_a_decimal_comma_are_whole_minutes(said: str, minutes: int) -> None:
    assert forms.minutes(said, DANISH) == minutes


@pytest.mark.parametrize("said", ["7.5", "1.250", "-3", "7,", "syv", "7:60", "٧"])
def test_what_is_no_danish_number_of_hours_is_not_guessed(said: str) -> None:
    with pytest.raises(ValueError, match="not hours like 7,5 or 7:30"):
        forms.minutes(said, DANISH)


@pytest.mark.parametrize("said", ["27-04-2022", "27-4-2022", "2022-04-27"])
def test_a_day_may_stand_there_in_the_danish_way_or_as_iso_has_it(said: str) -> None:
    assert forms.day(said, DANISH) == "2022-04-27"


@pytest.mark.parametrize("said", ["04-27-2022", "30-02-2022", "27/04/2022", "27-04-22", "april"])
def test_a_day_that_is_none_is_refused_and_not_quoted(said: str) -> None:
    with pytest.raises(ValueError, match=r"^not a day like dd-mm-yyyy$"):
        forms.day(said, DANISH)


def test_a_registration_on_a_day_is_at_its_beginning_in_denmark() -> None:
    assert forms.instant("27-04-2022", DANISH) == "2022-04-27T00:00:00+02:00"
    assert forms.instant("2022-01-03 09:15", DANISH) == "2022-01-03T09:15:00+01:00"


@pytest.mark.parametrize(
    ("content", "rows_read"),
    [
        ("Navn;By\nÆbleø;Ærø\n".encode("cp1252"), [("Æbleø", "Ærø")]),
        ("Navn;By\r\nÆbleø;Ærø\r\n".encode("utf-8-sig"), [("Æbleø", "Ærø")]),
        ('Navn,By\n"Ø, Å",Ærø\n'.encode(), [("Ø, Å", "Ærø")]),
        ("Navn\tBy\nØ\n".encode(), [("Ø", "")]),
        (b"Navn;By\n;\n\nA;B\n", [("A", "B")]),
    ],
)
def test_encoding_and_delimiter_are_seen(
    tmp_path: Path, content: bytes, rows_read: list[tuple[str, ...]]
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)

    read = table.read(file, Map())
    assert read.header == ("Navn", "By")
    assert [row.cells for row in read.rows] == rows_read


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"Navn;By\nA;B\n;\nC;D\n")

    assert [row.number for row in table.read(file, Map()).rows] == [2, 4]


def test_a_file_dated_ahead_was_saved_by_now(tmp_path: Path) -> None:
    """A share's clock may be wrong, and nobody has registered anything yet at a time to come."""
    file = tmp_path / "a.csv"
    file.write_bytes(b"Navn;By\nA;B\n")
    ahead = datetime(2150, 1, 1, tzinfo=UTC).timestamp()
    os.utime(file, (ahead, ahead))

    assert table.read(file, Map()).saved_at <= now()


def test_a_workbook_says_what_a_csv_file_would(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet("Forside")
        rows_of = book.add_worksheet("Timer")
        rows_of.write_row(0, 0, ["Sagsnr", "CVR-nr", "Fra", "Timer", "Afknoppet"])
        rows_of.write_row(1, 0, ["007", 24681111, "", 12.5, True])
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        rows_of.write_datetime(1, 2, datetime(2022, 4, 27), day)

    read = table.read(tmp_path / "a.xlsx", Map(sheet="Timer"))

    assert [row.cells for row in read.rows] == [("007", "24681111", "2022-04-27", "12,5", "ja")]
    with pytest.raises(BadFile, match="there is: Forside, Timer"):
        table.read(tmp_path / "a.xlsx", Map(sheet="Løn"))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04 no workbook", b'A;B\n"x;y\n'])
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)

    with pytest.raises(BadFile):
        table.read(tmp_path / "a.csv", Map())


def test_the_columns_that_are_there_say_how_far_a_person_has_come() -> None:
    header = "Sagsnr;Fødselsår;Henvist den;Henvist af;Målgruppe;Ydelse;Indskrevet den;Stoppet den"
    line = "17;1980;03-11-2021;job_centre;job_ready;kontanthjaelp;08-11-2021;"

    asked = commands(sheet(PEOPLE, header, line, programme="track"))

    common = {"late_reason": "import", "origin": "import", "registered_at": SAVED}
    ids = [command.command_id for command in asked]
    assert asked == [
        RegisterPerson(command_id=ids[0], person_ref="p-1", birth_year=1980, **common),
        ReferParticipant(
            command_id=ids[1],
            enrolment="e-1",
            programme="track",
            person_ref="p-1",
            referred_by="job_centre",
            target_group="job_ready",
            benefit="kontanthjaelp",
            referred_on=date(2021, 11, 3),
            **common,
        ),
        EnrolParticipant(command_id=ids[2], enrolment="e-1", start_on=date(2021, 11, 8), **common),
    ]


@pytest.mark.parametrize(
    ("cell", "benefit"),
    [("Ingen ydelse", None), ("ingen", None), ("-", None), ("kontanthjaelp", "kontanthjaelp")],
)
def test_who_has_no_benefit_is_referred_without_one(cell: str, benefit: str | None) -> None:
    header = "Sagsnr;Henvist den;Henvist af;Målgruppe;Ydelse"
    line = f"17;03-11-2021;job_centre;job_ready;{cell}"
    _, referral = commands(sheet(PEOPLE, header, line, programme="track"))
    assert isinstance(referral, ReferParticipant)
    assert referral.benefit == benefit


def test_the_same_row_is_the_same_command_and_a_changed_one_another() -> None:
    def ids(line: str, saved: datetime = SAVED) -> list[str]:
        of = sheet(PEOPLE, "Sagsnr;Fødselsår", line, saved=saved)
        return [it.command_id for it in commands(of)]

    assert ids("17;1980") == ids("17;1980", datetime(2023, 1, 1, tzinfo=UTC))
    assert ids("17;1980") != ids("17;1981")


def test_a_row_that_says_when_it_was_registered_is_believed() -> None:
    [command] = commands(sheet(PEOPLE, "Sagsnr;Registreret", "17;02-05-2021"))

    assert command.registered_at == datetime(2021, 5, 1, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        ("Sagsnr;Fødselsår", "17;1880", ("INVALID_FIELD", "birth_year")),
        ("Sagsnr;Fødselsår", "17;firs", ("INVALID_FIELD", "birth_year")),
        ("Sagsnr;Henvist den", "17;i går", ("INVALID_FIELD", "referred_on")),
        ("Sagsnr;Henvist den", "17;03-11-2021", ("INVALID_FIELD", "programme")),
        ("Sagsnr;By;Note", "17;ikast;010190-1234", ("PII_IN_EVENT", "Note")),
        ("Sagsnr;By;Note", "17;0101901234;", ("PII_IN_EVENT", "area")),
        ("Sagsnr;By", "17;ikast;more", ("INVALID_FIELD", "")),
    ],
)
def test_a_bad_row_is_refused_by_its_own_field(
    header: str, line: str, expected: tuple[str, str]
) -> None:
    assert refusal(sheet(PEOPLE, header, line)) == expected


def test_a_column_of_cpr_numbers_is_never_a_key() -> None:
    numbers = [f"0101{year}-1234" for year in range(10, 30)]

    with pytest.raises(PersonalKeys, match="'Sagsnr' holds what looks like CPR numbers"):
        sheet(PEOPLE, "Sagsnr", *numbers)


def test_one_case_number_that_looks_like_a_cpr_number_stops_its_own_row_alone() -> None:
    one = sheet(PEOPLE, "Sagsnr", "0101901234", *(f"sag-{n}" for n in range(20)))

    assert refusal(one) == ("PII_IN_EVENT", "case_number")


def test_a_column_that_is_ignored_is_not_looked_into() -> None:
    [command] = commands(sheet(PEOPLE, "CPR-nr;Sagsnr", "010190-1234;17"))

    assert isinstance(command, RegisterPerson)


def test_a_companys_number_is_no_persons_even_where_it_looks_like_one() -> None:
    header, line = "CVR-nr;P-nr;Navn;Branche", "24681111;1010101010;Bageriet;retail"

    [command] = commands(sheet(COMPANIES, header, line))

    assert isinstance(command, RegisterCompany)
    assert (command.cvr, command.p_number) == ("24681111", "1010101010")


def test_rejected_cells_are_copied_less_what_tells_who_somebody_is(tmp_path: Path) -> None:
    header = "CVR-nr;Navn;Kontaktperson;Note;Branche"
    line = "24681111;Bo 22334455;Bo Bak;bo@bak.dk;?"
    of = sheet(COMPANIES, header, line)
    with pytest.raises(Wrong) as caught:
        commands(of)

    rejects.write(tmp_path / "r.csv", of, [rejects.rejected(of, of.table.rows[0], caught.value)])

    *_, written = (tmp_path / "r.csv").read_text(encoding="utf-8-sig").splitlines()
    assert written.startswith("2;INVALID_FIELD;$.sector;Branche;")
    assert written.endswith(";24681111;…;…;…;?")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_default_map_that_names_its_fields_in_danish(kind: str) -> None:
    way = mapping.read(KINDS[kind], None)

    assert {*way.columns, *way.values, *way.defaults} <= {*KINDS[kind].forms}
    assert {field for field in KINDS[kind].forms if len(way.names(field)) < 2} <= {
        "cvr",
        "p_number",
    }


EXAMPLES = sorted((Path(__file__).parents[2] / "programmes" / "import").glob("*.toml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_is_a_map_of_its_kind(example: Path) -> None:
    assert mapping.read(KINDS[example.stem], example).source == "fagsystem"


def test_there_is_an_example_of_every_kind() -> None:
    assert {example.stem for example in EXAMPLES} == {*KINDS}


def test_an_own_map_stands_over_the_default(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'ignore = ["Note"]\n[columns]\narea = "Bydel"\n[values.eligibility]\n"OK" = "eligible"\n'
    )

    way = mapping.read(PEOPLE, own)

    assert way.names("area") == ["area", "Bydel"]
    assert "sagsnummer" in way.names("case_number")
    assert way.translated("eligibility", "ok") == way.translated("eligibility", "Egnet")
    assert {"Note", "navn"} <= {*way.ignore}


@pytest.mark.parametrize(
    "content", ["colums = 1", '[columns]\nshoe_size = "Sko"', "[columns", "[columns]\narea = 4"]
)
def test_a_map_that_says_what_no_file_has_is_refused(tmp_path: Path, content: str) -> None:
    own = tmp_path / "own.toml"
    own.write_text(content)

    with pytest.raises(BadMap):
        mapping.read(PEOPLE, own)


def test_two_columns_that_say_the_same_are_refused() -> None:
    with pytest.raises(BadFile, match="case_number: Sagsnr and Sagsnummer both say it"):
        sheet(PEOPLE, "Sagsnr;Sagsnummer", "1;2")


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(BadFile, match=r"^none of the 2 columns is one of people$"):
        sheet(PEOPLE, "Farve;Form", "rød;rund")


def test_rejects_that_cannot_be_written_are_said_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(BadFile):
        rejects.write(tmp_path / "nowhere" / "r.csv", sheet(PEOPLE, "Sagsnr", "17"), ())
