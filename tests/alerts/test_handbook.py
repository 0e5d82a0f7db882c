"""The handbook for operations names only what there is: commands, their options, settings, alerts."""

import re

import click
import pytest

from shared.settings import Settings
from sluse.__main__ import main
from tests.alerts.prometheus import ROOT, alerts

HANDBOOK = (ROOT / "docs" / "operations.md").read_text()
OF_COMPOSE = {"SLUSE_SECRETS"}
SAID = r"(?:^|`)(?:sluse|docker compose run --rm operator) ([a-z-]+[^`#\n]*)"
CALLS = sorted({call.strip() for call in re.findall(SAID, HANDBOOK, re.MULTILINE)})


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words lead to, and what is left of them."""
    command: click.Command = main
    while words and isinstance(command, click.Group):
        found = command.commands.get(words[0])
        assert found is not None, f"sluse has no {' '.join(words)}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("call", CALLS)
def test_a_command_of_the_handbook_is_there(call: str) -> None:
    command, rest = command_of(call.split())
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= known


def test_there_are_commands_in_it() -> None:
    assert {"status", "verify"} <= set(CALLS)
    assert len(CALLS) > 12


def test_a_setting_of_the_handbook_is_there() -> None:
    named = set(re.findall(r"SLUSE_[A-Z_]+[A-Z]", HANDBOOK)) - OF_COMPOSE
    fields = {f"SLUSE_{name.upper()}" for name in Settings.__struct_fields__}
    assert named - fields == set()


def test_a_link_inside_it_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", HANDBOOK, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", it).lower().replace(" ", "-") for it in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", HANDBOOK)) <= anchors


def test_every_entry_of_an_alert_is_of_one() -> None:
    entries = set(re.findall(r"^### (Sluse\w+)$", HANDBOOK, re.MULTILINE))
    assert entries <= set(alerts())
    assert {name for name in alerts() if name not in HANDBOOK} == set()
