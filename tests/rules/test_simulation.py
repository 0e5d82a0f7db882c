"""A simulated population: the same for a seed, each person alone, every history a possible one."""

from datetime import date, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.aftercare import caseload
from services.aftercare.caseload import ScheduledFact
from services.intake.person import MergePersons
from services.placement.events import WageHoursReported
from shared.command import decode_command
from shared.correction.commands import CorrectEvent, RetractEvent
from shared.envelope import encode
from shared.errors import Refused
from shared.fact_days import fact_days, refuse_impossible_days
from shared.identifiers import refuse_identity
from sluse import programmes
from sluse.sending import commands as known_commands
from sluse.simulation import today
from sluse.simulation.books import Books
from sluse.simulation.clerk import registered_at
from sluse.simulation.faults import Row
from sluse.simulation.journey import journey
from sluse.simulation.parameters import Faults, Parameters
from sluse.simulation.population import person_rows, rows
from sluse.simulation.setting import Setting
from sluse.simulation.wish import NoMonths, Wish, setting_of
from tests.definitions import DEFINITION

MANY_FAULTS = Faults(corrections=0.5, retractions=0.3, registered_twice=0.4, bad_rows=0.2)


def setting(**changes: Any) -> Setting:
    return replace(
        Setting(
            definition=DEFINITION,
            seed=5,
            first_month=date(2021, 3, 1),
            months=12,
            until=date(2023, 6, 30),
        ),
        **changes,
    )


def bodies(of: Setting, people: int = 40) -> list[bytes]:
    return [row.body for row in rows(of, people, faults=True)]


async def entered(of: Setting, number: int, *, faults: bool) -> Books:
    """What one person's rows come to; a refusal of one that is not bad fails the test."""
    books = Books(of.definition)
    for row in person_rows(of, number, faults):
        if row.refused is None:
            await books.take(row.command)
    return books


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert bodies(setting()) == bodies(setting())
    assert not set(bodies(setting())) & set(bodies(setting(seed=6)))


def test_people_of_two_programmes_with_one_seed_are_not_alike() -> None:
    there = setting(definition=replace(DEFINITION, key="elsewhere"))
    here = [journey(setting(), number) for number in range(20)]
    assert here != [journey(there, number) for number in range(20)]


def test_one_more_person_changes_nothing_for_the_others() -> None:
    fewer = bodies(setting(), 20)
    assert set(fewer) < set(bodies(setting(), 21))


def test_one_more_draw_changes_nothing_but_what_was_drawn() -> None:
    """Ten times the problems: more draws for each person, and all but the problems is the same."""
    troubled = setting(parameters=Parameters(problems_per_placement=6.0))
    for number in range(60):
        usual, other = journey(setting(), number), journey(troubled, number)
        assert replace(usual, problems=()) == replace(other, problems=())
    assert [journey(setting(), n).problems for n in range(60)] != [
        journey(troubled, n).problems for n in range(60)
    ]


def test_a_later_last_day_only_adds() -> None:
    """So that what was sent yesterday can be sent again today, with what has come since."""
    for until in (date(2021, 9, 15), date(2021, 9, 16), date(2022, 2, 1)):
        assert set(bodies(setting(until=until))) < set(bodies(setting(until=date(2022, 6, 1))))


def test_rows_come_in_the_order_of_their_registration() -> None:
    instants = [registered_at(row.command) for row in rows(setting(), 40, faults=True)]
    assert instants == sorted(instants)
    assert max(instants).date() <= setting().until


@pytest.mark.parametrize("faults", [False, True])
async def test_every_history_is_one_that_the_rules_allow(faults: bool) -> None:
    for number in range(120):
        await entered(setting(), number, faults=faults)


@pytest.mark.parametrize("file", sorted(programmes.DIRECTORY.glob("*.toml")), ids=lambda f: f.stem)
async def test_every_programme_can_be_simulated_by_its_definition_alone(file: Path) -> None:
    of = setting(definition=programmes.read(file))
    for number in range(25):
        await entered(of, number, faults=True)


def said(books: Books) -> dict[str, Any]:
    """Command to what holds of it in the end."""
    return {
        record.envelope.commandid: record.event
        for about in books.records
        if not about.startswith(("intake.seat.", "intake.alias."))
        for record in books.effective(about)
    }


async def test_what_was_slipped_and_put_right_holds_as_if_it_had_been_right_at_once() -> None:
    """Within 30 days a slip is found out."""
    settled = setting().until - timedelta(days=31)
    faulty = setting(parameters=Parameters(faults=MANY_FAULTS))
    changes = 0
    for number in range(60):
        early = setting(until=settled)
        right = {
            name: event
            for name, event in said(await entered(setting(), number, faults=False)).items()
            if name in {row.command.command_id for row in person_rows(early, number, faults=False)}
        }
        books = await entered(faulty, number, faults=True)
        put_right = said(books)
        assert {name: put_right[name] for name in right} == right
        changes += sum(
            isinstance(row.command, CorrectEvent | RetractEvent)
            for row in person_rows(faulty, number, faults=True)
        )
    assert changes > 100


async def test_a_mistaken_row_that_was_taken_back_holds_no_more() -> None:
    faulty = setting(parameters=Parameters(faults=replace(MANY_FAULTS, retractions=1.0)))
    taken_back = 0
    for number in range(60):
        held = said(await entered(faulty, number, faults=True))
        retracted = {
            row.command.command_id.removesuffix(".retract")
            for row in person_rows(faulty, number, faults=True)
            if isinstance(row.command, RetractEvent)
        }
        assert not retracted & set(held)
        taken_back += len(retracted)
    assert taken_back > 100


async def test_of_two_records_of_one_person_about_half_are_merged_later() -> None:
    of = setting(parameters=Parameters(faults=replace(MANY_FAULTS, registered_twice=1.0)))
    found = [person_rows(of, number, faults=True) for number in range(100)]
    merged = [any(isinstance(row.command, MergePersons) for row in each) for each in found]
    assert 30 <= sum(merged) <= 70


def refusal(row: Row) -> str | None:
    """The code with which the doors refuse a row, whatever is recorded."""
    kinds = {kind for kinds in known_commands().values() for kind in kinds}
    try:
        command = decode_command(msgspec.json.Decoder(reduce(or_, kinds)), row.body)
        refuse_identity(command)
        refuse_impossible_days(command, registered_at(row.command))
    except Refused as error:
        return error.code
    return None


def test_a_bad_row_is_refused_with_the_code_that_it_is_meant_for() -> None:
    of = setting(parameters=Parameters(faults=MANY_FAULTS))
    bad = [row for row in rows(of, 10, faults=True) if row.refused is not None]
    assert {row.refused for row in bad} == {"INVALID_FIELD", "PII_IN_EVENT", "FUTURE_DATE"}
    for row in bad:
        assert refusal(row) == row.refused, row.body


def test_faults_are_as_frequent_as_they_should_be() -> None:
    every = rows(setting(), 400, faults=True)
    bad = sum(row.refused is not None for row in every)
    assert 0.011 < bad / len(every) < 0.019  # 1.5 %
    slips = [row.command for row in every if isinstance(row.command, CorrectEvent)]
    reports = [row.command for row in every if "ReportWageHours" in row.command.command_id]
    of_reports = [slip for slip in slips if "ReportWageHours" in slip.command_id]
    assert 0.03 < len(of_reports) / len(reports) < 0.05  # 4 %


async def test_the_events_of_a_population_are_the_same_bytes_at_every_run() -> None:
    def envelopes(books: Books) -> list[bytes]:
        return [encode(it.envelope) for records in books.records.values() for it in records]

    for number in range(20):
        books = await entered(setting(), number, faults=True)
        first = envelopes(books)
        assert {it.envelope.origin for its in books.records.values() for it in its} == {
            "simulation"
        }
        assert first == envelopes(await entered(setting(), number, faults=True))


async def test_a_job_gets_its_offer_of_aftercare_without_being_told() -> None:
    for number in range(40):
        true = journey(setting(), number)
        books = await entered(setting(), number, faults=False)
        plans = [about for about in books.records if about.startswith("aftercare.plan.")]
        in_time = any("StartEmployment" in name for name in said(books))
        assert len(plans) == int(in_time and true.aftercare is not None)


async def test_paid_hours_are_reported_for_every_month_that_they_last() -> None:
    for number in range(60):
        true = journey(setting(), number)
        books = await entered(setting(), number, faults=False)
        if true.practice is None or true.practice.wage_hours is None or true.job is not None:
            continue
        paid = true.practice.wage_hours
        reports = [it for it in said(books).values() if isinstance(it, WageHoursReported)]
        assert min(it.from_on for it in reports) == paid.from_on
        assert max(it.to_on for it in reports) == paid.last_on


def test_what_is_registered_beyond_the_limit_says_why() -> None:
    for row in rows(setting(), 60, faults=False):
        command = row.command
        days = [day for _, day in fact_days(command)]
        if days:
            late = (registered_at(command).date() - max(days)).days > DEFINITION.late_after_days
            assert (command.late_reason is not None) == late


async def due(day: date) -> list[ScheduledFact]:
    """The touchpoints of today's demo that wait for a contact."""
    of, found = today.setting_of(day), []
    for number in range(today.PEOPLE):
        books = await entered(of, number, faults=True)
        found += [
            fact
            for about in books.records
            if about.startswith("aftercare.plan.")
            for fact in caseload.fold_plan(about, books.effective(about))
            if isinstance(fact, ScheduledFact)
        ]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("day", [date(2026, 7, 31), date(2027, 2, 28)])
async def test_a_programme_of_today_has_contacts_due_this_week_and_overdue_ones(day: date) -> None:
    waiting = await due(day)
    assert [it for it in waiting if day <= it.due_on < day + timedelta(days=7)]
    assert [it for it in waiting if day - timedelta(days=14) < it.due_on < day]


def test_a_programme_of_today_grows_from_day_to_day() -> None:
    _, yesterdays = today.today_demo(date(2026, 11, 21))
    _, todays = today.today_demo(date(2026, 11, 22))
    assert set(yesterdays) < set(todays)


def test_a_programme_of_today_is_sound_and_the_same_all_day() -> None:
    day = date(2026, 11, 22)
    definition, sent = today.today_demo(day)
    again, sent_again = today.today_demo(day)
    assert programmes.problems(definition) == programmes.problems(again) == []
    assert list(sent) == list(sent_again)


def wish(**options: Any) -> Wish:
    nothing = dict.fromkeys(Wish.__struct_fields__)
    usual = {"programme": "p", "people": 60, "seed": 1, "faults": True, "direct": False}
    return Wish(**{**nothing, **usual, **options})


def test_without_months_people_come_over_the_whole_period() -> None:
    found = setting_of(wish(), DEFINITION, date(2026, 11, 22))
    assert (found.first_month, found.months) == (date(2021, 3, 1), 22)
    assert found.until == date(2023, 6, 30)  # the end, 2022-12, and its goal window of 6 months


def test_a_programme_that_still_runs_is_simulated_up_to_yesterday() -> None:
    found = setting_of(wish(), DEFINITION, date(2021, 7, 10))
    assert (found.months, found.until) == (5, date(2021, 7, 9))


def test_arrivals_a_month_say_for_how_many_months_people_come() -> None:
    assert setting_of(wish(arrivals=13.0), DEFINITION, date(2026, 11, 22)).months == 5


def test_a_programme_that_has_not_begun_cannot_be_simulated() -> None:
    with pytest.raises(NoMonths):
        setting_of(wish(), DEFINITION, date(2021, 2, 1))
