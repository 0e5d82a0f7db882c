"""The definition of Jobsporet and its demonstration history fit each other."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.intake.events.conformity import last_counted_day
from services.intake.events.definition import Definition, Term
from shared.clock import plus_duration
from shared.identifiers import looks_like_cpr
from shared.imprecise_date import first_day, last_day

PROGRAMMES = Path(__file__).parents[2] / "programmes"
JOBSPORET = msgspec.toml.decode(
    (PROGRAMMES / "jobsporet.toml").read_text(encoding="utf-8"), type=Definition
)
DEMO = [
    json.loads(line)
    for line in (PROGRAMMES / "demo/jobsporet.ndjson").read_text(encoding="utf-8").splitlines()
]

CODED = {
    "target_group": "target_groups",
    "benefit": "benefits",
    "referred_by": "referrers",
    "sector": "sectors",
    "reason": "reasons",
    "destination": "destinations",
}


def terms(list_name: str) -> tuple[Term, ...]:
    listed: tuple[Term, ...] = getattr(JOBSPORET.codes, list_name)
    return listed


def codes_used(command: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field, list_name in CODED.items():
        if field in command:
            yield list_name, command[field]
    for criterion in command.get("criteria", ()):
        yield "criteria", criterion["id"]


def days_of(command: dict[str, Any]) -> list[date]:
    return [
        date.fromisoformat(value)
        for field, value in command.items()
        if field.endswith("_on") and not field.startswith("planned")
    ]


def test_its_period_begins_before_the_first_referral_and_ends_after_the_last() -> None:
    referred = [date.fromisoformat(it["referred_on"]) for it in DEMO if "referred_on" in it]
    assert first_day(JOBSPORET.period.start) <= min(referred)
    assert max(referred) <= last_day(JOBSPORET.period.end)
    assert JOBSPORET.effective_from <= min(referred)


def test_its_durations_can_be_counted_with() -> None:
    end = last_day(JOBSPORET.period.end)
    assert last_counted_day(JOBSPORET) > end
    assert all(plus_duration(end, it.offset) > end for it in JOBSPORET.aftercare.touchpoints)


def test_its_goal_window_is_long_enough_for_the_last_retention() -> None:
    last_job = max(date.fromisoformat(it["start_on"]) for it in DEMO if "start_on" in it)
    longest = max(getattr(goal, "months", 0) for goal in JOBSPORET.goals)
    assert plus_duration(last_job, f"P{longest}M") <= last_counted_day(JOBSPORET)


def test_its_phases_lie_within_the_period_and_hold_the_whole_budget() -> None:
    for phase in JOBSPORET.phases:
        assert first_day(phase.period.start) >= first_day(JOBSPORET.period.start)
        assert last_day(phase.period.end) <= last_day(JOBSPORET.period.end)
    assert sum(phase.budget_ore or 0 for phase in JOBSPORET.phases) == 2_900_000 * 100


@pytest.mark.parametrize("list_name", JOBSPORET.codes.__struct_fields__)
def test_a_code_list_holds_throughout_and_names_each_code_once_in_two_languages(
    list_name: str,
) -> None:
    listed = terms(list_name)
    assert len({term.code for term in listed}) == len(listed) > 0
    for term in listed:
        assert term.name.da
        assert term.name.en
        assert term.valid_on(first_day(JOBSPORET.period.start))
        assert term.valid_on(last_counted_day(JOBSPORET))


def test_every_destination_says_what_it_counts_as() -> None:
    assert all(term.destination for term in JOBSPORET.codes.destinations)


def test_every_goal_has_its_own_id_and_a_title_in_two_languages() -> None:
    assert len({goal.id for goal in JOBSPORET.goals}) == len(JOBSPORET.goals) > 0
    assert all(goal.title.da and goal.title.en for goal in JOBSPORET.goals)


def test_what_no_source_says_is_marked_as_assumed() -> None:
    assert JOBSPORET.assumed
    assert any("27 April 2022" in text for text in JOBSPORET.assumed)


def test_every_code_of_the_history_is_in_its_list_and_valid_on_its_day() -> None:
    for command in DEMO:
        for list_name, code in codes_used(command):
            if code is None:  # no benefit
                continue
            term = next((term for term in terms(list_name) if term.code == code), None)
            assert term is not None, f"{command['command_id']}: {code!r} is not in {list_name}"
            assert all(term.valid_on(day) for day in days_of(command))


def test_every_follow_up_of_the_history_is_one_of_the_touchpoints() -> None:
    listed = {it.id: it.party for it in JOBSPORET.aftercare.touchpoints}
    held = [it for it in DEMO if it["type"] == "CompleteFollowUp" and "touchpoint" in it]
    assert all(listed[it["touchpoint"]] == it["party"] for it in held)
    assert {it["touchpoint"] for it in held} == set(listed)


def test_the_history_names_only_the_programme_and_its_sites() -> None:
    sites = {site.id for site in JOBSPORET.sites}
    assert {it["programme"] for it in DEMO if "programme" in it} == {JOBSPORET.key}
    assert {it["site"] for it in DEMO if "site" in it} <= sites


def test_the_history_is_told_in_the_order_in_which_it_was_registered() -> None:
    registered = [datetime.fromisoformat(it["registered_at"]) for it in DEMO]
    assert registered == sorted(registered)
    assert len({it["command_id"] for it in DEMO}) == len(DEMO)
    for command, at in zip(DEMO, registered, strict=True):
        assert all(day <= at.date() for day in days_of(command))


def test_some_of_the_history_is_registered_late_but_most_is_not() -> None:
    limit = timedelta(days=JOBSPORET.late_after_days)
    late = [
        it
        for it in DEMO
        if (days := days_of(it))
        and datetime.fromisoformat(it["registered_at"]).date() - max(days) > limit
    ]
    assert 0 < len(late) < len(DEMO) / 20


def test_nothing_in_the_history_looks_like_a_citizens_number() -> None:
    for command in DEMO:
        assert not any(looks_like_cpr(text) for text in command.values() if isinstance(text, str))
