"""A municipality's files become events: bad rows apart, the same again nothing, killed or not."""

import asyncio
import csv
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from shared.bus import connected
from tests.journeys import history, today
from tests.journeys.sluse_process import COMMAND, Ran, Up, environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PEOPLE = 300
HEADER = ("Sagsnummer", "Fødselsår", "Område", "Henvist af", "Målgruppe", "Ydelse", "Henvist den")
CPR = "010190-1234"

MAP = """
source = "fagsystem"

[values.area]
"Brande" = "brande"
"Nørre Snede" = "noerre_snede"

[values.referred_by]
"Jobcentret" = "job_centre"

[values.target_group]
"Jobparat" = "job_ready"

[values.benefit]
"Kontanthjælp" = "kontanthjaelp"
"""


def day(days_ago: int) -> str:
    """As a Danish spreadsheet writes it."""
    year, month, of_month = today.ago(days_ago).split("-")
    return f"{of_month}-{month}-{year}"


def person(case: str, **cells: str) -> dict[str, str]:
    row = (case, "1980", "Nørre Snede", "Jobcentret", "Jobparat", "Kontanthjælp", day(40))
    return {**dict(zip(HEADER, row, strict=True)), **cells}


def write(file: Path, rows: list[dict[str, str]], encoding: str = "utf-8-sig") -> Path:
    with file.open("w", encoding=encoding, newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return file


def rejects(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened, delimiter=";"))


def summary(ran: Ran) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ran.out)
    return told


def exported(up: Up) -> list[history.Line]:
    return history.read(up.run("export").out)


def imported(lines: list[history.Line], *types: str) -> list[history.Line]:
    return [it for it in history.of_type(lines, *types) if it["event"].get("origin") == "import"]


@pytest.fixture
def way(tmp_path: Path) -> Path:
    file = tmp_path / "people.toml"
    file.write_text(MAP, encoding="utf-8")
    return file


def test_bad_rows_are_set_apart_and_the_same_file_again_records_nothing(
    up: Up, programme: str, tmp_path: Path, way: Path
) -> None:
    bad = {
        17: person("b-017", Ydelse="Ukendt ydelse"),
        80: person("b-080", **{"Henvist den": "32-01-2026"}),
        150: person("b-150", **{"Henvist den": "01-01-2019"}),
        220: person("b-220", Fødselsår=""),
        299: person("b-299", Fødselsår="1880"),
    }
    bad[220]["Sagsnummer"] = ""
    rows = [bad.get(n, person(f"a-{n:03}")) for n in range(PEOPLE)]
    file = write(tmp_path / "borgere.csv", rows)
    arguments = ("import", "people", file, "--programme", programme, "--map", way)

    dry = up.run(*arguments, "--dry-run")
    after_dry = exported(up)
    first = up.run(*arguments)
    after_first = exported(up)
    os.utime(file, (1_700_000_000, 1_700_000_000))  # the same list, saved again
    second = up.run(*arguments)

    told = {"rows": 300, "rejected": 5, "rejects_file": str(file) + ".rejects.csv"}
    assert summary(dry) == {**told, "accepted": 295, "unchanged": 0}, dry.said
    assert summary(first) == {**told, "accepted": 295, "unchanged": 0}
    assert summary(second) == {**told, "accepted": 0, "unchanged": 295}
    assert (dry.status, first.status, second.status) == (1, 1, 1)
    assert imported(after_dry, "PersonRegistered", "ParticipantReferred") == []
    assert exported(up) == after_first
    assert [(it["row"], it["code"], it["path"], it["column"]) for it in rejects_of(file)] == [
        ("19", "INVALID_FIELD", "$.benefit", "Ydelse"),
        ("82", "INVALID_FIELD", "$.referred_on", "Henvist den"),
        ("152", "OUTSIDE_PROGRAMME", "", ""),
        ("222", "INVALID_FIELD", "$.case_number", "Sagsnummer"),
        ("301", "INVALID_FIELD", "$.birth_year", "Fødselsår"),
    ]
    assert rejects_of(file)[0]["Sagsnummer"] == "b-017"
    registered = imported(after_first, "PersonRegistered")
    referred = imported(after_first, "ParticipantReferred")
    assert (len(registered), len(referred)) == (295, 295)
    assert {it["event"]["latereason"] for it in registered + referred} == {"import"}
    assert all("registeredat" in it["event"] for it in registered + referred)
    assert {it["event"]["data"]["benefit"] for it in referred} == {"kontanthjaelp"}


def rejects_of(file: Path) -> list[dict[str, str]]:
    return rejects(file.with_name(file.name + ".rejects.csv"))


async def test_an_import_killed_in_the_middle_and_begun_again_doubles_nothing(
    up: Up, programme: str, tmp_path: Path, way: Path
) -> None:
    rows = [person(f"k-{n:03}") for n in range(PEOPLE)]
    file = write(tmp_path / "borgere.csv", rows)
    arguments = ("import", "people", str(file), "--programme", programme, "--map", str(way))
    async with connected(up.nats, "journey") as bus:
        before = await bus.last_position("INTAKE")
        process = importing(up, *arguments)
        while await bus.last_position("INTAKE") < before + 100 and process.poll() is None:
            await asyncio.sleep(0.01)
        process.kill()
        assert process.wait(20) == -signal.SIGKILL, "it was over before it was killed"
        at_kill = await bus.last_position("INTAKE")
        again = await asyncio.to_thread(up.run, *arguments)
        after = await bus.last_position("INTAKE")

    assert before + 100 <= at_kill < before + 2 * PEOPLE
    assert again.status == 0, again.said
    told = summary(again)
    assert told["accepted"] + told["unchanged"] == PEOPLE
    assert told["unchanged"] > 0
    assert after == before + 2 * PEOPLE, "a person and a referral each"
    ids = history.ids(exported(up))
    assert len(ids) == len(set(ids))


def importing(up: Up, *arguments: str) -> "subprocess.Popen[bytes]":
    """The command as a process of its own, to be killed."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=environment({"SLUSE_NATS_URL": up.nats}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_cpr_number_in_a_free_column_stops_its_row_and_stands_nowhere(
    up: Up, programme: str, tmp_path: Path, way: Path
) -> None:
    rows = [{**person(f"c-{n}"), "Bemærkning": ""} for n in range(12)]
    rows[3]["Bemærkning"] = f"ring til {CPR}"
    rows[4]["Bemærkning"] = "kan kontaktes på borger@eksempel.dk"
    rows[5]["Område"] = CPR
    rows[6]["Ydelse"] = "ukendt"
    rows[6]["Bemærkning"] = "tlf. 22 33 44 55"
    file = write(tmp_path / "borgere.csv", rows)

    ran = up.run("import", "people", file, "--programme", programme, "--map", way)

    assert [(it["row"], it["code"], it["column"]) for it in rejects_of(file)] == [
        ("5", "PII_IN_EVENT", "Bemærkning"),
        ("7", "PII_IN_EVENT", "Område"),
        ("8", "INVALID_FIELD", "Ydelse"),
    ]
    assert [it["Bemærkning"] for it in rejects_of(file)] == ["…", "", "…"]
    left = file.with_name(file.name + ".rejects.csv").read_text(encoding="utf-8-sig")
    logged = "\n".join(up.out.so_far() + up.err.so_far())
    said = (left, ran.out.decode(), ran.said, logged, up.run("export").out.decode())
    for number in (CPR, CPR.replace("-", ""), "22 33 44 55", "borger@eksempel.dk"):
        assert not any(number in text for text in said)


def test_a_column_of_cpr_numbers_is_no_key(up: Up, programme: str, tmp_path: Path) -> None:
    rows = [person(f"0101{year}-{1000 + year}") for year in range(60, 90)]
    file = write(tmp_path / "borgere.csv", rows)
    before = exported(up)

    ran = up.run("import", "people", file, "--programme", programme)

    assert ran.status == 2
    assert ran.said.startswith("PII_IN_EVENT: the column 'Sagsnummer' holds")
    assert not re.search(r"\d{6}-\d{4}", ran.said)
    assert exported(up) == before


def test_a_changed_row_is_refused_by_what_it_is_about_and_a_longer_one_adds_to_it(
    up: Up, programme: str, tmp_path: Path, way: Path
) -> None:
    options = ("--programme", programme, "--map", way)
    file = write(tmp_path / "borgere.csv", [person("d-1"), person("d-2")])
    assert up.run("import", "people", file, *options).status == 0
    more = {"Indskrevet den": day(35), "Mødt første gang": day(34)}
    write(file, [{**person("d-1", Fødselsår="1981"), **more}, {**person("d-2"), **more}])

    again = up.run("import", "people", file, *options)

    told = summary(again)
    assert (told["accepted"], told["unchanged"], told["rejected"]) == (1, 0, 1)
    assert [(it["row"], it["code"]) for it in rejects_of(file)] == [("2", "STATE")]
    assert len(imported(exported(up), "ParticipationStarted")) == 1


def test_windows_1252_and_commas_are_seen_and_a_workbook_says_the_same(
    up: Up, programme: str, tmp_path: Path
) -> None:
    header = ("CVR-nr", "P-nr", "Virksomhedsnavn", "Branche", "Ansatte")
    rows = (
        ("24681111", "", "Ærø Smørrebrød og Åls Café", "retail", "7"),
        ("24682222", "1024682222", "Bæk & Ødegård A/S", "retail", "12"),
    )
    file = write(
        tmp_path / "virksomheder.csv",
        [dict(zip(header, row, strict=True)) for row in rows],
        encoding="cp1252",
    )
    first = up.run("import", "companies", file)
    book = xlsxwriter.Workbook(tmp_path / "virksomheder.xlsx")
    sheet = book.add_worksheet("Virksomheder")
    sheet.write_row(0, 0, header)
    for number, (cvr, p_number, name, sector, employees) in enumerate(rows, start=1):
        cells = (int(cvr), int(p_number) if p_number else "", name, sector, int(employees))
        sheet.write_row(number, 0, cells)
    book.close()
    os.utime(tmp_path / "virksomheder.xlsx", (1_700_000_000, 1_700_000_000))
    second = up.run("import", "companies", tmp_path / "virksomheder.xlsx")

    assert first.status == 0, first.said + file.read_text(encoding="cp1252")
    assert (summary(first)["accepted"], summary(second)["unchanged"]) == (2, 2), second.said
    found = imported(exported(up), "CompanyRegistered")
    assert {(history.entity(it), it["event"]["data"]["name"]) for it in found} == {
        ("cvr24681111", "Ærø Smørrebrød og Åls Café"),
        ("p1024682222", "Bæk & Ødegård A/S"),
    }


def test_wage_hours_openings_and_follow_ups_find_whom_they_are_about(
    up: Up, programme: str, tmp_path: Path, way: Path
) -> None:
    options = ("--programme", programme, "--map", way)
    more = {"Indskrevet den": day(35), "Mødt første gang": day(34)}
    people = write(tmp_path / "borgere.csv", [{**person("e-1"), **more}])
    assert up.run("import", "people", people, *options).status == 0
    cvr = today.COMPANY.removeprefix("cvr")
    company = {"CVR-nr": cvr, "Navn": "Hedens Brød", "Branche": "retail"}
    companies = write(tmp_path / "virksomheder.csv", [company])
    assert up.run("import", "companies", companies).status == 0
    person_ref = history.entity(imported(exported(up), "PersonRegistered")[-1])
    referred = imported(exported(up), "ParticipantReferred")[-1]
    assert referred["event"]["data"]["person_ref"] == person_ref
    agreement = today.agree_placement(history.entity(referred))
    position = int(history.of_type(exported(up), "ParticipationStarted")[-1]["position"])
    up.wait("intake", position)
    for command in (agreement, today.start_employment(agreement["placement"])):
        assert up.command("placement", command).status_code == 200
    wage = {"Sagsnummer": "e-1", "CVR-nr": cvr, "Fra": day(9), "Til": day(3), "Kilde": "Lønseddel"}
    hours = write(
        tmp_path / "timer.csv",
        [
            {**wage, "Timer": "12,5"},
            {**wage, "Kilde": "Virksomhed", "Timer": "1.250"},
            {**wage, "Timer": "13,5"},
            {**wage, "Sagsnummer": "e-9", "Timer": "4"},
        ],
    )
    hours_map = tmp_path / "timer.toml"
    hours_map.write_text('source = "fagsystem"\n')

    wages = up.run("import", "wage-hours", hours, "--map", hours_map)
    wages_again = up.run("import", "wage-hours", hours, "--map", hours_map)

    assert wages.status == 1, wages.said
    assert [(it["row"], it["code"], it["path"]) for it in rejects_of(hours)] == [
        ("3", "INVALID_FIELD", "$.hours"),
        ("4", "STATE", ""),
        ("5", "INVALID_FIELD", "$.placement"),
    ]
    assert (summary(wages)["accepted"], summary(wages_again)["unchanged"]) == (1, 1)
    reported = imported(exported(up), "WageHoursReported")
    assert [it["event"]["data"]["wage_minutes"] for it in reported] == [750]

    opening = {
        "Jobåbningsnummer": "7",
        "CVR-nr": cvr,
        "Type": "Småjob",
        "Timer": "10",
        "Fundet af": "job_centre",
        "Branche": "retail",
        "Meldt den": day(20),
    }
    openings = write(
        tmp_path / "job.csv", [opening, {**opening, "Jobåbningsnummer": "8", "Type": "?"}]
    )
    opened = up.run("import", "openings", openings, "--programme", programme)
    assert (summary(opened)["accepted"], summary(opened)["rejected"]) == (1, 1), opened.said
    [told] = imported(exported(up), "OpeningReported")
    data = told["event"]["data"]
    assert (data["weekly_minutes_min"], data["weekly_minutes_max"]) == (600, 600)
    assert (data["kind"], data["company"]) == ("small_job", today.COMPANY)

    contact = {"Sagsnummer": "e-1", "CVR-nr": cvr, "Part": "Borger", "Form": "Telefon"}
    calls = [{**contact, "Afholdt den": day(2), "I job": "Samme job", "Timer": "37"}]
    follow_ups = write(tmp_path / "opfølgning.csv", calls)
    up.wait("aftercare", 1)  # the first event of its stream: nobody else speaks to aftercare here
    [offered] = history.of_type(exported(up), "AftercareOffered")
    held = up.run("import", "follow-ups", follow_ups, "--map", hours_map)
    held_again = up.run("import", "follow-ups", follow_ups, "--map", hours_map)
    assert held.status == 0, rejects_of(follow_ups)
    assert (summary(held)["accepted"], summary(held_again)["unchanged"]) == (1, 1)
    [completed] = imported(exported(up), "FollowUpCompleted")
    assert history.entity(completed) == history.entity(offered)
    assert completed["event"]["data"]["weekly_minutes"] == 2220
