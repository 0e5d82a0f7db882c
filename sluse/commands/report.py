"""The operator's commands for reports: issue, verify, diff."""

from datetime import datetime

import click

from shared.bus import connected
from sluse import reports
from sluse.commands.terminal import PATIENCE_SECONDS, carry_out, nats_option, say
from sluse.sending import Sender


@click.group()
def report() -> None:
    """Reports: figures given out, with all they rest on."""


@report.command("issue")
@click.argument("programme")
@click.option("--on", "valid_on", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option(
    "--known", default=None, help="A moment like i512.p120.a12; without: what is known now."
)
@click.option("--id", "report_id", default=None, help="The report's id; without: a new one.")
@nats_option
def report_issue(
    programme: str, valid_on: datetime, known: str | None, report_id: str | None, nats: str
) -> None:
    """Give out a programme's figures of a day."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            reply = await reports.issue(Sender(bus), programme, valid_on.date(), known, report_id)
        say(reply)
        return 0 if reply.ok else 1

    carry_out(work())


@report.command("verify")
@click.argument("report_id", metavar="ID")
@nats_option
def report_verify(report_id: str, nats: str) -> None:
    """Compute a report again from the streams alone. Exit status 1 if it says something else."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            verified = await reports.verify(bus, report_id)
        say(verified)
        return 0 if verified.outcome == "equal" else 1

    carry_out(work())


@report.command("diff")
@click.argument("report_id", metavar="ID")
@nats_option
def report_diff(report_id: str, nats: str) -> None:
    """Say what is different today from what a report said, and which events did it."""

    async def work() -> int:
        async with connected(nats, "sluse-report", PATIENCE_SECONDS) as bus:
            say(await reports.difference(bus, report_id))
        return 0

    carry_out(work())
