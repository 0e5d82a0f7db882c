"""The operator's command that looks whether the bus is as it should be: doctor."""

import os
from pathlib import Path

import click
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from shared.bus_login import BusLogin
from shared.clock import now
from shared.settings import bus_from
from sluse import embedded_login
from sluse.commands.terminal import SECRETS, carry_out, nats_option, say
from sluse.doctor import Finding, Logins, examine
from sluse.nats_configuration import passwords


@click.command()
@click.option(
    "--secrets",
    envvar=SECRETS,
    type=click.Path(path_type=Path),
    help="The directory of the users' passwords; without: those of the embedded sluse in --data.",
)
@click.option("--replicas", type=click.IntRange(1, 5), help="Default: the servers, at most three.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, not a table.")
@nats_option
@click.pass_context
def doctor(
    context: click.Context,
    /,
    secrets: Path | None,
    replicas: int | None,
    as_json: bool,
    nats: BusLogin,
) -> None:
    """Look at logins, servers, streams, clocks, disk, consumers. Exit status 1 if one is not well."""
    logins = logins_of(nats.url, secrets, context.params["data"] / "nats")

    async def work() -> int:
        findings = [finding async for finding in examine(logins, replicas, now)]
        if as_json:
            for finding in findings:
                say(finding)
        else:
            _show(findings)
        return 0 if all(finding.outcome == "ok" for finding in findings) else 1

    carry_out(work())


def logins_of(url: str, secrets: Path | None, embedded: Path) -> Logins:
    """Each user's login, by its password's file; TLS as the environment says."""
    directory = secrets or embedded / embedded_login.SECRETS

    def login(user: str) -> BusLogin | None:
        try:
            password = passwords.file_of(directory, user).read_text().strip()
        except OSError:
            return None
        return replace(bus_from(os.environ, url), user=user, password=password)

    return login


def _show(findings: list[Finding]) -> None:
    table = Table("check", "of", "", "found", "what to do")
    for it in findings:
        mark = "ok" if it.outcome == "ok" else "[bold red]WRONG[/]"
        table.add_row(it.check, it.subject, mark, it.detail, it.advice)
    Console().print(table)
